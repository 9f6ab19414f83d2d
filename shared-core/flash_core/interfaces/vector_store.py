"""Dense and sparse vectors with payloads, in versioned collections behind an alias."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from flash_core.models.vector import ChunkPoint, CollectionInfo, Payload, PointVersion, VectorHit, VectorQuery


class VectorStoreInterface(Protocol):
    """Every method takes the alias (`chunks`) or a version's own name (`chunks_v2`).

    What is deleted or described anew under the alias is so in every version that stands beside it, so that a version
    which is being filled, or kept to go back to, knows as much of permissions as the one that is searched.

    With a `fence`, nothing that was written under a later one is touched: a worker that lost its turn without knowing
    can't harm what came after it.

    What a write acknowledged survives a kill of the process. Raises `NotFoundError` for an unknown collection,
    `InvalidInputError` for a vector of another dimension, `UpstreamUnavailableError` when the engine is away.
    """

    @abstractmethod
    async def ensure(self, alias: str, *, dimension: int, model: str, chunker: str = "") -> CollectionInfo:
        """The collection behind the alias, of whatever model it is; made, of this one, if there is none."""

    @abstractmethod
    async def info(self, name: str) -> CollectionInfo: ...

    @abstractmethod
    async def versions(self, alias: str) -> list[CollectionInfo]:
        """All that stand beside each other under this alias, named `<alias>_v<number>`; the oldest number first."""

    @abstractmethod
    async def content_hashes(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Which version of its document each of these points is of; those that are not there are left out."""

    @abstractmethod
    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Sequence[PointVersion], UUID | None]:
        """Points in the order of their ids, from `first` on, and where the next page begins; None behind the last."""

    @abstractmethod
    async def upsert(self, name: str, points: Sequence[ChunkPoint]) -> None: ...

    @abstractmethod
    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        """Best first. Only points that the query's filter lets through are ever looked at."""

    @abstractmethod
    async def delete(
        self,
        name: str,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        except_content_hashes: Sequence[str] = (),
        fence: int | None = None,
    ) -> None:
        """Remove the points of these documents (or of a whole source), save those of `except_content_hashes`."""

    @abstractmethod
    async def set_payload(
        self,
        name: str,
        payload: Payload,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        fence: int | None = None,
    ) -> None:
        """Merge `payload` into these points, without touching vectors."""

    @abstractmethod
    async def create_version(self, alias: str, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        """A new, empty collection beside the one that the alias points to."""

    @abstractmethod
    async def point_alias(self, alias: str, version: str) -> None:
        """Make `version` the one that the alias means, atomically."""

    @abstractmethod
    async def drop_version(self, version: str) -> None:
        """`ConflictError` while an alias points to it."""
