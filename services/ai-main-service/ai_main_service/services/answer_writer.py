"""From a claimed question to a written answer: understand, search, write, check."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from ai_main_service.config import EXTRACTIVE, AiMainSettings
from ai_main_service.services.accounting import account_of, last_model
from ai_main_service.services.answer_cache import AnswerCache, Asking, Fresh, scope_of
from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.citations import inert
from ai_main_service.services.claims import uncited
from ai_main_service.services.context_builder import Context, build_context
from ai_main_service.services.drafting import draft
from ai_main_service.services.follow_ups import follow_ups
from ai_main_service.services.links import SourceLinks, is_web_address
from ai_main_service.services.narrowing import narrowed
from ai_main_service.services.phrases import needs_model, note, reduced_search, refusal_text, short_answer
from ai_main_service.services.quality_checker import QualityChecker
from ai_main_service.services.strict import Gate, StrictGate
from ai_main_service.services.turns import documentation_turns, general_turns, tokens_in
from ai_main_service.services.understanding import Understanding
from flash_core.errors import FlashError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, WritingRequest
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.interfaces.entailment import EntailmentInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.interfaces.single_flight import SingleFlightInterface
from flash_core.models.conversation import Mode, Refusal, Role
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.ai import IntentResponse, QuestionKind
from flash_core.schemas.chat import Citation, ClaimResponse, Source, WrittenAnswer
from flash_core.schemas.search import SearchRequest, SearchResponse
from flash_core.utils.words import detect_language

log = structlog.get_logger(__name__)
ANSWER_PROMPT = "answer.v2"
GENERAL_PROMPT = "general.v1"
_SEARCH_AWAY = (
    "The documentation can't be searched right now. Ask again in a minute; "
    "an administrator sees under Status what is down."
)
PASSING = ("degraded", "rerank_missed")
"""The search's features that are 1 when something was away that will find better later."""
_LONGEST_QUERY = 4_000
_HITS_A_PASSAGE = 2
_NEAREST = 3
_WAITS = 2
"""After two answers that may not be given again (refused, not grounded) each writes its own."""


class AnswerWriter:
    """Writes one answer into its stream. `prompts` are texts by versioned name.

    Raises what the search or the last provider raised, and `FencedError` when a newer attempt writes the answer.
    """

    def __init__(
        self,
        intent: IntentInterface,
        search: SearchInterface,
        documents: VisibleDocumentsInterface,
        providers: Sequence[AIProviderInterface],
        embeddings: EmbeddingProviderInterface,
        entailment: EntailmentInterface,
        cache: CacheInterface,
        flights: SingleFlightInterface,
        prompts: Mapping[str, str],
        settings: AiMainSettings,
    ) -> None:
        self._understanding = Understanding(intent, documents, settings.ai_intent_seconds)
        self._search = search
        self._providers = providers
        self._entailment = entailment
        self._checker = QualityChecker(entailment)
        self._remembered = AnswerCache(
            cache,
            flights,
            embeddings,
            ttl_seconds=settings.ai_answer_cache_seconds,
            patience_seconds=settings.ai_total_seconds,
        )
        self._prompts = prompts
        self._settings = settings

    async def write(self, claim: ClaimResponse, stream: AnswerStream) -> WrittenAnswer:
        """The whole answer; its content is exactly what the stream has said since the last reset."""
        answer = await (self._general(claim, stream) if claim.mode is Mode.GENERAL else self._company(claim, stream))
        await stream.flush()
        account = account_of(stream, self._settings.ai_prices)
        model = answer.model or last_model(stream)
        return answer.model_copy(update={"content": stream.content, "model": model, **account})

    async def interrupted(self, stream: AnswerStream) -> WrittenAnswer:
        """What there is of an answer that was stopped while it was being written."""
        await stream.flush()
        context = stream.context or Context((), ())
        citations = await self._checker.citations(stream.content, context)
        return WrittenAnswer(
            content=stream.content,
            sources=list(context.sources),
            model=last_model(stream),
            **(_grounding(stream.content, citations) if context.passages else {}),
            **account_of(stream, self._settings.ai_prices),
        )

    async def _general(self, claim: ClaimResponse, stream: AnswerStream) -> WrittenAnswer:
        """The model alone: nothing is looked up and nothing is cited."""
        models = [provider for provider in self._providers if provider.name != EXTRACTIVE]
        await stream.status("writing")
        if not models:
            await stream.write(needs_model(detect_language(claim.question)))
            return WrittenAnswer(content="")
        turns = general_turns(self._prompts[GENERAL_PROMPT], claim.question, claim.history)
        request = WritingRequest(claim.question, turns, max_tokens=self._settings.ai_max_tokens)
        written = await draft(models, request, stream, is_web_address)
        await _remark(stream, *written.notes(detect_language(claim.question)))
        return WrittenAnswer(content="", model=written.finished.model)

    async def _company(self, claim: ClaimResponse, stream: AnswerStream) -> WrittenAnswer:
        await stream.status("understanding")
        claim, intent = await self._understanding.of(claim, _asker(claim), stream)
        stream.watch.lap("intent")
        short = short_answer(intent.kind, intent.language, claim.question)
        if short is not None:
            await stream.write(short)
            return WrittenAnswer(content="", confidence=1.0)
        await stream.status("searching", intent.standalone_question)
        return await self._from_documentation(claim, intent, stream, waits=_WAITS)

    async def _found(self, claim: ClaimResponse, intent: IntentResponse) -> SearchResponse:
        request = SearchRequest(
            query=intent.standalone_question[:_LONGEST_QUERY],
            limit=self._settings.ai_passages * _HITS_A_PASSAGE,
            filters=narrowed(claim.filters, intent.filters),
            per_chunk=True,
            join_neighbours=True,
        )
        try:
            return await self._search.search(request, _asker(claim))
        except FlashError as error:
            if not error.retryable:
                raise
            log.warning("search.away", code=error.code, detail=str(error))
            raise UpstreamUnavailableError(_SEARCH_AWAY) from error

    async def _from_documentation(
        self, claim: ClaimResponse, intent: IntentResponse, stream: AnswerStream, *, waits: int
    ) -> WrittenAnswer:
        """`waits`: how often this may wait for somebody who is writing the same. What is found is as of afterwards."""
        found = await self._found(claim, intent)
        stream.watch.lap("retrieval")
        room = self._room(claim, intent.standalone_question)
        context = build_context(found.hits, budget_tokens=room, most=self._settings.ai_passages)
        remarks = [reduced_search(intent.language)] if _is_reduced(found) else []
        confidence = found.answerable or 0.0
        if not context.passages or confidence < self._settings.ai_refuse_below:
            refusal = await self._refuse(intent, context, stream)
            await _remark(stream, *remarks)
            return refusal.model_copy(update={"confidence": confidence})
        stream.context = context
        asking = await self._asking(claim, intent, found, context)
        write = partial(self._written, claim, intent, context, stream)
        answer = await self._remembered.answer(asking, stream, write, may_wait=waits > 0)
        if answer is None:
            return await self._from_documentation(claim, intent, stream, waits=waits - 1)
        await _remark(stream, *remarks)
        return answer.model_copy(update={"confidence": 0.0 if answer.refusal else confidence})

    def _room(self, claim: ClaimResponse, question: str) -> int:
        """How many tokens of passages fit beside all else that a model is sent. Who only quotes has no such limit."""
        if self._settings.providers == (EXTRACTIVE,):
            return sys.maxsize
        turns = documentation_turns(self._prompts[ANSWER_PROMPT], question, (), claim.history, claim.facts)
        return self._settings.ai_context_tokens - tokens_in(turns)

    async def _asking(
        self, claim: ClaimResponse, intent: IntentResponse, found: SearchResponse, context: Context
    ) -> Asking | None:
        """What another asker must have in common with this one; None where the conversation or a failure has a say."""
        is_first = intent.kind is QuestionKind.DOCUMENTATION and not claim.history and not claim.facts
        if not is_first or _is_reduced(found):
            return None
        filters = narrowed(claim.filters, intent.filters)
        made_by = (found.made_by, await self._entailment.name(), self._prompts, self._settings.writing)
        scope = scope_of(sorted(claim.groups), filters, intent.language, *made_by)
        question = intent.standalone_question
        return Asking(
            scope, question, intent.language, found.hits, context, found.index_version, is_fresh=claim.regenerated
        )

    async def _written(
        self, claim: ClaimResponse, intent: IntentResponse, context: Context, stream: AnswerStream
    ) -> Fresh:
        await stream.sources(context.sources)
        await stream.status("writing")
        question = intent.standalone_question
        turns = documentation_turns(
            self._prompts[ANSWER_PROMPT], question, context.passages, claim.history, claim.facts
        )
        request = WritingRequest(question, turns, context.passages, max_tokens=self._settings.ai_max_tokens)
        written = await draft(self._providers, request, stream, _links_of(context).has, self._gate(context))
        if written.refused:
            refusal = await self._refuse(intent, context, stream)
            await _remark(stream, *written.notes(intent.language))
            return Fresh(refusal, is_lasting=False)
        await stream.status("checking")
        said = stream.content
        citations = await self._checker.citations(said, context)
        await _remark(stream, *written.notes(intent.language))
        answer = WrittenAnswer(
            content="",
            sources=list(context.sources),
            model=written.finished.model,
            follow_ups=follow_ups(context, citations, _asked(claim, question), intent.language),
            **_grounding(said, citations),
        )
        return Fresh(answer, is_lasting=written.is_lasting)

    def _gate(self, context: Context) -> Callable[[AnswerStream], Gate]:
        if not self._settings.ai_strict_citations:
            return Gate
        return lambda stream: StrictGate(stream, self._checker, context)

    async def _refuse(self, intent: IntentResponse, context: Context, stream: AnswerStream) -> WrittenAnswer:
        nearest = _nearest(context)
        await stream.sources(nearest)
        await stream.status("writing")
        await stream.write(refusal_text(intent.language, [inert(source.title) for source in nearest]))
        return WrittenAnswer(content="", sources=nearest, refusal=Refusal.NOT_IN_DOCUMENTATION)


def _links_of(context: Context) -> SourceLinks:
    """What the passages, as a reader sees them, link to or come from."""
    return SourceLinks((passage.text for passage in context.passages), (source.url for source in context.sources))


def _asker(claim: ClaimResponse) -> Principal:
    known = {role.value for role in UserRole}
    roles = frozenset(UserRole(role) for role in claim.roles if role in known)
    return Principal(claim.user_id, roles, frozenset(claim.groups))


def _grounding(said: str, citations: Sequence[Citation]) -> dict[str, object]:
    """Grounded: something is cited, every cited passage says it, and nothing is claimed that is not cited."""
    bare = uncited(said)
    grounded = bool(citations) and not bare and all(citation.supported for citation in citations)
    return {"citations": list(citations), "uncited": bare, "grounded": grounded}


async def _remark(stream: AnswerStream, *remarks: str) -> None:
    await stream.write("".join(map(note, remarks)))


def _is_reduced(found: SearchResponse) -> bool:
    return any((found.features or {}).get(name) for name in PASSING)


def _nearest(context: Context) -> list[Source]:
    """One source a document, best first."""
    documents: dict[object, Source] = {}
    for source in context.sources:
        documents.setdefault(source.document_id, source)
    return list(documents.values())[:_NEAREST]


def _asked(claim: ClaimResponse, standalone_question: str) -> list[str]:
    before = [turn.content for turn in claim.history if turn.role is Role.USER]
    return [*before, claim.question, standalone_question]
