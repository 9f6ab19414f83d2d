"""What the status of the fleet is made from."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

from flash_core.schemas.monitoring import HealthDetail, QueueStatus


class ServiceProbeInterface(Protocol):
    """One service of the fleet, asked now."""

    name: str

    @abstractmethod
    async def health(self) -> HealthDetail:
        """The service's own checks. Raise `UpstreamUnavailableError` when it does not answer in time."""

    @abstractmethod
    async def openapi(self) -> dict[str, Any]:
        """The service's OpenAPI document. Raise `UpstreamUnavailableError` when it does not answer in time."""


class QueueProbeInterface(Protocol):
    """The work queues. Raise `UpstreamUnavailableError` when they can't be asked."""

    @abstractmethod
    async def queues(self) -> Sequence[QueueStatus]: ...
