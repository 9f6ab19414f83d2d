"""The first step of a search: what the vector store is asked, out of what a person asked."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from documentation_service.config import SearchSettings
from documentation_service.interfaces import (
    Expansion,
    LiveCollection,
    LiveIndexInterface,
    QueryExpanderInterface,
    SourceState,
    TransactionFactory,
)
from documentation_service.services.multilingual import is_multilingual
from documentation_service.services.source_names import resolved
from documentation_service.services.timing import timed
from flash_core.errors import NotFoundError, OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.models.user import Principal
from flash_core.models.vector import CHUNKS, Alternative, SearchMode, VectorFilter, VectorQuery
from flash_core.schemas.search import SearchFilters, SearchRequest
from flash_core.utils.words import STEMMERS, detect_language

log = structlog.get_logger(__name__)

_ENGLISH: Final = "en"


@dataclass(frozen=True, slots=True)
class BuiltQuery:
    """`text` is what is searched for: the request's query, with names of sources that are none behind it.

    `languages`: its own and the others of what is searched. `filters` are the filters that hold, in words. `degraded`:
    the meaning of the query could not be looked at, and its words have to do. `collection`: where to search, because
    its model has made the vectors.
    """

    text: str
    languages: Sequence[str]
    expansion: Expansion
    filters: Mapping[str, list[str]]
    degraded: bool
    vectors: VectorQuery
    collection: str


class QueryBuilding:
    def __init__(
        self,
        transaction: TransactionFactory,
        index: LiveIndexInterface,
        expander: QueryExpanderInterface,
        settings: SearchSettings,
    ) -> None:
        self._transaction = transaction
        self._index = index
        self._expander = expander
        self._settings = settings

    async def build(self, request: SearchRequest, principal: Principal, timings: dict[str, float]) -> BuiltQuery:
        """Without an embedding (the service is away) the words still find what they can."""
        filters = request.filters or SearchFilters()
        states = await self._states(principal)
        source_ids, unresolved = _sources(filters, states)
        text = " ".join([request.query, *unresolved])
        spoken = _spoken(states, source_ids)
        language = detect_language(text, default=_usual(spoken))
        live = await self._index.current()
        deadline = asyncio.get_running_loop().time() + self._settings.embed_seconds
        wanted = [] if request.mode == "keyword" else [text]
        expansion, vectors = await asyncio.gather(
            self._expanded(text, language, timings), self._embedded(live, wanted, timings, deadline)
        )
        mode: SearchMode = request.mode if vectors else "keyword"
        variants = await self._embedded(live, expansion.variants if vectors else (), timings, deadline)
        return BuiltQuery(
            text=text,
            languages=list(dict.fromkeys([language, *spoken])),
            expansion=expansion,
            filters=_in_words(source_ids, filters, states),
            degraded=vectors is None or variants is None,
            vectors=VectorQuery(
                filter=_filter(source_ids, filters, principal),
                mode=mode,
                vector=vectors[0] if vectors else None,
                variants=variants or (),
                text=None if mode == "dense" else text,
                alternatives=[Alternative(one.start, one.end, one.synonyms) for one in expansion.alternatives],
                dense_weight=self._dense_weight(language, live),
                language=STEMMERS[language],
                also_languages=[STEMMERS[one] for one in spoken if one != language],
            ),
            collection=live.name if live else CHUNKS,
        )

    async def _states(self, principal: Principal) -> list[SourceState]:
        async with self._transaction() as work:
            return await work.sources.states(principal.groups)

    async def _expanded(self, text: str, language: str, timings: dict[str, float]) -> Expansion:
        with timed(timings, "expand"):
            return await self._expander.expand(text, language)

    async def _embedded(
        self, live: LiveCollection | None, texts: Sequence[str], timings: dict[str, float], deadline: float
    ) -> list[Vectors] | None:
        """One vector a text, by the model of what is searched; None when there are none before the deadline."""
        if not texts:
            return []
        with timed(timings, "embed"):
            try:
                async with asyncio.timeout_at(deadline):
                    embeddings = await self._index.embeddings(live)
                    return list(await embeddings.embed(texts, purpose=Purpose.QUERY, priority=Priority.INTERACTIVE))
            except (UpstreamUnavailableError, OverloadedError, NotFoundError, TimeoutError) as error:
                log.warning("search.degraded", error=type(error).__name__)
                return None

    def _dense_weight(self, language: str, live: LiveCollection | None) -> float:
        """A small model knows English."""
        is_known = language == _ENGLISH or (live is not None and is_multilingual(live.model))
        return self._settings.dense_weight if is_known else self._settings.foreign_dense_weight


def _sources(filters: SearchFilters, states: Sequence[SourceState]) -> tuple[list[UUID] | None, list[str]]:
    """The ids to search in (None: everywhere), and the names that name no source. Names narrow given ids further."""
    allowed = [one for one in states if filters.source_ids is None or one.id in filters.source_ids]
    named, unresolved = resolved(filters.source_names or (), allowed)
    return named or filters.source_ids, unresolved


def _spoken(states: Sequence[SourceState], source_ids: Sequence[UUID] | None) -> list[str]:
    """The languages of what is searched."""
    here = [one for one in states if source_ids is None or one.id in source_ids]
    return list(dict.fromkeys(language for one in here for language in one.languages if language in STEMMERS))


def _usual(spoken: Sequence[str]) -> str:
    """What a query is taken for that does not say."""
    return _ENGLISH if _ENGLISH in spoken or not spoken else spoken[0]


def _filter(source_ids: list[UUID] | None, filters: SearchFilters, principal: Principal) -> VectorFilter:
    after = filters.updated_after
    return VectorFilter(
        groups=principal.groups, source_ids=source_ids, updated_after=after.timestamp() if after else None
    )


def _in_words(
    source_ids: list[UUID] | None, filters: SearchFilters, states: Sequence[SourceState]
) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    if source_ids is not None:
        words["sources"] = [one.name for one in states if one.id in source_ids]
    if filters.updated_after is not None:
        words["updated_after"] = [filters.updated_after.isoformat()]
    return words
