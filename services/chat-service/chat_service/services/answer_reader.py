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
        async with self._feed(answer_id) as feed:
            if stored.state.is_terminal:
                await self._settle([feed])
            reading = AnswerReading(feed, after)
            while not (feed.is_over or self._closing):
                news = feed.news
                for frame in reading.due():
                    yield frame
                    reading.at = frame.position
                await news.wait()
            if not feed.is_over:
                return
            shown = await self._ended(reader, feed)
            reading = reading if shown is feed else AnswerReading(shown, reading.at)
            for frame in reading.due():
                yield frame
                reading.at = frame.position
            if end_again and reading.at == after:
                yield shown.end

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

    async def _ended(self, reader: Principal, feed: AnswerFeed) -> AnswerFeed:
        """What of a feed that is over may be shown now. It may hold what may not be read by now, if only the name of a
        page: then there is only the end, as it may be shown, which voids what was shown before.
        """
        if feed.is_removed:
            raise NotFoundError("There is no such answer (any more).")
        stored = await self._stored(reader, feed.answer_id)
        answer, is_whole = await self._disclosure.ended(stored, feed.document_ids, reader)
        if is_whole:
            return feed
        end_only = AnswerFeed(feed.answer_id, self._answers, self._broadcast)
        end_only.close(attempt=_AFTER_EVERY_ATTEMPT, answer=answer)
        return end_only

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
