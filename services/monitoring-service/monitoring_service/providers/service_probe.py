"""`ServiceProbeInterface` over HTTP, and the queue that a service keeps itself."""

from collections.abc import Sequence
from typing import Any

import orjson

from flash_core.clients.http import Sibling
from flash_core.errors import UpstreamUnavailableError
from flash_core.schemas.monitoring import HealthDetail, QueueStatus
from monitoring_service.interfaces import QueueProbeInterface, ServiceProbeInterface

_PROBE_SECONDS = 4.0


class HttpServiceProbe(ServiceProbeInterface):
    def __init__(self, name: str, service: Sibling) -> None:
        self.name = name
        self._service = service

    async def health(self) -> HealthDetail:
        return await self._service.get(HealthDetail, "/health/detail", seconds=_PROBE_SECONDS, repeat=False)

    async def openapi(self) -> dict[str, Any]:
        content = await self._service.call("GET", "/internal/openapi.json", seconds=_PROBE_SECONDS)
        try:
            document: dict[str, Any] = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise UpstreamUnavailableError(f"{self.name} did not describe itself in JSON.") from error
        return document


class HttpJobProbe(QueueProbeInterface):
    """Indexing's jobs."""

    def __init__(self, indexing: Sibling) -> None:
        self._indexing = indexing

    async def queues(self) -> Sequence[QueueStatus]:
        return [await self._indexing.get(QueueStatus, "/internal/jobs/queue", seconds=_PROBE_SECONDS, repeat=False)]
