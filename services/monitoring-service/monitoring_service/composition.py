"""Which implementation stands behind each interface. Nothing else may decide that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from flash_core.composition import ServiceContainer, open_platform
from flash_core.utils.clock import SystemClock
from monitoring_service.config import Settings
from monitoring_service.providers.queue_probe import RedisQueueProbe
from monitoring_service.providers.service_probe import HttpJobProbe, HttpServiceProbe
from monitoring_service.services.api_document import ApiDocument
from monitoring_service.services.fleet_status import FleetStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    fleet_status: FleetStatus
    api_document: ApiDocument


@asynccontextmanager
async def compose(settings: Settings | None = None) -> AsyncIterator[Container]:
    settings = settings or Settings()
    clock = SystemClock()
    async with open_platform(settings, "monitoring") as platform:
        probes = [HttpServiceProbe(name, platform.http.sibling(url)) for name, url in settings.services().items()]
        yield Container(
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=platform.health,
            fleet_status=FleetStatus(
                probes,
                RedisQueueProbe(platform.redis, clock),
                HttpJobProbe(platform.http.sibling(settings.indexing_url)),
                clock,
                version("flash-core"),
            ),
            api_document=ApiDocument(probes, version("flash-core")),
        )
