"""Search: what the words and the meaning of a query find, joined to the documents as they are now."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from documentation_service.interfaces import LiveDocument, TransactionFactory
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


@dataclass(frozen=True, slots=True)
class _Found:
    hit: VectorHit
    document: LiveDocument


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
        wanted = found if request.per_chunk else _best_of_each(found)
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
        return VectorQuery(
            filter=_filter(request.filters or SearchFilters(), principal),
            mode=mode,
            vector=vector,
            text=None if mode == "dense" else request.query,
            language=STEMMERS[detect_language(request.query)],
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
    ) -> list[_Found]:
        """As many hits as were asked for, where there are that many."""
        needed = request.offset + request.limit
        found: list[_Found] = []
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
            return await self._vectors.search(
                CHUNKS, VectorQuery(query.filter, query.mode, query.vector, query.text, pool, None, query.language)
            )
        except NotFoundError:
            return []  # nothing has been indexed yet

    async def _joined(self, hits: Sequence[VectorHit], principal: Principal) -> list[_Found]:
        ids = {UUID(str(hit.payload["document_id"])) for hit in hits}
        async with self._transaction() as work:
            live = {one.id: one for one in await work.documents.visible(sorted(ids), principal.groups)} if ids else {}
        found = [(hit, live.get(UUID(str(hit.payload["document_id"])))) for hit in hits]
        return [
            _Found(hit, document)
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


def _best_of_each(found: Sequence[_Found]) -> list[_Found]:
    best: dict[UUID, _Found] = {}
    for one in found:
        best.setdefault(one.document.id, one)
    return list(best.values())


def _hit(found: _Found, *, explain: bool) -> SearchHit:
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
        score=found.hit.score,
        scores=dict(found.hit.scores) if explain else None,
        updated_at=document.updated_at,
    )


def _integer(payload: Mapping[str, object], name: str) -> int:
    return int(str(payload[name]))


def _features(found: Sequence[_Found], *, degraded: bool) -> dict[str, float]:
    """`dense_top`, `dense_second`: the best cosines; `keyword_top`: the best BM25 score; `count`: how many chunks
    were found; `degraded`: 1 when the meaning of the query could not be looked at.
    """
    dense = sorted((one.hit.scores["dense"] for one in found if "dense" in one.hit.scores), reverse=True)
    keyword = [one.hit.scores["keyword"] for one in found if "keyword" in one.hit.scores]
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
