"""The intent service. Run: `flash serve ai-intent`."""

from ai_intent_service.api import intent
from ai_intent_service.composition import Container, compose
from flash_core.interfaces.worker import WorkerInterface
from flash_core.web.app import ServiceSpec


def workers(container: Container) -> tuple[WorkerInterface, ...]:
    return (container.exemplars,)


SPEC = ServiceSpec(name="ai-intent", compose=compose, routers=(intent.router,), workers=workers)
