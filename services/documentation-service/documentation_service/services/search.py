"""Search: what the words and the meaning of a query find, joined to the documents as they are now.

The steps stand in modules of their own, in this order: query_building, retrieval, ranking (with titles), reranking,
neighbours, presentation; calibration says how sure the result is. `search_cache` stands before all of them.
"""

import asyncio
from collections.abc import Sequence
from itertools import chain

from documentation_service.config import SearchSettings
from documentation_service.interfaces import LiveIndexInterface, QueryExpanderInterface, TransactionFactory
from documentation_service.services import presentation
from documentation_service.services.calibration import AskedWords, Assessment, assess, nothing_asked
from documentation_service.services.calibration_book import CalibrationBook
from documentation_service.services.neighbours import Neighbours
from documentation_service.services.news import asks_what_changed, asks_what_is_new, newest_first
from documentation_service.services.query_building import BuiltQuery, QueryBuilding
from documentation_service.services.ranking import (
    DENSE,
    KEYWORD,
    PATH,
    TITLE,
    Found,
    NameField,
    Scale,
    behind,
    by_best_passage,
    by_both_halves,
    by_passage,
    relative,
)
from documentation_service.services.reranking import Reranked, Reranking
from documentation_service.services.retrieval import Retrieval
from documentation_service.services.timing import timed
from documentation_service.services.titles import path_matches, title_matches
from flash_core.interfaces.reranker import RerankerInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.user import Principal
from flash_core.schemas.search import SearchRequest, SearchResponse


class DocumentSearch(SearchInterface):
    def __init__(
        self,
        transaction: TransactionFactory,
        index: LiveIndexInterface,
        vectors: VectorStoreInterface,
        expander: QueryExpanderInterface,
        reranker: RerankerInterface,
        settings: SearchSettings,
    ) -> None:
        self._settings = settings
        self._calibrations = CalibrationBook(transaction)
        self._queries = QueryBuilding(transaction, index, expander, settings)
        self._retrieval = Retrieval(transaction, vectors)
        self._reranking = Reranking(reranker, settings)
        self._neighbours = Neighbours(transaction)

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        timings: dict[str, float] = {}
        with timed(timings, "total"):
            query = await self._queries.build(request, principal, timings)
            (found, *further), calibrations = await asyncio.gather(
                self._retrieval.tiers(request, query, timings), self._calibrations.current()
            )
            scale = Scale.of(found)
            ranked = _ranked(request, query, found, self._settings, scale)
            reranked = await self._reranking.apply(query.text, ranked, timings, wanted=request.rerank)
            all_ranked = reranked.found
            for tier in further:
                all_ranked = behind(all_ranked, _ranked(request, query, tier, self._settings, scale))
            hits = presentation.hits(all_ranked, request.offset, request.limit, explain=request.explain)
            if not request.per_chunk:
                hits = presentation.with_passages(hits, chain(found, *further))
            if request.join_neighbours:
                hits = await self._neighbours.joined(hits)
            asked = [
                AskedWords.of(query.text, query.languages[0], query.expansion.alternatives, stemmed_in=language)
                for language in query.languages
            ]
            assessment = (
                nothing_asked(found, calibrations)
                if asks_what_changed(request, query.text, query.languages[0])
                else assess(asked, found, calibrations)
            )
        return SearchResponse(
            hits=hits,
            expanded_query=query.expansion.keywords if query.expansion.alternatives else None,
            explanation=presentation.explanation(query, reranked, self._settings) if request.explain else None,
            answerable=assessment.probability,
            timings_ms={name: round(ms, 2) for name, ms in timings.items()},
            features=_features(found, query, reranked, assessment),
        )


def _ranked(
    request: SearchRequest, query: BuiltQuery, found: Sequence[Found], settings: SearchSettings, scale: Scale
) -> list[Found]:
    if query.vectors.mode == KEYWORD:
        found = relative(found, scale.wordiest)
    if asks_what_is_new(request, query.text, query.languages[0]):
        return newest_first(found)
    if query.vectors.mode != "hybrid":
        return by_passage(found) if request.per_chunk else by_best_passage(found)
    said = [query.text, *query.expansion.variants]
    fields = {
        TITLE: NameField(settings.title_weight, title_matches(said, query.languages, found)),
        PATH: NameField(settings.path_weight, path_matches(said, query.languages, found)),
    }
    if request.per_chunk:
        return by_passage(found, fields)
    return by_both_halves(found, query.vectors.dense_weight, fields, scale)


def _features(
    found: Sequence[Found], query: BuiltQuery, reranked: Reranked, assessment: Assessment
) -> dict[str, float]:
    """`dense_top`, `dense_second`: the best cosines; `count`: how many chunks were found; `coverage`, `nearness`,
    `unsaid`, `calibrated`: what `answerable` was read from; `degraded`: 1 when the meaning of the query could not be
    looked at; `rerank_missed`: 1 when the reranker was away or too slow.
    """
    dense = sorted((one.hit.scores[DENSE] for one in found if DENSE in one.hit.scores), reverse=True)
    return {
        "dense_top": dense[0] if dense else 0.0,
        "dense_second": dense[1] if len(dense) > 1 else 0.0,
        "count": float(len(found)),
        "coverage": assessment.coverage,
        "nearness": assessment.nearness or 0.0,
        "unsaid": assessment.unsaid,
        "calibrated": float(assessment.calibrated),
        "degraded": float(query.degraded),
        "rerank_missed": float(reranked.missed),
    }
