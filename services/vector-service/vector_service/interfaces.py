"""What the vector service needs from an engine that keeps vectors."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from flash_core.interfaces.embedding import Vectors
from flash_core.models.vector import CollectionInfo, Payload


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Weights by term; `indices` (uint32) ascend."""

    indices: tuple[int, ...]
    values: tuple[float, ...]

    def __bool__(self) -> bool:
        return bool(self.indices)


@dataclass(frozen=True, slots=True)
class EnginePoint:
    id: UUID
    dense: Vectors
    sparse: SparseVector
    payload: Payload


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The payload's field (a string or a list of strings) holds one of `values`, of which there is at least one."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The payload's field holds none of `values`."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Above:
    """The payload's field is a number greater than `bound`."""

    field: str
    bound: float


@dataclass(frozen=True, slots=True)
class NotAbove:
    """The payload's field is not a number greater than `bound`; also where there is no such field."""

    field: str
    bound: float


Condition = AnyOf | NoneOf | Above | NotAbove
Conditions = Sequence[Condition]
"""All of them hold; none at all holds for every point."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A search in one half of the collection: the dense one by cosine, the sparse one by BM25."""

    vector: Vectors | SparseVector
    limit: int


@dataclass(frozen=True, slots=True)
class Scored:
    id: UUID
    score: float


class VectorEngineInterface(Protocol):
    """Collections of points, found by their own name or by the alias that points to them.

    What a write acknowledged survives a kill of the process. Raises `NotFoundError` for an unknown collection,
    `InvalidInputError` for a vector of another dimension, `UpstreamUnavailableError` when the engine is away.
    """

    @abstractmethod
    async def describe(self, name: str) -> CollectionInfo:
        """`alias` is empty when none points to it."""

    @abstractmethod
    async def names(self) -> Sequence[str]:
        """Of all collections, without the aliases."""

    @abstractmethod
    async def create(self, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        """`ConflictError` when a collection or an alias has this name."""

    @abstractmethod
    async def drop(self, version: str) -> None: ...

    @abstractmethod
    async def point_alias(self, alias: str, version: str) -> None:
        """Atomic: whoever searches sees the old collection or the new one."""

    @abstractmethod
    async def upsert(self, name: str, points: Sequence[EnginePoint]) -> None: ...

    @abstractmethod
    async def delete(self, name: str, conditions: Conditions) -> None: ...

    @abstractmethod
    async def set_payload(self, name: str, payload: Payload, conditions: Conditions) -> None:
        """Replaces the fields that `payload` names and leaves the others."""

    @abstractmethod
    async def nearest(self, name: str, probes: Sequence[Probe], conditions: Conditions) -> list[list[Scored]]:
        """For each probe the best points among those for which the conditions hold, best first.

        A sparse probe finds only points that share a term with it.
        """

    @abstractmethod
    async def payloads(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, Payload]:
        """Of those that exist."""

    @abstractmethod
    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Mapping[UUID, Payload], UUID | None]:
        """Points in the order of their ids, from `first` on, and where the next ones begin; None behind the last."""

    @abstractmethod
    async def check(self) -> None:
        """Raise if the engine can't be used."""
