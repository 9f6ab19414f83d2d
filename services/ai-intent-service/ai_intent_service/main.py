"""The intent service. Run: `flash serve ai-intent`."""

from ai_intent_service.api import intent
from ai_intent_service.composition import compose
from flash_core.web.app import ServiceSpec

SPEC = ServiceSpec(name="ai-intent", compose=compose, routers=(intent.router,))
