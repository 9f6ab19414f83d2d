"""The vector service, as a store."""

import base64
from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import BaseModel

from flash_core.clients.http import Sibling
from flash_core.interfaces.embedding import Vectors
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import ChunkPoint, CollectionInfo, Payload, PointVersion, VectorHit, VectorQuery
from flash_core.schemas.vector import (
    AlternativeBody,
    CollectionResponse,
    ContentHashesRequest,
    ContentHashesResponse,
    CreateVersionRequest,
    DeletePointsRequest,
    EnsureCollectionRequest,
    FilterBody,
    PointAliasRequest,
    PointBody,
    PointsPageRequest,
    PointsPageResponse,
    SetPayloadRequest,
    UpsertRequest,
    VectorSearchRequest,
    VectorSearchResponse,
    VersionsResponse,
)

_WRITE_SECONDS = 60.0
_POINTS_A_CALL = 500


class VectorStoreClient(VectorStoreInterface):
    """Making and dropping a version is not repeated: the second time it would be a conflict, or gone."""

    def __init__(self, vector: Sibling) -> None:
        self._vector = vector

    async def ensure(self, alias: str, *, dimension: int, model: str, chunker: str = "") -> CollectionInfo:
        body = EnsureCollectionRequest(dimension=dimension, model=model, chunker=chunker)
        answer = await self._vector.call("PUT", _path(alias), body=body, seconds=_WRITE_SECONDS)
        return _info(CollectionResponse.model_validate_json(answer))

    async def info(self, name: str) -> CollectionInfo:
        return _info(await self._vector.get(CollectionResponse, _path(name)))

    async def versions(self, alias: str) -> list[CollectionInfo]:
        answer = await self._vector.get(VersionsResponse, f"{_path(alias)}/versions")
        return [_info(one) for one in answer.versions]

    async def content_hashes(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        found: dict[UUID, str] = {}
        for start in range(0, len(ids), _POINTS_A_CALL):
            body = ContentHashesRequest(ids=list(ids[start : start + _POINTS_A_CALL]))
            answer = await self._vector.post(ContentHashesResponse, f"{_path(name)}/content-hashes", body)
            found |= answer.content_hashes
        return found

    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Sequence[PointVersion], UUID | None]:
        body = PointsPageRequest(first=first, limit=limit)
        answer = await self._vector.post(PointsPageResponse, f"{_path(name)}/page", body, seconds=_WRITE_SECONDS)
        return [PointVersion(one.id, one.document_id, one.content_hash) for one in answer.points], answer.next

    async def upsert(self, name: str, points: Sequence[ChunkPoint]) -> None:
        for start in range(0, len(points), _POINTS_A_CALL):
            body = UpsertRequest(points=[_body(point) for point in points[start : start + _POINTS_A_CALL]])
            await self._write(name, "points", body)

    async def search(self, name: str, query: VectorQuery) -> list[VectorHit]:
        request = VectorSearchRequest(
            filter=FilterBody(
                groups=sorted(query.filter.groups),
                source_ids=None if query.filter.source_ids is None else list(query.filter.source_ids),
                document_ids=None if query.filter.document_ids is None else list(query.filter.document_ids),
                updated_after=query.filter.updated_after,
            ),
            mode=query.mode,
            vector=None if query.vector is None else _base64(query.vector),
            text=query.text,
            limit=query.limit,
            dense_weight=query.dense_weight,
            language=query.language,
            also_languages=list(query.also_languages),
            variants=[_base64(variant) for variant in query.variants],
            alternatives=[
                AlternativeBody(start=one.start, end=one.end, synonyms=list(one.synonyms)) for one in query.alternatives
            ],
        )
        answer = await self._vector.post(VectorSearchResponse, f"{_path(name)}/search", request)
        return [VectorHit(hit.id, hit.score, hit.payload, hit.scores) for hit in answer.hits]

    async def delete(
        self,
        name: str,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        except_content_hashes: Sequence[str] = (),
        fence: int | None = None,
    ) -> None:
        body = DeletePointsRequest(
            document_ids=list(document_ids),
            source_id=source_id,
            except_content_hashes=list(except_content_hashes),
            fence=fence,
        )
        await self._write(name, "delete", body)

    async def set_payload(
        self,
        name: str,
        payload: Payload,
        *,
        document_ids: Sequence[UUID] = (),
        source_id: UUID | None = None,
        fence: int | None = None,
    ) -> None:
        body = SetPayloadRequest(
            payload=dict(payload), document_ids=list(document_ids), source_id=source_id, fence=fence
        )
        await self._write(name, "payload", body)

    async def create_version(self, alias: str, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        body = CreateVersionRequest(version=version, dimension=dimension, model=model, chunker=chunker)
        await self._write(alias, "versions", body, repeat=False)

    async def point_alias(self, alias: str, version: str) -> None:
        body = PointAliasRequest(version=version)
        await self._vector.call("PUT", f"{_path(alias)}/alias", body=body, seconds=_WRITE_SECONDS)

    async def drop_version(self, version: str) -> None:
        await self._vector.call("DELETE", _path(version), seconds=_WRITE_SECONDS, repeat=False)

    async def _write(self, name: str, operation: str, body: BaseModel, *, repeat: bool = True) -> None:
        path = f"{_path(name)}/{operation}"
        await self._vector.call("POST", path, body=body, seconds=_WRITE_SECONDS, repeat=repeat)


def _body(point: ChunkPoint) -> PointBody:
    return PointBody(
        id=point.id,
        vector=_base64(point.vector),
        keywords=point.keywords,
        payload=dict(point.payload),
        language=point.language,
    )


def _base64(vector: Vectors) -> bytes:
    return base64.b64encode(vector.astype("<f4", copy=False).tobytes())


def _path(name: str) -> str:
    return f"/internal/collections/{name}"


def _info(answer: CollectionResponse) -> CollectionInfo:
    return CollectionInfo(answer.alias, answer.version, answer.model, answer.dimension, answer.points, answer.chunker)
