"""The documentation service. Run: `flash serve documentation`."""

from documentation_service.api import aliases, documents, registry, search, stored, visible
from documentation_service.composition import Container, compose
from flash_core.interfaces.worker import WorkerInterface
from flash_core.web.app import ServiceSpec
from flash_core.web.middleware import MIB


def workers(container: Container) -> tuple[WorkerInterface, ...]:
    return (container.chores, container.calibration)


SPEC = ServiceSpec(
    name="documentation",
    compose=compose,
    routers=(search.router, documents.router, aliases.router, visible.router, registry.router, stored.router),
    workers=workers,
    body_limits={"/internal/documents/*": 128 * MIB},
)
