"""Search: what the words and the meaning of a query find, joined to the documents as they are now."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID

import structlog

from documentation_service.interfaces import TransactionFactory
from documentation_service.services.ranking import DENSE, KEYWORD, Found, best_of_each, fused_by_document
from flash_core.errors import NotFoundError, OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.interfaces.search import SearchInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.user import Principal
from flash_core.models.vector import CHUNKS, SearchMode, VectorFilter, VectorHit, VectorQuery
from flash_core.schemas.search import SearchFilters, SearchHit, SearchRequest, SearchResponse
from flash_core.utils.words import STEMMERS, detect_language

log = structlog.get_logger(__name__)

POOLS: Final = (100, 400, 2_000)
"""How many chunks are fetched: the next larger pool only when a smaller one held too few documents."""
_CHUNKS_A_HIT: Final = 4
DENSE_WEIGHT: Final = 0.45
FOREIGN_DENSE_WEIGHT: Final = 0.3
"""Small embedding models hardly know other languages than English."""


class DocumentSearch(SearchInterface):
    """The asker's groups are part of the vector query; what it returns is checked against the rows once more, so a
    document that was deleted, replaced or closed a moment ago does not appear.
    """

    def __init__(
        self, transaction: TransactionFactory, embeddings: EmbeddingProviderInterface, vectors: VectorStoreInterface
    ) -> None:
        self._transaction = transaction
        self._embeddings = embeddings
        self._vectors = vectors

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        timings: dict[str, float] = {}
        with _timed(timings, "total"):
            query = await self._query(request, principal, timings)
            found = await self._enough(request, query, principal, timings)
        wanted = _ranked(request, query, found)
        shown = wanted[request.offset : request.offset + request.limit]
        return SearchResponse(
            hits=[_hit(one, explain=request.explain) for one in shown],
            timings_ms={name: round(ms, 2) for name, ms in timings.items()},
            features=_features(found, degraded=query.mode != request.mode),
        )

    async def _query(self, request: SearchRequest, principal: Principal, timings: dict[str, float]) -> VectorQuery:
        """Without an embedding (the service is away) the words still find what they can."""
        mode: SearchMode = request.mode
        vector: Vectors | None = None
        if mode != "keyword":
            with _timed(timings, "embed"):
                vector = await self._embedded(request.query)
            mode = mode if vector is not None else "keyword"
        language = detect_language(request.query)
        return VectorQuery(
            filter=_filter(request.filters or SearchFilters(), principal),
            mode=mode,
            vector=vector,
            text=None if mode == "dense" else request.query,
            dense_weight=DENSE_WEIGHT if language == "en" else FOREIGN_DENSE_WEIGHT,
            language=STEMMERS[language],
        )

    async def _embedded(self, text: str) -> Vectors | None:
        try:
            vectors = await self._embeddings.embed([text], purpose=Purpose.QUERY, priority=Priority.INTERACTIVE)
        except (UpstreamUnavailableError, OverloadedError) as error:
            log.warning("search.degraded", error=error.code)
            return None
        row: Vectors = vectors[0]
        return row

    async def _enough(
        self, request: SearchRequest, query: VectorQuery, principal: Principal, timings: dict[str, float]
    ) -> list[Found]:
        """As many hits as were asked for, where there are that many."""
        needed = request.offset + request.limit
        found: list[Found] = []
        for pool in _pools(needed):
            with _timed(timings, "vector"):
                hits = await self._hits(query, pool)
            with _timed(timings, "join"):
                found = await self._joined(hits, principal)
            results = len(found) if request.per_chunk else len({one.document.id for one in found})
            if results >= needed or len(hits) < pool:
                break
        return found

    async def _hits(self, query: VectorQuery, pool: int) -> list[VectorHit]:
        try:
            return await self._vectors.search(CHUNKS, replace(query, limit=pool))
        except NotFoundError:
            return []  # nothing has been indexed yet

    async def _joined(self, hits: Sequence[VectorHit], principal: Principal) -> list[Found]:
        ids = {UUID(str(hit.payload["document_id"])) for hit in hits}
        async with self._transaction() as work:
            live = {one.id: one for one in await work.documents.visible(sorted(ids), principal.groups)} if ids else {}
        found = [(hit, live.get(UUID(str(hit.payload["document_id"])))) for hit in hits]
        return [
            Found(hit, document, hit.score)
            for hit, document in found
            if document is not None and document.content_hash == hit.payload["content_hash"]
        ]


def _filter(filters: SearchFilters, principal: Principal) -> VectorFilter:
    after = filters.updated_after
    return VectorFilter(
        groups=principal.groups, source_ids=filters.source_ids, updated_after=after.timestamp() if after else None
    )


def _pools(needed: int) -> Sequence[int]:
    start = next((at for at, pool in enumerate(POOLS) if pool >= needed * _CHUNKS_A_HIT), len(POOLS) - 1)
    return POOLS[start:]


def _ranked(request: SearchRequest, query: VectorQuery, found: Sequence[Found]) -> Sequence[Found]:
    if request.per_chunk:
        return found
    if query.mode == "hybrid" and query.dense_weight is not None:
        return fused_by_document(found, query.dense_weight)
    return best_of_each(found)


def _hit(found: Found, *, explain: bool) -> SearchHit:
    document, payload = found.document, found.hit.payload
    return SearchHit(
        document_id=document.id,
        external_id=document.external_id,
        chunk_id=found.hit.id,
        source_id=document.source_id,
        provider=document.provider,
        title=document.title,
        path=list(document.path),
        heading=str(payload.get("heading", "")),
        url=document.url,
        text=str(payload["text"]),
        start=_integer(payload, "start"),
        end=_integer(payload, "end"),
        score=found.score,
        scores=dict(found.hit.scores) if explain else None,
        updated_at=document.updated_at,
    )


def _integer(payload: Mapping[str, object], name: str) -> int:
    return int(str(payload[name]))


def _features(found: Sequence[Found], *, degraded: bool) -> dict[str, float]:
    """`dense_top`, `dense_second`: the best cosines; `keyword_top`: the best BM25 score; `count`: how many chunks
    were found; `degraded`: 1 when the meaning of the query could not be looked at.
    """
    dense = sorted((one.hit.scores[DENSE] for one in found if DENSE in one.hit.scores), reverse=True)
    keyword = [one.hit.scores[KEYWORD] for one in found if KEYWORD in one.hit.scores]
    return {
        "dense_top": dense[0] if dense else 0.0,
        "dense_second": dense[1] if len(dense) > 1 else 0.0,
        "keyword_top": max(keyword, default=0.0),
        "count": float(len(found)),
        "degraded": float(degraded),
    }


@contextmanager
def _timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Add the block's time to `timings[name]`, in ms."""
    began = time.perf_counter()
    try:
        yield
    finally:
        timings[name] = timings.get(name, 0.0) + (time.perf_counter() - began) * 1_000
