"""The chat service's use cases around one database in memory, and workers and pages to drive them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from chat_service.interfaces import Accepted, Asking, RetryRules
from chat_service.services.answer_feed import AnswerFeed
from chat_service.services.answer_reader import AnswerReader
from chat_service.services.answer_reading import AnswerReading
from chat_service.services.conversations import ConversationManager
from chat_service.services.generations import GenerationManager
from chat_service.services.questions import QuestionDesk
from chat_service.services.reconciler import Reconciler
from flash_core.errors import FencedError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import BEGINNING, LoggedFrame, Position
from flash_core.messaging.events import QuestionAccepted
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import (
    Answer,
    AnswerFrame,
    ClaimResponse,
    DeltaFrame,
    FinishRequest,
    ResetFrame,
    Source,
    StatusFrame,
    WrittenAnswer,
)
from flash_core.testing.ai_fakes import FakeVisibleDocuments
from flash_core.testing.fakes import FakeAnswerLog, FakeBroadcast, FrozenClock
from flash_core.web.problems import problem_of
from tests.unit.chat_service.fakes import FakeChatDatabase
from tests.unit.chat_service.people import ALICE

RULES = RetryRules(
    lease=timedelta(seconds=10),
    deadline=timedelta(seconds=300),
    max_attempts=3,
    max_waiting=5,
    history_turns=3,
    requeue_after=timedelta(seconds=5),
    requeue_at_most=timedelta(seconds=60),
)


class FragileLog(FakeAnswerLog):
    """`is_away`: it can't be reached. Counts how often it was asked."""

    is_away = False
    reads = 0

    async def append(self, generation_id: UUID, frames: Sequence[LoggedFrame]) -> None:
        self._check()
        await super().append(generation_id, frames)

    async def read(self, generation_id: UUID, after: Position) -> list[LoggedFrame]:
        self.reads += 1
        self._check()
        return await super().read(generation_id, after)

    def _check(self) -> None:
        if self.is_away:
            raise UpstreamUnavailableError("Redis did not answer.")


class FragileBroadcast(FakeBroadcast):
    is_away = False

    async def publish(self, channel: str, message: bytes) -> None:
        if self.is_away:
            raise UpstreamUnavailableError("Redis did not answer.")
        await super().publish(channel, message)


async def until(condition: Callable[[], object]) -> None:
    """Let the others work until `condition()` is true."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # a condition has no event
            await asyncio.sleep(0.001)


class World:
    def __init__(self, silence_seconds: float = 60) -> None:
        self.clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.database = FakeChatDatabase(self.clock)
        self.broadcast = FragileBroadcast()
        self.log = FragileLog(broadcast=self.broadcast)
        self.questions = QuestionDesk(self.database, self.clock, RULES)
        self.documents = FakeVisibleDocuments()
        self.conversations = ConversationManager(self.database, self.broadcast, self.clock, self.documents)
        self.generations = GenerationManager(self.database, self.log, self.broadcast, RULES, problem_of)
        self.reconciler = Reconciler(self.database, self.log, RULES, problem_of, 0.001)
        self.reader = AnswerReader(self.database, self.log, self.broadcast, self.documents, self.clock, silence_seconds)

    async def ask(self, content: str = "How many?", **asking: object) -> Accepted:
        return await self.questions.accept(ALICE, Asking(content, **asking))  # type: ignore[arg-type]  # by name

    async def claim(self, answer_id: UUID) -> "Attempt":
        return Attempt(self, await self.generations.claim(answer_id, "worker"))

    async def answer(self, answer_id: UUID) -> Answer:
        return await self.reader.get(ALICE, answer_id)

    def announced(self) -> list[UUID]:
        events = self.database.outbox.events
        return [event.generation_id for event in events if isinstance(event, QuestionAccepted)]


@dataclass
class Attempt:
    """One attempt to write an answer, as ai-main makes it; what its log does not take it says again from the start."""

    world: World
    work: ClaimResponse
    content: str = ""
    sequence: int = 0
    is_fenced: bool = False

    async def begin(self) -> None:
        await self.push(*([ResetFrame()] if self.work.attempt > 1 else []), StatusFrame(stage="writing"))

    async def write(self, text: str) -> None:
        self.content += text
        await self.push(DeltaFrame(text=text))

    async def push(self, *frames: AnswerFrame) -> None:
        logged = []
        for frame in frames:
            self.sequence += 1
            position = Position(self.work.attempt, self.sequence)
            logged.append(LoggedFrame(position, frame.model_dump_json().encode()))
        try:
            await self.world.log.append(self.work.generation_id, logged)
        except FencedError:
            self.is_fenced = True

    async def finish(self, state: GenerationState = GenerationState.DONE, sources: Sequence[Source] = ()) -> None:
        answer = WrittenAnswer(content=self.content, sources=list(sources))
        outcome = FinishRequest(attempt=self.work.attempt, state=state, answer=answer)
        await self.world.generations.finish(self.work.generation_id, outcome)


@dataclass
class Page:
    """What a browser shows of an answer. It may look through any replica, or through another each time."""

    answer_id: UUID
    text: str = ""
    at: Position = BEGINNING
    seen: list[str] = field(default_factory=list)
    answer: dict[str, object] | None = None
    is_over: bool = False

    async def look(self, world: World, feed: AnswerFeed | None = None) -> None:
        """Read what there is now: the log, and the database when it says that the answer is over."""
        feed = feed or AnswerFeed(self.answer_id, world.log, world.broadcast)
        await feed.catch_up()
        async with world.database() as work:
            for _, attempt, answer in await work.answers.settled([self.answer_id]):
                await feed.settle(attempt, answer)
        reading = AnswerReading(feed, self.at)
        for frame in reading.due():
            reading.at = frame.position
            self._take(orjson.loads(frame.text), frame.position)

    def _take(self, frame: dict[str, object], position: Position) -> None:
        assert position > self.at, "positions only grow"
        assert frame["answer_id"] == str(self.answer_id), "no word of another answer"
        assert not self.is_over, "nothing follows the end"
        self.at = position
        self.seen.append(str(frame["type"]))
        if frame["type"] == "reset":
            self.text = ""
        self.text += str(frame.get("text", ""))
        self.is_over = frame["type"] in {"done", "error"}
        answer = frame.get("answer")
        self.answer = answer if isinstance(answer, dict) else None


async def worked_off(world: World) -> None:
    """Let workers that do not die, and the reconciler, run until nothing is unfinished."""
    for _ in range(100):
        rows = world.database.tables.generations.values()
        unfinished = [row.generation.id for row in rows if row.is_unfinished]
        if not unfinished:
            return
        for answer_id in unfinished:
            try:
                attempt = await world.claim(answer_id)
            except (FencedError, NotFoundError):
                continue
            await attempt.begin()
            await attempt.write("At last.")
            await attempt.finish()
        world.clock.advance(seconds=11)
        await world.reconciler.run_once()
    raise AssertionError("something is never finished")
