"""An engine in memory, and the points that tests fill engines with."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import numpy as np

from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from flash_core.interfaces.embedding import Vectors
from flash_core.models.document import EVERYONE
from flash_core.models.vector import ChunkPoint, CollectionInfo, Payload
from vector_service.interfaces import (
    AnyOf,
    Condition,
    Conditions,
    EnginePoint,
    NoneOf,
    NotAbove,
    Probe,
    Scored,
    SparseVector,
    VectorEngineInterface,
)

NAMES = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
DIMENSION = 4


def named(name: str) -> UUID:
    """The same id for the same name in every test."""
    return uuid5(NAMES, name)


def direction(*numbers: float) -> Vectors:
    vector = np.array(numbers, np.float32)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def chunk(
    text: str,
    vector: Vectors | None = None,
    *,
    document: str = "handbook",
    source: str = "wiki",
    source_groups: Sequence[str] = (EVERYONE,),
    document_groups: Sequence[str] = (EVERYONE,),
    content_hash: str = "v1",
    updated_at: float = 1_000.0,
    fence: int | None = None,
) -> ChunkPoint:
    """A point whose id is that of its text."""
    payload: Payload = {
        "document_id": str(named(document)),
        "source_id": str(named(source)),
        "source_groups": list(source_groups),
        "document_groups": list(document_groups),
        "content_hash": content_hash,
        "updated_at": updated_at,
        "text": text,
    } | ({} if fence is None else {"fence": fence})
    return ChunkPoint(named(text), direction(1, 0, 0, 0) if vector is None else vector, text, payload)


@dataclass
class _Collection:
    model: str
    dimension: int
    chunker: str = ""
    points: dict[UUID, EnginePoint] = field(default_factory=dict)


class FakeVectorEngine(VectorEngineInterface):
    """`error`, when set, is raised by every call. `probed` records the limits of the searches."""

    def __init__(self) -> None:
        self.collections: dict[str, _Collection] = {}
        self.aliases: dict[str, str] = {}
        self.error: Exception | None = None
        self.probed: list[list[int]] = []

    async def describe(self, name: str) -> CollectionInfo:
        found = self._of(name)
        version = self.aliases.get(name, name)
        alias = next((alias for alias, target in self.aliases.items() if target == version), "")
        return CollectionInfo(alias, version, found.model, found.dimension, len(found.points), found.chunker)

    async def names(self) -> Sequence[str]:
        await self.check()
        return list(self.collections)

    async def create(self, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        await self.check()
        if version in self.collections or version in self.aliases:
            raise ConflictError(version)
        self.collections[version] = _Collection(model, dimension, chunker)

    async def drop(self, version: str) -> None:
        if version not in self.collections:
            raise NotFoundError(version)
        del self.collections[version]

    async def point_alias(self, alias: str, version: str) -> None:
        if version not in self.collections:
            raise NotFoundError(version)
        self.aliases[alias] = version

    async def upsert(self, name: str, points: Sequence[EnginePoint]) -> None:
        found = self._of(name)
        for point in points:
            _check_dimension(point.dense, found)
        found.points |= {point.id: point for point in points}

    async def delete(self, name: str, conditions: Conditions) -> None:
        points = self._of(name).points
        for point in [point for point in points.values() if _holds(point.payload, conditions)]:
            del points[point.id]

    async def set_payload(self, name: str, payload: Payload, conditions: Conditions) -> None:
        points = self._of(name).points
        for point in [point for point in points.values() if _holds(point.payload, conditions)]:
            points[point.id] = EnginePoint(point.id, point.dense, point.sparse, {**point.payload, **payload})

    async def nearest(self, name: str, probes: Sequence[Probe], conditions: Conditions) -> list[list[Scored]]:
        found = self._of(name)
        self.probed.append([probe.limit for probe in probes])
        return [self._nearest(found, probe, conditions) for probe in probes]

    async def payloads(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, Payload]:
        points = self._of(name).points
        return {one: points[one].payload for one in ids if one in points}

    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Mapping[UUID, Payload], UUID | None]:
        points = sorted(self._of(name).points.items())
        behind = [(one, point.payload) for one, point in points if first is None or one >= first]
        return dict(behind[:limit]), behind[limit][0] if len(behind) > limit else None

    async def check(self) -> None:
        if self.error is not None:
            raise self.error

    def _nearest(self, found: _Collection, probe: Probe, conditions: Conditions) -> list[Scored]:
        points = [point for point in found.points.values() if _holds(point.payload, conditions)]
        if isinstance(probe.vector, SparseVector):
            scores = [(point.id, _bm25(found, point, probe.vector)) for point in points]
            scores = [(one, score) for one, score in scores if score > 0]
        else:
            _check_dimension(probe.vector, found)
            scores = [(point.id, float(np.dot(point.dense, probe.vector))) for point in points]
        best = sorted(scores, key=lambda pair: (-pair[1], pair[0]))[: probe.limit]
        return [Scored(one, score) for one, score in best]

    def _of(self, name: str) -> _Collection:
        if self.error is not None:
            raise self.error
        try:
            return self.collections[self.aliases.get(name, name)]
        except KeyError:
            raise NotFoundError(name) from None


def _bm25(found: _Collection, point: EnginePoint, question: SparseVector) -> float:
    weights = dict(zip(point.sparse.indices, point.sparse.values, strict=True))
    return sum(weights.get(term, 0.0) * weight * _idf(found, term) for term, weight in _pairs(question))


def _pairs(vector: SparseVector) -> Sequence[tuple[int, float]]:
    return list(zip(vector.indices, vector.values, strict=True))


def _idf(found: _Collection, term: int) -> float:
    holding = sum(term in point.sparse.indices for point in found.points.values())
    return math.log((len(found.points) - holding + 0.5) / (holding + 0.5) + 1)


def _check_dimension(vector: Vectors, found: _Collection) -> None:
    if vector.shape != (found.dimension,):
        raise InvalidInputError("dimension")


def _holds(payload: Payload, conditions: Conditions) -> bool:
    return all(_one_holds(payload, condition) for condition in conditions)


def _one_holds(payload: Payload, condition: Condition) -> bool:
    value = payload.get(condition.field)
    if isinstance(condition, AnyOf | NoneOf):
        held = {str(one) for one in value} if isinstance(value, list) else {str(value)}
        return held.isdisjoint(condition.values) == isinstance(condition, NoneOf)
    is_above = isinstance(value, int | float) and value > condition.bound
    return is_above != isinstance(condition, NotAbove)
