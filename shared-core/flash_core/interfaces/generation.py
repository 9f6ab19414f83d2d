"""The life of a generation, as the service that writes answers sees it. Chat owns the state."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from flash_core.schemas.chat import ClaimResponse, FinishRequest, ReleaseRequest


class GenerationLeaseInterface(Protocol):
    """A leased piece of work under a fencing token (`attempt`).

    Every method raises `FencedError` when the work is done or somebody else's, `NotFoundError` when it is gone, and
    `UpstreamUnavailableError` when chat can't be reached.
    """

    @abstractmethod
    async def claim(self, generation_id: UUID, worker: str) -> ClaimResponse: ...

    @abstractmethod
    async def heartbeat(self, generation_id: UUID, attempt: int) -> bool:
        """Renew the lease; true when the asker has cancelled."""

    @abstractmethod
    async def finish(self, generation_id: UUID, outcome: FinishRequest) -> None:
        """Store the outcome; the same one twice is stored once."""

    @abstractmethod
    async def release(self, generation_id: UUID, left: ReleaseRequest) -> None:
        """Give the work back, to be begun again by another attempt; what this one has used is kept."""
