"""`VectorEngineInterface` on a Qdrant server (1.16 or newer: the model's name is kept as metadata of a collection)."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from flash_core.errors import ConflictError, FlashError, InvalidInputError, NotFoundError, UpstreamUnavailableError
from flash_core.models.vector import CollectionInfo, Payload
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
from vector_service.providers.fields import DENSE, KEYWORD_FIELDS, NUMBER_FIELDS, SPARSE

_MODEL: Final = "model"
_CHUNKER: Final = "chunker"
_SECONDS: Final = 10
_POINTS_A_REQUEST: Final = 200
_ERRORS: Final[dict[int, type[FlashError]]] = {
    HTTPStatus.BAD_REQUEST: InvalidInputError,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidInputError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
}


class QdrantVectorEngine(VectorEngineInterface):
    """Writes wait until they are applied: what is acknowledged is found by the next search."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client

    async def describe(self, name: str) -> CollectionInfo:
        with _translated():
            aliases = {one.alias_name: one.collection_name for one in (await self._client.get_aliases()).aliases}
            version = aliases.get(name, name)
            config = (await self._client.get_collection(version)).config
            points = (await self._client.count(version, exact=True)).count
        alias = next((alias for alias, target in aliases.items() if target == version), "")
        made_by = config.metadata or {}
        model, chunker = str(made_by.get(_MODEL, "")), str(made_by.get(_CHUNKER, ""))
        return CollectionInfo(alias, version, model, _dimension(config), points, chunker)

    async def names(self) -> Sequence[str]:
        with _translated():
            return [one.name for one in (await self._client.get_collections()).collections]

    async def create(self, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        with _translated():
            if await self._exists(version):
                raise ConflictError(f"There is a collection {version}.")
            await self._client.create_collection(
                version,
                vectors_config={DENSE: models.VectorParams(size=dimension, distance=models.Distance.COSINE)},
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                metadata={_MODEL: model, _CHUNKER: chunker},
            )
            kinds = dict.fromkeys(KEYWORD_FIELDS, models.PayloadSchemaType.KEYWORD)
            kinds |= dict.fromkeys(NUMBER_FIELDS, models.PayloadSchemaType.FLOAT)
            for field, kind in kinds.items():
                await self._client.create_payload_index(version, field, field_schema=kind)

    async def drop(self, version: str) -> None:
        with _translated():
            if not await self._client.collection_exists(version):
                raise NotFoundError(f"There is no collection {version}.")
            await self._client.delete_collection(version)

    async def point_alias(self, alias: str, version: str) -> None:
        with _translated():
            if not await self._client.collection_exists(version):
                raise NotFoundError(f"There is no collection {version}.")
            # One request: the server applies its parts together.
            await self._client.update_collection_aliases(
                [
                    models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)),
                    models.CreateAliasOperation(
                        create_alias=models.CreateAlias(collection_name=version, alias_name=alias)
                    ),
                ]
            )

    async def upsert(self, name: str, points: Sequence[EnginePoint]) -> None:
        with _translated():
            for start in range(0, len(points), _POINTS_A_REQUEST):
                part = [_point(point) for point in points[start : start + _POINTS_A_REQUEST]]
                await self._client.upsert(name, part, wait=True)

    async def delete(self, name: str, conditions: Conditions) -> None:
        with _translated():
            await self._client.delete(name, models.FilterSelector(filter=_filter(conditions)), wait=True)

    async def set_payload(self, name: str, payload: Payload, conditions: Conditions) -> None:
        with _translated():
            await self._client.set_payload(name, dict(payload), points=_filter(conditions), wait=True)

    async def nearest(self, name: str, probes: Sequence[Probe], conditions: Conditions) -> list[list[Scored]]:
        requests = [_request(probe, _filter(conditions)) for probe in probes]
        with _translated():
            answers = await self._client.query_batch_points(name, requests)
        return [[Scored(UUID(str(point.id)), point.score) for point in answer.points] for answer in answers]

    async def payloads(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, Payload]:
        with _translated():
            records = await self._client.retrieve(name, [str(one) for one in ids], with_payload=True)
        return {UUID(str(record.id)): record.payload or {} for record in records}

    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Mapping[UUID, Payload], UUID | None]:
        offset = None if first is None else str(first)
        with _translated():
            records, after = await self._client.scroll(name, limit=limit, offset=offset, with_payload=[*KEYWORD_FIELDS])
        points = {UUID(str(record.id)): record.payload or {} for record in records}
        return points, None if after is None else UUID(str(after))

    async def check(self) -> None:
        with _translated():
            await self._client.get_collections()

    async def _exists(self, name: str) -> bool:
        aliases = (await self._client.get_aliases()).aliases
        return name in {one.alias_name for one in aliases} or await self._client.collection_exists(name)


@asynccontextmanager
async def open_qdrant_engine(url: str, *, api_key: str) -> AsyncIterator[QdrantVectorEngine]:
    """Nothing is connected before it is first used."""
    client = AsyncQdrantClient(url=url, api_key=api_key or None, timeout=_SECONDS, check_compatibility=False)
    try:
        yield QdrantVectorEngine(client)
    finally:
        await client.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Keep the client's exceptions inside the adapter; its local mode raises `ValueError`s."""
    try:
        yield
    except UnexpectedResponse as error:
        kind = _ERRORS.get(error.status_code or 0, UpstreamUnavailableError)
        raise kind(f"Qdrant answered with status {error.status_code}.") from error
    except (ResponseHandlingException, OSError) as error:
        raise UpstreamUnavailableError(f"Qdrant does not answer ({type(error).__name__}).") from error
    except ValueError as error:
        kind = NotFoundError if "not found" in str(error) else InvalidInputError
        raise kind(f"Qdrant refused: {error}") from error


def _dimension(config: models.CollectionConfig) -> int:
    vectors = config.params.vectors
    if not isinstance(vectors, Mapping) or DENSE not in vectors:
        raise UpstreamUnavailableError("This collection of the Qdrant server was not made by this service.")
    return int(vectors[DENSE].size)


def _point(point: EnginePoint) -> models.PointStruct:
    vectors: dict[str, Any] = {DENSE: point.dense.tolist()}
    if point.sparse:
        vectors[SPARSE] = _sparse(point.sparse)
    return models.PointStruct(id=str(point.id), vector=vectors, payload=dict(point.payload))


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def _request(probe: Probe, wanted: models.Filter) -> models.QueryRequest:
    sparse = isinstance(probe.vector, SparseVector)
    query = _sparse(probe.vector) if isinstance(probe.vector, SparseVector) else probe.vector.tolist()
    return models.QueryRequest(query=query, using=SPARSE if sparse else DENSE, filter=wanted, limit=probe.limit)


def _filter(conditions: Conditions) -> models.Filter:
    must: list[Any] = [_condition(one) for one in conditions if not isinstance(one, NoneOf | NotAbove)]
    must_not: list[Any] = [_condition(one) for one in conditions if isinstance(one, NoneOf | NotAbove)]
    return models.Filter(must=must, must_not=must_not)


def _condition(condition: Condition) -> models.FieldCondition:
    if isinstance(condition, AnyOf | NoneOf):
        return models.FieldCondition(key=condition.field, match=models.MatchAny(any=list(condition.values)))
    return models.FieldCondition(key=condition.field, range=models.Range(gt=condition.bound))
