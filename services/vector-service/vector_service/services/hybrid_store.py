"""The vector store: words become sparse vectors, two searches become one ranking, whatever engine keeps the points."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Final
from uuid import UUID

from prometheus_client import Counter, Histogram

from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from flash_core.interfaces.embedding import Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import ChunkPoint, CollectionInfo, Payload, PointVersion, VectorHit, VectorQuery
from vector_service.interfaces import (
    Conditions,
    EnginePoint,
    Probe,
    Scored,
    SparseVector,
    VectorEngineInterface,
)
from vector_service.services.bm25 import document_vector, query_vectors
from vector_service.services.conditions import selected, visible
from vector_service.services.fusion import convex_combination, normalised

_VERSION: Final = re.compile(r"(.+)_v(\d+)")
_DENSE: Final = "dense"
_KEYWORD: Final = "keyword"
_NORMALISED: Final = "_normalised"
_CANDIDATES: Final = 100
"""Points that each half contributes to a hybrid search at least."""

SEARCH_SECONDS = Histogram(
    "flash_vector_search_seconds",
    "Time of a search in the vector store.",
    ["mode"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
POINTS_WRITTEN = Counter("flash_vector_points_written_total", "Points stored or replaced.")


class HybridVectorStore(VectorStoreInterface):
    def __init__(self, engine: VectorEngineInterface) -> None:
        self._engine = engine

    async def ensure(self, alias: str, *, dimension: int, model: str, chunker: str = "") -> CollectionInfo:
        try:
            return await self._engine.describe(alias)
        except NotFoundError:
            return await self._first_version(alias, dimension, model, chunker)

    async def info(self, name: str) -> CollectionInfo:
        return await self._engine.describe(name)

    async def versions(self, alias: str) -> list[CollectionInfo]:
        return [await self._engine.describe(version) for version in await self._beside(alias)]

    async def content_hashes(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        payloads = await self._engine.payloads(name, ids)
        return {point: str(payload["content_hash"]) for point, payload in payloads.items()}

    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Sequence[PointVersion], UUID | None]:
        points, after = await self._engine.page(name, first, limit)
        return [_version(one, payload) for one, payload in points.items()], after

    async def upsert(self, name: str, points: Sequence[ChunkPoint]) -> None:
        prepared = await asyncio.to_thread(lambda: [_prepared(point) for point in points])
        await self._engine.upsert(name, prepared)
        POINTS_WRITTEN.inc(len(points))

    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        with SEARCH_SECONDS.labels(query.mode).time():
            conditions = visible(query.filter)
            if conditions is None:
                return []
            halves = await self._halves(name, query, conditions)
            ranked, components = _ranked(halves, query)
            best = ranked[: query.limit]
            payloads = await self._engine.payloads(name, [one.id for one in best])
        return [_hit(one, payloads[one.id], components) for one in best if one.id in payloads]

    async def delete(
        self,
        name: str,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        except_content_hashes: Sequence[str] = (),
        fence: int | None = None,
    ) -> None:
        conditions = selected(document_ids, source_id, except_content_hashes=except_content_hashes, fence=fence)
        await self._everywhere(name, lambda version: self._engine.delete(version, conditions))

    async def set_payload(
        self,
        name: str,
        payload: Payload,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        fence: int | None = None,
    ) -> None:
        conditions = selected(document_ids, source_id, fence=fence)
        await self._everywhere(name, lambda version: self._engine.set_payload(version, payload, conditions))

    async def create_version(self, alias: str, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        if version == alias:
            raise ConflictError(f"{alias} is the alias; its versions need other names.")
        await self._engine.create(version, dimension=dimension, model=model, chunker=chunker)

    async def point_alias(self, alias: str, version: str) -> None:
        await self._engine.point_alias(alias, version)

    async def drop_version(self, version: str) -> None:
        found = await self._engine.describe(version)
        if found.alias:
            raise ConflictError(f"{found.alias} points to {found.version}.")
        await self._engine.drop(version)

    async def _everywhere(self, name: str, change: Callable[[str], Awaitable[None]]) -> None:
        """In all versions of an alias, else in the one collection that has the name."""
        beside = await self._beside(name)
        for version in beside:
            with suppress(NotFoundError):  # it may be dropped meanwhile
                await change(version)
        if not beside:
            await change(name)

    async def _beside(self, alias: str) -> list[str]:
        found = [(name, _VERSION.fullmatch(name)) for name in await self._engine.names()]
        numbered = sorted((int(match[2]), name) for name, match in found if match and match[1] == alias)
        return [name for _, name in numbered]

    async def _first_version(self, alias: str, dimension: int, model: str, chunker: str) -> CollectionInfo:
        version = f"{alias}_v1"
        with suppress(ConflictError):  # somebody else is at it, or was stopped halfway
            await self._engine.create(version, dimension=dimension, model=model, chunker=chunker)
        await self._engine.point_alias(alias, version)
        return await self._engine.describe(alias)

    async def _halves(self, name: str, query: VectorQuery, conditions: Conditions) -> Mapping[str, Sequence[Scored]]:
        limit = query.limit if query.mode != "hybrid" else max(query.limit, _CANDIDATES)
        asked = _probed(query)
        probes = [Probe(vector, limit) for vectors in asked.values() for vector in vectors]
        found = iter(await self._engine.nearest(name, probes, conditions) if probes else [])
        return {half: _best_of([next(found) for _ in vectors]) for half, vectors in asked.items()}


def _version(point: UUID, payload: Payload) -> PointVersion:
    return PointVersion(point, UUID(str(payload["document_id"])), str(payload["content_hash"]))


def _prepared(point: ChunkPoint) -> EnginePoint:
    return EnginePoint(point.id, point.vector, document_vector(point.keywords, point.language), point.payload)


def _probed(query: VectorQuery) -> Mapping[str, Sequence[Vectors | SparseVector]]:
    """What each half is searched for."""
    probed: dict[str, Sequence[Vectors | SparseVector]] = {}
    if query.mode != _KEYWORD:
        if query.vector is None:
            raise InvalidInputError(f"A {query.mode} search needs a vector.")
        probed[_DENSE] = [query.vector, *query.variants]
    if query.mode != _DENSE:
        if query.text is None:
            raise InvalidInputError(f"A {query.mode} search needs a text.")
        probed[_KEYWORD] = query_vectors(query.text, query.language, query.alternatives, query.also_languages)
    return probed


def _best_of(found: Sequence[Sequence[Scored]]) -> Sequence[Scored]:
    """Each point with the best score that one of the probes gave it, best first."""
    if len(found) == 1:
        return found[0]
    best: dict[UUID, float] = {}
    for one in chain.from_iterable(found):
        best[one.id] = max(one.score, best.get(one.id, one.score))
    return sorted((Scored(*scored) for scored in best.items()), key=lambda one: (-one.score, one.id))


def _ranked(
    halves: Mapping[str, Sequence[Scored]], query: VectorQuery
) -> tuple[Sequence[Scored], Mapping[str, Mapping[UUID, float]]]:
    """The points, best first, and their scores by component."""
    components = {half: {one.id: one.score for one in found} for half, found in halves.items()}
    if query.mode != "hybrid":
        return halves[query.mode], components
    dense, keyword = normalised(components[_DENSE], components[_KEYWORD])
    ranked = convex_combination(dense, keyword, query.dense_weight)
    return ranked, components | {_DENSE + _NORMALISED: dense, _KEYWORD + _NORMALISED: keyword}


def _hit(one: Scored, payload: Payload, components: Mapping[str, Mapping[UUID, float]]) -> VectorHit:
    scores = {half: found[one.id] for half, found in components.items() if one.id in found}
    return VectorHit(one.id, one.score, payload, scores)
