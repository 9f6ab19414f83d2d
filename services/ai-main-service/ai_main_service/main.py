"""The main AI service. Run: `flash serve ai-main`."""

from ai_main_service.composition import compose
from ai_main_service.consumers import workers
from flash_core.web.app import ServiceSpec

SPEC = ServiceSpec(name="ai-main", compose=compose, workers=workers)
