"""What building the index anew needs to be remembered of it."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from flash_core.interfaces.persistence import TransactionInterface
from flash_core.schemas.indexing import JobState
from indexing_service.interfaces import SourceRepositoryInterface


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The way from the collection `replaced` to the collection `version`, whose vectors are made by `model` and
    `chunker`.

    It walks over all documents until a walk finds nothing that is missing (`fresh` of the `documents` that it has
    looked at were embedded; `after` is where it stands), then points the alias (`swapped`), and walks once more.
    `embedded` counts documents over all walks, `attempt` the workers that held it: the fencing token.
    """

    id: UUID
    version: str
    model: str
    chunker: str
    dimension: int
    replaced: str
    created_at: datetime
    state: JobState = JobState.QUEUED
    swapped: bool = False
    walk: int = 0
    after: UUID | None = None
    documents: int = 0
    fresh: int = 0
    embedded: int = 0
    attempt: int = 0
    problem: str | None = None
    heartbeat_at: datetime | None = None
    finished_at: datetime | None = None


class RebuildRepositoryInterface(Protocol):
    """Methods that take a claimed `rebuild` raise `FencedError` when another worker has it now, or it has ended."""

    @abstractmethod
    async def add(self, rebuild: Rebuild) -> None:
        """`ConflictError` while another one has not ended."""

    @abstractmethod
    async def active(self) -> Rebuild | None:
        """The one that has not ended."""

    @abstractmethod
    async def newest(self, state: JobState | None = None) -> Rebuild | None:
        """The one that was begun last, of those in this state."""

    @abstractmethod
    async def claim(self, lease_seconds: float) -> Rebuild | None:
        """The one that waits, or whose worker fell silent, with its next attempt."""

    @abstractmethod
    async def save(self, rebuild: Rebuild, lease_seconds: float) -> None:
        """How far it is, and keep it. Until the transaction ends it can be taken from nobody."""

    @abstractmethod
    async def release(self, rebuild: Rebuild, *, after_seconds: float = 0, problem: str | None = None) -> None:
        """Give it back, to be claimed again after a while."""

    @abstractmethod
    async def finish(self, rebuild: Rebuild, state: JobState, problem: str | None) -> None: ...

    @abstractmethod
    async def cancel(self) -> Rebuild | None:
        """End the one that has not ended; None when there is none, or when it has moved the alias already."""


class RebuildTransactionInterface(TransactionInterface, Protocol):
    rebuilds: RebuildRepositoryInterface
    sources: SourceRepositoryInterface


RebuildTransactionFactory = Callable[[], RebuildTransactionInterface]
