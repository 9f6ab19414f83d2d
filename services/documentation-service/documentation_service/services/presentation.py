"""The last step of a search: what is shown of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from documentation_service.config import SearchSettings
from documentation_service.services.query_building import BuiltQuery
from documentation_service.services.ranking import FUSED, KEYWORD, Found, tied
from documentation_service.services.reranking import Reranked
from flash_core.schemas.search import SearchExplanation, SearchHit, SearchPassage

_RECENCY: Final = "recency_tie_break"
_MOST_PASSAGES: Final = 3


def hits(ranked: Sequence[Found], first: int, count: int, *, explain: bool) -> list[SearchHit]:
    """Of all that were found those from `first` on. Of keyword scores only their part of the best is told: see
    `ranking.relative`.
    """
    shown = ranked[first : first + count]
    if not explain:
        return [_hit(one) for one in shown]
    by_date = tied(ranked)[first : first + count]
    return [
        _hit(one, {name: part for name, part in one.components.items() if name != KEYWORD} | {_RECENCY: float(tie)})
        for one, tie in zip(shown, by_date, strict=True)
    ]


def with_passages(hits: Sequence[SearchHit], found: Iterable[Found]) -> list[SearchHit]:
    """Each hit with the next best passages of its document among `found`, which are best first."""
    passages: dict[UUID, list[SearchPassage]] = {hit.document_id: [] for hit in hits}
    shown = {hit.chunk_id for hit in hits}
    for one in found:
        of_document = passages.get(one.document.id)
        if of_document is not None and len(of_document) < _MOST_PASSAGES and one.hit.id not in shown:
            of_document.append(_passage(one))
    return [hit.model_copy(update={"passages": passages[hit.document_id]}) for hit in hits]


def explanation(query: BuiltQuery, reranked: Reranked, settings: SearchSettings) -> SearchExplanation:
    return SearchExplanation(
        language=query.languages[0],
        dense_weight=_dense_weight(query),
        title_weight=settings.title_weight if query.vectors.mode == "hybrid" else 0.0,
        path_weight=settings.path_weight if query.vectors.mode == "hybrid" else 0.0,
        rerank_weight=settings.rerank_weight if reranked.done else 0.0,
        best_fused=max((one.components.get(FUSED, 0.0) for one in reranked.found), default=0.0),
        expansion={term: list(synonyms) for term, synonyms in query.expansion.applied.items()},
        filters=dict(query.filters),
        reranked=reranked.done,
        degraded=query.degraded,
    )


def _dense_weight(query: BuiltQuery) -> float:
    return {"dense": 1.0, "keyword": 0.0, "hybrid": query.vectors.dense_weight}[query.vectors.mode]


def _hit(found: Found, scores: dict[str, float] | None = None) -> SearchHit:
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
        table_head=str(payload.get("table_head", "")),
        url=document.url,
        text=str(payload["text"]),
        start=_integer(payload, "start"),
        end=_integer(payload, "end"),
        score=found.score,
        scores=scores,
        updated_at=document.updated_at,
        version=document.content_hash,
        source_version=document.source_version or document.content_hash,
        checked_at=document.checked_at,
    )


def _passage(found: Found) -> SearchPassage:
    payload = found.hit.payload
    return SearchPassage(
        chunk_id=found.hit.id,
        heading=str(payload.get("heading", "")),
        text=str(payload["text"]),
        start=_integer(payload, "start"),
        end=_integer(payload, "end"),
        score=found.score,
    )


def _integer(payload: Mapping[str, object], name: str) -> int:
    return int(str(payload[name]))
