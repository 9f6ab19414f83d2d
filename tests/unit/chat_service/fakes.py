"""The chat database, in memory, on a clock that stands still until it is moved."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from chat_service.interfaces import (
    AnswerRepositoryInterface,
    ChatUnitOfWorkInterface,
    Claim,
    ConversationRepositoryInterface,
    Ending,
    Established,
    FactRepositoryInterface,
    Generation,
    GenerationRepositoryInterface,
    Hopeless,
    ListPosition,
    MessageRepositoryInterface,
    Period,
    Question,
    RetryRules,
    UsagePosition,
    UsageRepositoryInterface,
)
from flash_core.errors import ConflictError, UpstreamUnavailableError
from flash_core.models.conversation import Conversation, GenerationState, Mode, Role
from flash_core.schemas.chat import Answer, Fact, MessageResponse, Turn, Usage, WrittenAnswer
from flash_core.schemas.usage import UsageLine
from flash_core.testing.fakes import FakeOutbox, FrozenClock

_UNFINISHED = {GenerationState.QUEUED, GenerationState.RUNNING}


@dataclass
class StoredGeneration:
    generation: Generation
    deadline: datetime
    created_at: datetime
    announced_at: datetime
    announcements: int = 0
    lease_until: datetime | None = None
    ending: Ending | None = None

    @property
    def is_unfinished(self) -> bool:
        return self.generation.state in _UNFINISHED

    def is_free(self, now: datetime) -> bool:
        return self.generation.state is GenerationState.QUEUED or (
            self.lease_until is not None and self.lease_until < now
        )

    def is_held(self, attempt: int) -> bool:
        return (self.generation.state, self.generation.attempt) == (GenerationState.RUNNING, attempt)


@dataclass
class Tables:
    """Rows in the order of their insertion: the id of a message or generation gives its place."""

    conversations: dict[UUID, tuple[Conversation, str | None]] = field(default_factory=dict)
    questions: dict[UUID, tuple[Question, datetime]] = field(default_factory=dict)
    answers: dict[UUID, datetime] = field(default_factory=dict)
    messages: list[UUID] = field(default_factory=list)
    generations: dict[UUID, StoredGeneration] = field(default_factory=dict)
    feedback: dict[UUID, tuple[str, str | None, str | None]] = field(default_factory=dict)
    facts: dict[UUID, dict[str, tuple[UUID, Established]]] = field(default_factory=dict)
    usage: dict[UUID, "StoredUsage"] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredUsage:
    user_id: UUID
    ended_at: datetime
    model: str
    usage: Usage


class FakeConversations(ConversationRepositoryInterface):
    def __init__(self, tables: Tables, clock: FrozenClock) -> None:
        self._tables = tables
        self._clock = clock

    async def add(self, conversation: Conversation, *, client_id: str | None) -> bool:
        if client_id is not None and await self.named(client_id, owner_id=conversation.owner_id):
            return False
        self._tables.conversations[conversation.id] = (conversation, client_id)
        return True

    async def get(self, conversation_id: UUID, *, owner_id: UUID) -> Conversation | None:
        found = await self.lock(conversation_id)
        return found if found and found.owner_id == owner_id else None

    async def named(self, client_id: str, *, owner_id: UUID) -> Conversation | None:
        rows = self._tables.conversations.values()
        return next((one for one, name in rows if name == client_id and one.owner_id == owner_id), None)

    async def lock(self, conversation_id: UUID) -> Conversation | None:
        return self._tables.conversations.get(conversation_id, (None, None))[0]

    async def page(
        self, owner_id: UUID, *, search: str, limit: int, after: ListPosition | None
    ) -> Sequence[Conversation]:
        mine = [one for one, _ in self._tables.conversations.values() if one.owner_id == owner_id]
        mine.sort(key=lambda one: (one.updated_at, one.id), reverse=True)
        behind = [one for one in mine if after is None or (one.updated_at, one.id) < (after.updated_at, after.id)]
        return [one for one in behind if self._holds(one, search.lower())][:limit]

    async def rename(self, conversation_id: UUID, title: str) -> None:
        self._change(conversation_id, title=title)

    async def touch(self, conversation_id: UUID) -> None:
        self._change(conversation_id, updated_at=self._clock.now())

    async def delete(self, conversation_id: UUID) -> None:
        del self._tables.conversations[conversation_id]
        self._tables.facts.pop(conversation_id, None)
        tables = self._tables
        gone = {key for key, (one, _) in tables.questions.items() if one.conversation_id == conversation_id}
        ended = {key for key, one in tables.generations.items() if one.generation.conversation_id == conversation_id}
        tables.messages = [one for one in tables.messages if one not in gone | ended]
        for rows in (tables.questions, tables.answers, tables.generations, tables.feedback):
            for key in gone | ended:
                rows.pop(key, None)

    def _holds(self, conversation: Conversation, search: str) -> bool:
        said = [one.content for one, _ in self._tables.questions.values() if one.conversation_id == conversation.id]
        return any(search in text.lower() for text in (conversation.title, *said))

    def _change(self, conversation_id: UUID, *, title: str | None = None, updated_at: datetime | None = None) -> None:
        one, name = self._tables.conversations[conversation_id]
        changed = replace(one, title=title or one.title, updated_at=updated_at or one.updated_at)
        self._tables.conversations[conversation_id] = (changed, name)


class FakeMessages(MessageRepositoryInterface):
    def __init__(self, tables: Tables, clock: FrozenClock) -> None:
        self._tables = tables
        self._clock = clock

    async def add_question(self, question: Question) -> None:
        if question.client_id is not None and await self.named(question.conversation_id, question.client_id):
            raise ConflictError("This conflicts with what is stored already.")
        self._tables.questions[question.id] = (question, self._clock.now())
        self._tables.messages.append(question.id)

    async def add_answer(self, generation: Generation, written: WrittenAnswer) -> None:
        if generation.id in self._tables.answers:
            raise ConflictError("This conflicts with what is stored already.")
        self._tables.answers[generation.id] = self._clock.now()
        self._tables.messages.append(generation.id)
        stored = self._tables.generations[generation.id]
        stored.ending = replace(stored.ending or Ending(generation.state, written), written=written)

    async def named(self, conversation_id: UUID, client_id: str) -> Question | None:
        name = (conversation_id, client_id)
        rows = self._tables.questions.values()
        return next((one for one, _ in rows if (one.conversation_id, one.client_id) == name), None)

    async def question_of(self, message_id: UUID, *, owner_id: UUID) -> Question | None:
        stored = self._tables.generations.get(message_id)
        question, _ = self._tables.questions.get(stored.generation.message_id if stored else message_id, (None, None))
        if question is None or self._tables.conversations[question.conversation_id][0].owner_id != owner_id:
            return None
        return question

    async def page(self, conversation_id: UUID, *, limit: int, after: int) -> Sequence[tuple[int, MessageResponse]]:
        rows = [(place, self._response(one)) for place, one in enumerate(self._tables.messages, 1) if place > after]
        return [(place, one) for place, one in rows if one.conversation_id == conversation_id][:limit]

    async def history(self, question_id: UUID, *, turns: int) -> Sequence[Turn]:
        conversation_id = self._tables.questions[question_id][0].conversation_id
        rows = [one for one, _ in self._tables.questions.values() if one.conversation_id == conversation_id]
        before = rows[: [one.id for one in rows].index(question_id)]
        said: list[Turn] = []
        for one in before[-turns:] if turns else []:
            said.append(Turn(role=Role.USER, content=one.content))
            said += [Turn(role=Role.ASSISTANT, content=text) for text in self._answers_to(one.id)[-1:]]
        return said

    async def rate(self, message_id: UUID, *, rating: str, reason: str | None, comment: str | None) -> None:
        self._tables.feedback[message_id] = (rating, reason, comment)

    def _answers_to(self, question_id: UUID) -> list[str]:
        kept = {GenerationState.DONE, GenerationState.CANCELLED}
        answered = [self._tables.generations[one] for one in self._tables.messages if one in self._tables.answers]
        rows = [one for one in answered if one.generation.message_id == question_id and one.generation.state in kept]
        return [_content(one) for one in rows if _content(one) and one.generation.mode is Mode.GENERAL]

    def _response(self, message_id: UUID) -> MessageResponse:
        if message_id in self._tables.answers:
            stored = self._tables.generations[message_id]
            return MessageResponse(
                id=message_id,
                conversation_id=stored.generation.conversation_id,
                role=Role.ASSISTANT,
                content=_content(stored),
                created_at=self._tables.answers[message_id],
                answer_id=message_id,
                answer_state=stored.generation.state,
                answer=answer_of(stored),
            )
        question, created_at = self._tables.questions[message_id]
        latest = [one for one in self._tables.generations.values() if one.generation.message_id == message_id][-1:]
        return MessageResponse(
            id=message_id,
            conversation_id=question.conversation_id,
            role=Role.USER,
            content=question.content,
            created_at=created_at,
            answer_id=latest[0].generation.id if latest else None,
            answer_state=latest[0].generation.state if latest else None,
        )


class FakeGenerations(GenerationRepositoryInterface):
    def __init__(self, tables: Tables, clock: FrozenClock) -> None:
        self._tables = tables
        self._rows = tables.generations
        self._clock = clock

    async def add(self, generation: Generation, *, deadline: timedelta) -> None:
        if generation.client_id is not None and await self.named(generation.message_id, generation.client_id):
            raise ConflictError("This conflicts with what is stored already.")
        now = self._clock.now()
        self._rows[generation.id] = StoredGeneration(generation, now + deadline, now, now)

    async def get(self, generation_id: UUID) -> Generation | None:
        stored = self._rows.get(generation_id)
        return None if stored is None else stored.generation

    async def first_of(self, message_id: UUID) -> Generation | None:
        return next((one.generation for one in self._rows.values() if one.generation.message_id == message_id), None)

    async def named(self, message_id: UUID, client_id: str) -> Generation | None:
        rows = (one.generation for one in self._rows.values())
        return next((one for one in rows if (one.message_id, one.client_id) == (message_id, client_id)), None)

    async def unfinished(self, conversation_id: UUID) -> Sequence[Generation]:
        rows = (one for one in self._rows.values() if one.generation.conversation_id == conversation_id)
        return [one.generation for one in rows if one.is_unfinished]

    async def announced(self, generation_id: UUID) -> None:
        stored = self._rows[generation_id]
        stored.announced_at, stored.announcements = self._clock.now(), 1

    async def claim(self, generation_id: UUID, worker: str, rules: RetryRules) -> Claim | None:
        stored, now = self._rows.get(generation_id), self._clock.now()
        if stored is None or not await self._is_claimable(stored, rules):
            return None
        before = stored.generation
        stored.generation = replace(before, state=GenerationState.RUNNING, attempt=before.attempt + 1)
        stored.lease_until, stored.announcements = now + rules.lease, 0
        question, _ = self._tables.questions[before.message_id]
        return Claim(stored.generation, question.content, stored.deadline, now - stored.created_at)

    async def heartbeat(self, generation_id: UUID, attempt: int, lease: timedelta) -> bool | None:
        stored = self._rows.get(generation_id)
        if stored is None or not stored.is_held(attempt):
            return None
        stored.lease_until = self._clock.now() + lease
        return stored.generation.cancel_requested

    async def release(self, generation_id: UUID, attempt: int) -> Generation | None:
        stored = self._rows.get(generation_id)
        if stored is None or not stored.is_held(attempt):
            return None
        stored.generation, stored.lease_until = replace(stored.generation, state=GenerationState.QUEUED), None
        return stored.generation

    async def end(self, generation_id: UUID, attempt: int, ending: Ending, *, take_over: bool) -> bool:
        stored = self._rows.get(generation_id)
        if stored is None or not stored.is_unfinished or stored.generation.attempt != attempt:
            return False
        stored.generation = replace(stored.generation, state=ending.state, attempt=attempt + take_over)
        stored.ending, stored.lease_until = ending, None
        return True

    async def request_cancel(self, generation_id: UUID) -> None:
        stored = self._rows[generation_id]
        stored.generation = replace(stored.generation, cancel_requested=True)

    async def requeue(self, rules: RetryRules, *, limit: int) -> Sequence[Generation]:
        now = self._clock.now()
        due = [one for one in self._rows.values() if await self._is_claimable(one, rules)]
        due = [one for one in due if now >= one.announced_at + _wait(one.announcements, rules)][:limit]
        for stored in due:
            stored.announced_at, stored.announcements = now, stored.announcements + 1
        return [stored.generation for stored in due]

    async def hopeless(self, rules: RetryRules, *, limit: int) -> Sequence[tuple[Generation, Hopeless]]:
        found = [(one.generation, self._why_hopeless(one, rules)) for one in self._rows.values() if one.is_unfinished]
        return [(generation, why) for generation, why in found if why][:limit]

    def _why_hopeless(self, stored: StoredGeneration, rules: RetryRules) -> Hopeless | None:
        now = self._clock.now()
        if stored.generation.cancel_requested and stored.is_free(now):
            return Hopeless.CANCELLED
        if stored.deadline <= now:
            return Hopeless.LATE
        is_exhausted = stored.generation.attempt >= rules.max_attempts and stored.is_free(now)
        return Hopeless.EXHAUSTED if is_exhausted else None

    async def _is_claimable(self, stored: StoredGeneration, rules: RetryRules) -> bool:
        generation, now = stored.generation, self._clock.now()
        first = (await self.unfinished(generation.conversation_id))[:1]
        return (
            first == [generation]
            and stored.is_free(now)
            and not generation.cancel_requested
            and stored.deadline > now
            and generation.attempt < rules.max_attempts
        )


class FakeFacts(FactRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, generation: Generation, facts: Sequence[Established], *, keep: int) -> None:
        kept = self._tables.facts.setdefault(generation.conversation_id, {})
        for fact in facts:
            kept.pop(fact.statement.casefold(), None)
            kept[fact.statement.casefold()] = (generation.message_id, fact)
        for oldest in list(kept)[:-keep]:
            del kept[oldest]

    async def before(self, question_id: UUID) -> Sequence[Fact]:
        question, _ = self._tables.questions.get(question_id, (None, None))
        kept = self._tables.facts.get(question.conversation_id, {}) if question else {}
        messages = self._tables.messages
        return [
            Fact(
                question=self._tables.questions[message_id][0].content,
                statement=fact.statement,
                document_ids=list(fact.document_ids),
                titles=list(fact.titles),
                versions=list(fact.versions),
            )
            for message_id, fact in kept.values()
            if messages.index(message_id) < messages.index(question_id)
        ]


class FakeAnswers(AnswerRepositoryInterface):
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def get(self, answer_id: UUID, *, owner_id: UUID) -> Answer | None:
        stored = self._tables.generations.get(answer_id)
        if stored is None:
            return None
        conversation, _ = self._tables.conversations[stored.generation.conversation_id]
        return answer_of(stored) if conversation.owner_id == owner_id else None

    async def settled(self, answer_ids: Sequence[UUID]) -> Sequence[tuple[UUID, int, Answer | None]]:
        over: list[tuple[UUID, int, Answer | None]] = []
        for answer_id in answer_ids:
            stored = self._tables.generations.get(answer_id)
            if stored is None:
                over.append((answer_id, 0, None))
            elif not stored.is_unfinished:
                over.append((answer_id, stored.generation.attempt, answer_of(stored)))
        return over


class FakeUsage(UsageRepositoryInterface):
    def __init__(self, tables: Tables, clock: FrozenClock) -> None:
        self._rows = tables.usage
        self._clock = clock

    async def add(self, generation: Generation, model: str, used: Usage) -> None:
        before = self._rows.get(generation.id)
        total = used if before is None else _sum(before.usage, used)
        self._rows[generation.id] = StoredUsage(generation.user_id, self._clock.now(), model, total)

    async def by_day(
        self, user_id: UUID, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        rows = [one for one in self._within(period) if one.user_id == user_id]
        keys = {(one.ended_at.date(), one.model) for one in rows}
        lines = [
            _line(user_id, model, day, [one for one in rows if (one.ended_at.date(), one.model) == (day, model)])
            for day, model in sorted(keys, key=lambda key: (-key[0].toordinal(), key[1]))
        ]
        place = (-after.day.toordinal(), after.model) if after else (float("-inf"), "")
        return [one for one in lines if one.day and (-one.day.toordinal(), one.model) > place][:limit]

    async def by_user(
        self, user_id: UUID | None, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        rows = [one for one in self._within(period) if user_id in (None, one.user_id)]
        lines = [
            _line(*key, None, [one for one in rows if (one.user_id, one.model) == key])
            for key in sorted({(one.user_id, one.model) for one in rows})
        ]
        return [one for one in lines if not after or (one.user_id, one.model) > (after.user_id, after.model)][:limit]

    def _within(self, period: Period) -> list[StoredUsage]:
        return [one for one in self._rows.values() if period.first <= one.ended_at.date() <= period.last]


def _sum(one: Usage, other: Usage) -> Usage:
    costs = [one.cost, other.cost]
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
        estimated=one.estimated or other.estimated,
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def _line(user_id: UUID, model: str, day: date | None, rows: Sequence[StoredUsage]) -> UsageLine:
    costs = [one.usage.cost for one in rows if one.usage.cost is not None]
    return UsageLine(
        day=day,
        user_id=user_id,
        model=model,
        answers=len(rows),
        prompt_tokens=sum(one.usage.prompt_tokens for one in rows),
        completion_tokens=sum(one.usage.completion_tokens for one in rows),
        estimated=any(one.usage.estimated for one in rows),
        cost=sum(costs) if costs else None,
    )


def _content(stored: StoredGeneration) -> str:
    return stored.ending.written.content if stored.ending else ""


def answer_of(stored: StoredGeneration) -> Answer:
    generation = stored.generation
    written = stored.ending.written if stored.ending else WrittenAnswer(content="")
    return Answer(
        **written.model_dump(),
        id=generation.id,
        message_id=generation.message_id,
        conversation_id=generation.conversation_id,
        state=generation.state,
        created_at=stored.created_at,
        problem=stored.ending.problem if stored.ending else None,
    )


def _wait(announcements: int, rules: RetryRules) -> timedelta:
    if announcements == 0:
        return timedelta(0)
    doubled: timedelta = rules.requeue_after * 2 ** (announcements - 1)
    return min(doubled, rules.requeue_at_most)


class FakeChatDatabase:
    """Calling it opens a unit of work: what is not committed is gone. `is_away`: every unit of work fails."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock = clock
        self.tables = Tables()
        self.outbox = FakeOutbox()
        self.is_away = False
        self.refused = 0

    def __call__(self) -> ChatUnitOfWorkInterface:
        return FakeChatUnitOfWork(self)


class FakeChatUnitOfWork(ChatUnitOfWorkInterface):
    def __init__(self, database: FakeChatDatabase) -> None:
        self._database = database

    async def __aenter__(self) -> Self:
        if self._database.is_away:
            self._database.refused += 1
            raise UpstreamUnavailableError("The database did not answer.")
        self._tables, clock = deepcopy(self._database.tables), self._database.clock
        self.outbox = FakeOutbox()
        self.conversations = FakeConversations(self._tables, clock)
        self.messages = FakeMessages(self._tables, clock)
        self.generations = FakeGenerations(self._tables, clock)
        self.answers = FakeAnswers(self._tables)
        self.facts = FakeFacts(self._tables)
        self.usage = FakeUsage(self._tables, clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        self._database.tables = self._tables
        self._database.outbox.events.extend(self.outbox.events)
