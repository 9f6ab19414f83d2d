"""The one loop behind "none is lost": PostgreSQL, not Redis, says what is unfinished."""

import asyncio

import structlog

from chat_service.interfaces import ChatUnitOfWorkFactory, Ending, Generation, Hopeless, RetryRules
from chat_service.services.endings import accepted_event, end, tell_readers, written_so_far
from chat_service.services.generations import Describe
from flash_core.errors import FlashError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import AnswerLogInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import WrittenAnswer
from flash_core.utils.tasks import cancelled

log = structlog.get_logger(__name__)
_BATCH = 200
_WHY = {
    Hopeless.LATE: "The question could not be answered in time. Please ask again.",
    Hopeless.EXHAUSTED: "The question could not be answered: every attempt was interrupted. Please ask again.",
}


class Reconciler(WorkerInterface):
    """Announces questions again whose event or worker was lost, and ends those that nobody will end any more.

    Safe in every replica: rows are locked or changed on a condition, so each is announced or ended by one of them.
    """

    name = "reconciler"

    def __init__(
        self,
        unit_of_work: ChatUnitOfWorkFactory,
        answers: AnswerLogInterface,
        rules: RetryRules,
        describe: Describe,
        interval_seconds: float,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._answers = answers
        self._rules = rules
        self._describe = describe
        self._interval_seconds = interval_seconds

    async def run(self) -> None:
        while not cancelled():
            try:
                await self.run_once()
            except FlashError as error:
                log.warning("reconciler.stalled", code=error.code)
            await asyncio.sleep(self._interval_seconds)

    async def run_once(self) -> int:
        """How many generations were announced again or ended."""
        async with self._unit_of_work() as work:
            waiting = await work.generations.requeue(self._rules, limit=_BATCH)
            for generation in waiting:
                work.outbox.add(accepted_event(generation))
            await work.commit()
        for generation in waiting:
            log.info("generation.requeued", generation_id=str(generation.id), attempt=generation.attempt)
        async with self._unit_of_work() as work:
            hopeless = await work.generations.hopeless(self._rules, limit=_BATCH)
        for generation, why in hopeless:
            await self._give_up(generation, why)
        return len(waiting) + len(hopeless)

    async def _give_up(self, generation: Generation, why: Hopeless) -> None:
        written = await written_so_far(self._answers, generation)
        async with self._unit_of_work() as work:
            if await work.conversations.lock(generation.conversation_id) is None:
                return  # deleted meanwhile
            answer = await end(work, generation, self._ending(why, written), take_over=True)
            await work.commit()
        if answer is not None:
            log.info("generation.given_up", generation_id=str(generation.id), why=why, attempt=generation.attempt)
            await tell_readers(self._answers, answer, generation.attempt + 1)

    def _ending(self, why: Hopeless, written: WrittenAnswer) -> Ending:
        if why is Hopeless.CANCELLED:
            return Ending(GenerationState.CANCELLED, written)
        return Ending(GenerationState.FAILED, written, self._describe(UpstreamUnavailableError(_WHY[why])))
