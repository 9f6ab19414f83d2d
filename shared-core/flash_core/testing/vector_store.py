"""A vector store in memory, for tests: the promises of the real one, without its speed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np

from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.document import EVERYONE
from flash_core.models.vector import (
    Alternative,
    ChunkPoint,
    CollectionInfo,
    Payload,
    PointVersion,
    VectorFilter,
    VectorHit,
    VectorQuery,
)
from flash_core.utils.words import STEMMERS, content_stems

_CODES = {name: code for code, name in STEMMERS.items()}


@dataclass
class _Collection:
    model: str
    dimension: int
    chunker: str = ""
    points: dict[UUID, ChunkPoint] = field(default_factory=dict)


class FakeVectorStore(VectorStoreInterface):
    """Dense scores are cosines, keyword scores the share of the question's words that a point holds, each in the best
    of the ways to ask; a hybrid score is their weighted sum. `error`, when set, is raised by every call.
    """

    def __init__(self) -> None:
        self.collections: dict[str, _Collection] = {}
        self.aliases: dict[str, str] = {}
        self.error: Exception | None = None

    def points(self, name: str = "chunks") -> list[ChunkPoint]:
        return list(self._of(name).points.values())

    async def ensure(self, alias: str, *, dimension: int, model: str, chunker: str = "") -> CollectionInfo:
        self._check()
        if alias not in self.aliases:
            self.collections[f"{alias}_v1"] = _Collection(model, dimension, chunker)
            self.aliases[alias] = f"{alias}_v1"
        return await self.info(alias)

    async def info(self, name: str) -> CollectionInfo:
        found = self._of(name)
        version = self.aliases.get(name, name)
        alias = next((alias for alias, target in self.aliases.items() if target == version), "")
        return CollectionInfo(alias, version, found.model, found.dimension, len(found.points), found.chunker)

    async def versions(self, alias: str) -> list[CollectionInfo]:
        self._check()
        names = sorted(self._beside(alias), key=lambda name: int(name.rpartition("_v")[2]))
        return [await self.info(name) for name in names]

    async def content_hashes(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        points = self._of(name).points
        return {one: str(points[one].payload["content_hash"]) for one in ids if one in points}

    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Sequence[PointVersion], UUID | None]:
        found = sorted(self._of(name).points.items())
        behind = [(one, point.payload) for one, point in found if first is None or one >= first]
        versions = [
            PointVersion(one, UUID(str(about["document_id"])), str(about["content_hash"])) for one, about in behind
        ]
        return versions[:limit], behind[limit][0] if len(behind) > limit else None

    async def upsert(self, name: str, points: Sequence[ChunkPoint]) -> None:
        found = self._of(name)
        if any(point.vector.shape != (found.dimension,) for point in points):
            raise InvalidInputError("A vector has another dimension than its collection.")
        found.points |= {point.id: point for point in points}

    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        visible = [point for point in self._of(name).points.values() if _visible(point.payload, query.filter)]
        hits = [hit for point in visible if (hit := _hit(point, query)) is not None]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: query.limit]

    async def delete(
        self,
        name: str,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        except_content_hashes: Sequence[str] = (),
        fence: int | None = None,
    ) -> None:
        for version in self._beside(name) or [name]:
            for point in self._chosen(version, document_ids, source_id, fence):
                if point.payload["content_hash"] not in except_content_hashes:
                    del self._of(version).points[point.id]

    async def set_payload(
        self,
        name: str,
        payload: Payload,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        fence: int | None = None,
    ) -> None:
        for version in self._beside(name) or [name]:
            for point in self._chosen(version, document_ids, source_id, fence):
                self._of(version).points[point.id] = replace(point, payload={**point.payload, **payload})

    async def create_version(self, alias: str, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        self._check()
        if version in {alias, *self.collections}:
            raise ConflictError(f"{version} is there already.")
        self.collections[version] = _Collection(model, dimension, chunker)

    async def point_alias(self, alias: str, version: str) -> None:
        self._of(version)
        self.aliases[alias] = version

    async def drop_version(self, version: str) -> None:
        self._of(version)
        if version in self.aliases.values():
            raise ConflictError(f"An alias points to {version}.")
        del self.collections[version]

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def _beside(self, alias: str) -> list[str]:
        return [name for name in self.collections if re.fullmatch(rf"{alias}_v\d+", name)]

    def _of(self, name: str) -> _Collection:
        self._check()
        try:
            return self.collections[self.aliases.get(name, name)]
        except KeyError:
            raise NotFoundError(f"There is no collection {name}.") from None

    def _chosen(
        self, name: str, document_ids: Sequence[UUID], source_id: UUID | None, fence: int | None
    ) -> list[ChunkPoint]:
        wanted = set(map(str, document_ids))
        if not wanted and source_id is None:
            raise InvalidInputError("Name documents or a source.")
        return [
            point
            for point in self._of(name).points.values()
            if (not wanted or point.payload["document_id"] in wanted)
            and (source_id is None or point.payload["source_id"] == str(source_id))
            and (fence is None or int(str(point.payload.get("fence", 0))) <= fence)
        ]


def _visible(payload: Payload, wanted: VectorFilter) -> bool:
    groups = wanted.groups | {EVERYONE}
    return (
        not groups.isdisjoint(_strings(payload, "source_groups"))
        and not groups.isdisjoint(_strings(payload, "document_groups"))
        and (wanted.source_ids is None or payload["source_id"] in set(map(str, wanted.source_ids)))
        and (wanted.document_ids is None or payload["document_id"] in set(map(str, wanted.document_ids)))
        and (wanted.updated_after is None or float(str(payload["updated_at"])) > wanted.updated_after)
    )


def _strings(payload: Payload, name: str) -> list[str]:
    values = payload[name]
    return [str(value) for value in values] if isinstance(values, list) else []


def _hit(point: ChunkPoint, query: VectorQuery) -> VectorHit | None:
    scores: dict[str, float] = {}
    if query.mode != "keyword" and query.vector is not None:
        scores["dense"] = max(float(np.dot(point.vector, one)) for one in (query.vector, *query.variants))
    if query.mode != "dense" and query.text is not None:
        ways = _phrasings(query.text, query.alternatives)
        share = max(
            _shared(way, point.keywords, one) for way in ways for one in (query.language, *query.also_languages)
        )
        if share:
            scores["keyword"] = share
    score = _combined(scores, query)
    if query.mode == "hybrid":
        scores |= {f"{half}_normalised": value for half, value in scores.items()}
    return VectorHit(point.id, score, point.payload, scores) if scores else None


def _phrasings(text: str, alternatives: Sequence[Alternative]) -> list[str]:
    if not alternatives:
        return [text]
    *others, last = alternatives  # from the end: the places before it stay where they are
    said = [text[last.start : last.end], *last.synonyms]
    return [one for way in said for one in _phrasings(text[: last.start] + way + text[last.end :], others)]


def _shared(text: str, keywords: str, language: str) -> float:
    asked, held = (set(content_stems(one, _CODES.get(language, language))) for one in (text, keywords))
    return len(asked & held) / len(asked) if asked else 0.0


def _combined(scores: Mapping[str, float], query: VectorQuery) -> float:
    weights = {"dense": query.dense_weight, "keyword": 1 - query.dense_weight}
    return sum(score * (weights[half] if query.mode == "hybrid" else 1) for half, score in scores.items())
