"""Following answers from any replica, from any position: the log while it lasts, the stored answer after that."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from uuid import UUID

import structlog

from chat_service.interfaces import ChatUnitOfWorkFactory
from chat_service.services.answer_feed import AnswerFeed, ReadyFrame
from chat_service.services.answer_reading import AnswerReading
from chat_service.services.disclosure import Disclosure
from flash_core.errors import FlashError, NotFoundError, OverloadedError
from flash_core.interfaces.answer_log import BEGINNING, AnswerLogInterface, Position
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import VisibleDocumentsInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.user import Principal
from flash_core.schemas.chat import Answer
from flash_core.utils.tasks import cancelled, end

log = structlog.get_logger(__name__)
_RETRY_SECONDS = 2.0
_AFTER_EVERY_ATTEMPT = 999_999
"""So that a reader's position in the log, whatever it was, is behind them."""


class AnswerReader(WorkerInterface):
    """One feed an answer, shared by its readers on this replica; it ends with the last of them.

    As a worker it asks the database, in one query for all, whether silent answers are over: that finds what was
    finished while Redis could not tell.
    """

    name = "answer-reader"

    def __init__(
        self,
        unit_of_work: ChatUnitOfWorkFactory,
        answers: AnswerLogInterface,
        broadcast: BroadcastInterface,
        documents: VisibleDocumentsInterface,
        clock: ClockInterface,
        silence_seconds: float,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._disclosure = Disclosure(documents, clock)
        self._answers = answers
        self._broadcast = broadcast
        self._silence_seconds = silence_seconds
        self._feeds: dict[UUID, AnswerFeed] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._closing = False

    async def get(self, reader: Principal, answer_id: UUID) -> Answer:
        """The answer as it is stored now and may be shown to its owner. `NotFoundError` for another's."""
        return await self._disclosure.answer(await self._stored(reader, answer_id), reader)

    async def follow(
        self, reader: Principal, answer_id: UUID, after: Position, *, end_again: bool = False
    ) -> AsyncGenerator[ReadyFrame]:
        """Every frame behind `after`, in order, to the last one; ends early when this replica shuts down. With
        `end_again` who has seen the last one gets it once more.

        Raises `NotFoundError` for another's answer, and when it is removed while it is followed.
        """
        stored = await self._stored(reader, answer_id)
        answer = await self._disclosure.answer(stored, reader)
        async with self._feed_of(answer, is_whole=self._disclosure.is_whole(stored, answer)) as feed:
            if answer.state.is_terminal:
                await self._settle([feed])
            reading = AnswerReading(feed, after)
            while not self._closing:
                news = feed.news
                for frame in reading.due():
                    yield frame
                    reading.at = frame.position
                if reading.is_over:
                    break
                await news.wait()
            if feed.is_removed:
                raise NotFoundError("There is no such answer (any more).")
            if end_again and feed.is_over and reading.at == after:
                yield feed.end

    async def wait(self, reader: Principal, answer_id: UUID, seconds: float) -> Answer:
        """The answer once it is over. `OverloadedError` when it is not within `seconds`; it goes on all the same."""
        try:
            async with asyncio.timeout(seconds), aclosing(self.follow(reader, answer_id, BEGINNING)) as frames:
                async for _ in frames:
                    pass
        except TimeoutError:
            log.info("answer.waited_too_long", generation_id=str(answer_id))
        answer = await self.get(reader, answer_id)
        if not answer.state.is_terminal:
            raise OverloadedError(
                f"The answer is not ready yet; it will be at /api/v1/answers/{answer_id}.", retry_after=_RETRY_SECONDS
            )
        return answer

    async def run(self) -> None:
        while not cancelled():
            await asyncio.sleep(self._silence_seconds)
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("answer.database_away", code=error.code)

    async def run_once(self) -> None:
        """Settle the answers that have been silent and are over."""
        before = time.monotonic() - self._silence_seconds
        silent = [feed for feed in self._feeds.values() if not feed.is_over and feed.heard_at <= before]
        await self._settle(silent)

    def close(self) -> None:
        """This replica shuts down: everyone who follows an answer here is let go, to go on elsewhere."""
        self._closing = True
        for feed in self._feeds.values():
            feed.tell()

    async def _stored(self, reader: Principal, answer_id: UUID) -> Answer:
        async with self._unit_of_work() as work:
            answer = await work.answers.get(answer_id, owner_id=reader.user_id)
        if answer is None:
            raise NotFoundError("There is no such answer.")
        return answer

    @asynccontextmanager
    async def _feed_of(self, answer: Answer, *, is_whole: bool) -> AsyncIterator[AnswerFeed]:
        """The log may still hold what may not be shown by now, if only the name of a page that was read: then there is
        only the end, as it may be shown.
        """
        if not is_whole:
            feed = AnswerFeed(answer.id, self._answers, self._broadcast)
            feed.close(attempt=_AFTER_EVERY_ATTEMPT, answer=answer)
            yield feed
            return
        async with self._feed(answer.id) as feed:
            yield feed

    @asynccontextmanager
    async def _feed(self, answer_id: UUID) -> AsyncIterator[AnswerFeed]:
        feed = self._feeds.get(answer_id)
        if feed is None:
            feed = self._feeds[answer_id] = AnswerFeed(answer_id, self._answers, self._broadcast)
            self._tasks[answer_id] = asyncio.create_task(feed.run(self._silence_seconds), name=f"feed:{answer_id}")
        feed.readers += 1
        try:
            yield feed
        finally:
            feed.readers -= 1
            if feed.readers == 0:
                del self._feeds[answer_id]
                await end([self._tasks.pop(answer_id)])

    async def _settle(self, feeds: list[AnswerFeed]) -> None:
        if not feeds:
            return
        by_id = {feed.answer_id: feed for feed in feeds}
        async with self._unit_of_work() as work:
            over = await work.answers.settled(list(by_id))
        for answer_id, attempt, answer in over:
            await by_id[answer_id].settle(attempt, answer)
