"""Working implementations of what the AI services talk to, for tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flash_core.errors import FencedError, FlashError, NotFoundError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, ModelCall, TextPiece, WritingRequest
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.interfaces.generation import GenerationLeaseInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.models.conversation import GenerationState, Mode
from flash_core.models.user import Principal
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import ClaimResponse, Fact, FinishRequest, ReleaseRequest, Turn
from flash_core.schemas.search import SearchFilters, SearchHit, SearchRequest, SearchResponse
from flash_core.utils.ids import new_id


@dataclass
class FakeIntent(IntentInterface):
    """Says what it was told to, else that the question is for the documentation and stands alone. `hangs`: never."""

    response: IntentResponse | None = None
    error: Exception | None = None
    hangs: bool = False
    requests: list[IntentRequest] = field(default_factory=list)

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        self.requests.append(request)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        plain = IntentResponse(kind=QuestionKind.DOCUMENTATION, standalone_question=request.question)
        return self.response or plain


@dataclass
class FakeSearch(SearchInterface):
    """Finds the same for every query, and is `answerable` sure of it; `errors` come first, one a call."""

    hits: list[SearchHit] = field(default_factory=list)
    features: dict[str, float] | None = None
    errors: list[FlashError] = field(default_factory=list)
    asked: list[tuple[SearchRequest, Principal]] = field(default_factory=list)
    answerable: float = 0.9
    made_by: str = ""

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        self.asked.append((request, principal))
        if self.errors:
            raise self.errors.pop(0)
        sure = self.answerable if self.hits else 0.0
        return SearchResponse(
            hits=self.hits[: request.limit],
            timings_ms={},
            answerable=sure,
            features=self.features,
            made_by=self.made_by,
        )


@dataclass
class FakeVisibleDocuments(VisibleDocumentsInterface):
    """`current`: the versions that everybody may read. `hangs`: never says it."""

    current: dict[UUID, str] = field(default_factory=dict)
    error: FlashError | None = None
    hangs: bool = False
    asked: list[Principal] = field(default_factory=list)

    async def versions(self, document_ids: Sequence[UUID], principal: Principal) -> dict[UUID, str]:
        self.asked.append(principal)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return {one: self.current[one] for one in document_ids if one in self.current}


@dataclass
class ScriptedProvider(AIProviderInterface):
    """Writes `pieces`, a token each, then fails with `error` or finishes for a `reason`. `hangs` after them until it is
    closed, or may `go_on`.
    """

    pieces: Sequence[str] = ("Hello.",)
    name: str = "scripted"
    error: Exception | None = None
    reason: str = "stop"
    hangs: bool = False
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[WritingRequest] = field(default_factory=list)
    closed: int = 0

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        self.requests.append(request)
        call = ModelCall(self.name, f"{self.name}-model", prompt_tokens=10)
        try:
            for piece in self.pieces:
                if not call.completion_tokens:
                    request.calls.append(call)
                call.completion_tokens += 1
                yield TextPiece(piece)
            if self.hangs:
                await self.go_on.wait()
            if self.error is not None:
                raise self.error
            call.estimated = False
            yield Finished(call.model, call.prompt_tokens, call.completion_tokens, {"finish_reason": self.reason})
        finally:
            self.closed += 1


@dataclass
class FakeGenerationLeases(GenerationLeaseInterface):
    """One generation, kept as chat keeps it. `errors` are raised by the named methods, one a call."""

    question: str = "How many days of leave?"
    mode: Mode = Mode.COMPANY
    history: list[Turn] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    filters: SearchFilters | None = None
    groups: list[str] = field(default_factory=list)
    regenerated: bool = False
    deadline: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(minutes=5))
    generation_id: UUID = field(default_factory=new_id)
    conversation_id: UUID = field(default_factory=new_id)
    user_id: UUID = field(default_factory=new_id)
    attempt: int = 0
    state: GenerationState = GenerationState.QUEUED
    cancel_requested: bool = False
    outcomes: list[FinishRequest] = field(default_factory=list)
    heartbeats: int = 0
    releases: int = 0
    left: list[ReleaseRequest] = field(default_factory=list)
    workers: list[str] = field(default_factory=list)
    errors: dict[str, list[FlashError]] = field(default_factory=dict)

    async def claim(self, generation_id: UUID, worker: str) -> ClaimResponse:
        self._fail("claim")
        self.workers.append(worker)
        self._known(generation_id)
        if self.state is not GenerationState.QUEUED:
            raise FencedError("Done, or somebody else has it.")
        self.attempt += 1
        self.state = GenerationState.RUNNING
        return ClaimResponse(
            generation_id=generation_id,
            conversation_id=self.conversation_id,
            message_id=new_id(),
            attempt=self.attempt,
            lease_seconds=10,
            deadline=self.deadline,
            queued_ms=12.5,
            question=self.question,
            mode=self.mode,
            filters=self.filters,
            history=self.history,
            facts=self.facts,
            regenerated=self.regenerated,
            user_id=self.user_id,
            roles=["user"],
            groups=self.groups,
            request_id="request-1",
        )

    async def heartbeat(self, generation_id: UUID, attempt: int) -> bool:
        self._fail("heartbeat")
        self._current(generation_id, attempt)
        self.heartbeats += 1
        return self.cancel_requested

    async def finish(self, generation_id: UUID, outcome: FinishRequest) -> None:
        self._fail("finish")
        self._known(generation_id)
        if outcome in self.outcomes:
            return
        self._current(generation_id, outcome.attempt)
        self.outcomes.append(outcome)
        self.state = outcome.state

    async def release(self, generation_id: UUID, left: ReleaseRequest) -> None:
        self._fail("release")
        self._current(generation_id, left.attempt)
        self.releases += 1
        self.left.append(left)
        self.state = GenerationState.QUEUED

    def take_over(self) -> None:
        """Another worker claims: the attempt that runs is fenced from here on."""
        self.attempt += 1

    def _known(self, generation_id: UUID) -> None:
        if generation_id != self.generation_id:
            raise NotFoundError("There is no such generation.")

    def _current(self, generation_id: UUID, attempt: int) -> None:
        self._known(generation_id)
        if self.state is not GenerationState.RUNNING or attempt != self.attempt:
            raise FencedError("Another attempt counts.")

    def _fail(self, method: str) -> None:
        if self.errors.get(method):
            raise self.errors[method].pop(0)
