"""Points: writing, removing, searching."""

import numpy as np
import orjson
from fastapi import APIRouter, Response, status

from flash_core.errors import InvalidInputError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.embedding import Vectors as Matrix
from flash_core.models.vector import Alternative, ChunkPoint, VectorFilter, VectorHit, VectorQuery
from flash_core.schemas.vector import (
    ContentHashesRequest,
    ContentHashesResponse,
    DeletePointsRequest,
    FilterBody,
    PointBody,
    PointsPageRequest,
    PointsPageResponse,
    PointVersionBody,
    SetPayloadRequest,
    UpsertRequest,
    VectorSearchRequest,
    VectorSearchResponse,
)
from flash_core.web.identity import InternalCaller
from flash_core.web.problems import problems
from vector_service.api.dependencies import CollectionName, Vectors

router = APIRouter(
    prefix="/internal/collections/{name}",
    tags=["points"],
    responses=problems(InvalidInputError, NotFoundError, UpstreamUnavailableError),
)
_FLOAT = np.dtype("<f4")


@router.post("/points", status_code=status.HTTP_204_NO_CONTENT)
async def upsert(name: CollectionName, body: UpsertRequest, vectors: Vectors, _: InternalCaller) -> None:
    """Store points, replacing those with the same ids."""
    await vectors.upsert(name, [_point(point) for point in body.points])


@router.post("/content-hashes")
async def content_hashes(
    name: CollectionName, body: ContentHashesRequest, vectors: Vectors, _: InternalCaller
) -> ContentHashesResponse:
    return ContentHashesResponse(content_hashes=dict(await vectors.content_hashes(name, body.ids)))


@router.post("/page")
async def page(
    name: CollectionName, body: PointsPageRequest, vectors: Vectors, _: InternalCaller
) -> PointsPageResponse:
    """Which version of which document each point is of."""
    points, after = await vectors.page(name, body.first, body.limit)
    return PointsPageResponse(
        points=[
            PointVersionBody(id=one.id, document_id=one.document_id, content_hash=one.content_hash) for one in points
        ],
        next=after,
    )


@router.post("/delete", status_code=status.HTTP_204_NO_CONTENT)
async def delete(name: CollectionName, body: DeletePointsRequest, vectors: Vectors, _: InternalCaller) -> None:
    await vectors.delete(
        name,
        document_ids=body.document_ids,
        source_id=body.source_id,
        except_content_hashes=body.except_content_hashes,
        fence=body.fence,
    )


@router.post("/payload", status_code=status.HTTP_204_NO_CONTENT)
async def set_payload(name: CollectionName, body: SetPayloadRequest, vectors: Vectors, _: InternalCaller) -> None:
    await vectors.set_payload(
        name, body.payload, document_ids=body.document_ids, source_id=body.source_id, fence=body.fence
    )


@router.post("/search", response_model=VectorSearchResponse)
async def search(name: CollectionName, body: VectorSearchRequest, vectors: Vectors, _: InternalCaller) -> Response:
    """The best points among those that the groups of the filter may see."""
    hits = await vectors.search(name, _query(body))
    return Response(orjson.dumps({"hits": [_hit(hit) for hit in hits]}), media_type="application/json")


def _point(body: PointBody) -> ChunkPoint:
    return ChunkPoint(body.id, _vector(body.vector), body.keywords, body.payload, body.language)


def _query(body: VectorSearchRequest) -> VectorQuery:
    return VectorQuery(
        filter=_filter(body.filter),
        mode=body.mode,
        vector=None if body.vector is None else _vector(body.vector),
        text=body.text,
        limit=body.limit,
        dense_weight=body.dense_weight,
        language=body.language,
        also_languages=body.also_languages,
        variants=[_vector(variant) for variant in body.variants],
        alternatives=[Alternative(one.start, one.end, tuple(one.synonyms)) for one in body.alternatives],
    )


def _filter(body: FilterBody) -> VectorFilter:
    return VectorFilter(frozenset(body.groups), body.source_ids, body.document_ids, body.updated_after)


def _vector(data: bytes) -> Matrix:
    if len(data) % _FLOAT.itemsize:
        raise InvalidInputError("A vector must be base64 of little-endian float32.")
    vector = np.frombuffer(data, _FLOAT).astype(np.float32, copy=False)
    if not np.isfinite(vector).all():
        raise InvalidInputError("A vector may hold finite numbers only.")
    return vector


def _hit(hit: VectorHit) -> dict[str, object]:
    return {"id": str(hit.id), "score": hit.score, "payload": hit.payload, "scores": hit.scores}
