"""What is remembered of a source between its syncs."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SyncState:
    """`cursor`: where the changes begin that the index does not have yet. `listed_at`: when a complete listing was
    taken last; `checked_at`: when the index was made equal to the source last. `held_deletions` wait for an approval.
    """

    cursor: str | None = None
    listed_at: datetime | None = None
    checked_at: datetime | None = None
    held_deletions: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync has to do besides its items. `complete`: what a listing does not hold is gone. `cursor`: where the
    next changes begin, when all of this is done. `renamed`: documents that go by another external id now.
    """

    complete: bool
    cursor: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """A document as it was taken up last: in which version, for which groups, and by which `mark` of the pipeline.

    An empty `version`: it failed, or the source did not give it, so it has to be looked at again. `groups` are those
    that documentation has for it. An empty `mark`: nothing of it was ever taken up. `reason`: why there was nothing to
    be found in it.
    """

    external_id: str
    version: str
    groups: frozenset[str] = frozenset()
    mark: str = ""
    reason: str = ""


class KnownRepositoryInterface(Protocol):
    @abstractmethod
    async def of(self, source_id: UUID) -> dict[str, Known]:
        """All of a source, by external id."""

    @abstractmethod
    async def named(self, source_id: UUID, external_ids: Sequence[str]) -> dict[str, Known]:
        """Those of these that are known."""

    @abstractmethod
    async def put(self, source_id: UUID, documents: Sequence[Known]) -> None: ...

    @abstractmethod
    async def rename(self, source_id: UUID, renamed: Mapping[str, str]) -> None:
        """From old external ids to new ones; those that are not there any more have been renamed before."""

    @abstractmethod
    async def forget_gone(self, source_id: UUID, job_id: UUID, *, complete: bool) -> None:
        """What the job knows to be gone, or its listing to be withdrawn; if that is `complete`, also what is not in it.

        What there is nothing in stays known, by its reason; what could not be fetched stays to be looked at again.
        """
