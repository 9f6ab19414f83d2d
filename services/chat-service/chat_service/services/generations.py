"""The life of a generation: leased to one worker at a time, ended once."""

from collections.abc import Callable
from uuid import UUID

import structlog

from chat_service.interfaces import ChatUnitOfWorkFactory, ChatUnitOfWorkInterface, Ending, Generation, RetryRules
from chat_service.services.endings import announce, end, hint_cancel, tell_readers, written_so_far
from flash_core.errors import FencedError, FlashError, InvalidInputError, NotFoundError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import AnswerLogInterface
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.generation import GenerationLeaseInterface
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import ClaimResponse, FinishRequest, ReleaseRequest
from flash_core.schemas.common import Problem

log = structlog.get_logger(__name__)

Describe = Callable[[FlashError], Problem]
"""Makes the problem document of an error."""


class GenerationManager(GenerationLeaseInterface):
    """What workers may do with a generation, and what its asker may: cancel it."""

    def __init__(
        self,
        unit_of_work: ChatUnitOfWorkFactory,
        answers: AnswerLogInterface,
        broadcast: BroadcastInterface,
        rules: RetryRules,
        describe: Describe,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._answers = answers
        self._broadcast = broadcast
        self._rules = rules
        self._describe = describe

    async def claim(self, generation_id: UUID, worker: str) -> ClaimResponse:
        """The work under a new attempt. Of several concurrent claims one succeeds."""
        async with self._unit_of_work() as work:
            claim = await work.generations.claim(generation_id, worker, self._rules)
            if claim is None:
                raise await _refusal(work, generation_id)
            generation = claim.generation
            history = await work.messages.history(generation.message_id, turns=self._rules.history_turns)
            facts = await work.facts.before(generation.message_id)
            first = await work.generations.first_of(generation.message_id)
            await work.commit()
        log.info("generation.claimed", generation_id=str(generation_id), attempt=generation.attempt, worker=worker)
        return ClaimResponse(
            generation_id=generation.id,
            conversation_id=generation.conversation_id,
            message_id=generation.message_id,
            attempt=generation.attempt,
            lease_seconds=self._rules.lease.total_seconds(),
            deadline=claim.deadline,
            queued_ms=round(claim.queued.total_seconds() * 1000, 1),
            question=claim.question,
            mode=generation.mode,
            filters=generation.filters,
            history=list(history),
            facts=list(facts),
            regenerated=first is not None and first.id != generation.id,
            user_id=generation.user_id,
            roles=list(generation.roles),
            groups=list(generation.groups),
            request_id=generation.request_id,
        )

    async def heartbeat(self, generation_id: UUID, attempt: int) -> bool:
        async with self._unit_of_work() as work:
            cancel_requested = await work.generations.heartbeat(generation_id, attempt, self._rules.lease)
            if cancel_requested is None:
                raise await _refusal(work, generation_id)
            await work.commit()
        return cancel_requested

    async def release(self, generation_id: UUID, left: ReleaseRequest) -> None:
        async with self._unit_of_work() as work:
            generation = await work.generations.release(generation_id, left.attempt)
            if generation is None:
                raise await _refusal(work, generation_id)
            if left.model:
                await work.usage.add(generation, left.model, left.usage)
            await announce(work, generation)
            await work.commit()
        log.info("generation.released", generation_id=str(generation_id), attempt=left.attempt)

    async def finish(self, generation_id: UUID, outcome: FinishRequest) -> None:
        """Store the answer, then tell its readers; if they can't be told they find it stored."""
        ending = self._ending(outcome)
        async with self._unit_of_work() as work:
            generation = await _locked(work, generation_id)
            if generation.attempt != outcome.attempt or generation.state is GenerationState.QUEUED:
                raise FencedError("Another attempt has taken this question over.")
            answer = None if generation.state.is_terminal else await end(work, generation, ending)
            if answer is None:  # the same outcome again: the first may have ended before its readers were told
                answer = await work.answers.get(generation.id, owner_id=generation.user_id)
            await work.commit()
        log.info("generation.finished", generation_id=str(generation_id), attempt=outcome.attempt, state=ending.state)
        if answer is not None:
            await tell_readers(self._answers, answer, outcome.attempt)

    async def cancel(self, owner_id: UUID, answer_id: UUID) -> None:
        """Stop it: at once when nobody works on it, else as soon as its worker hears of it. What was written stays."""
        async with self._unit_of_work() as work:
            if await work.answers.get(answer_id, owner_id=owner_id) is None:
                raise NotFoundError("There is no such answer.")
            generation = await _locked(work, answer_id)
            if generation.state.is_terminal:
                return
            ended = None
            if generation.state is GenerationState.QUEUED:
                ending = Ending(GenerationState.CANCELLED, await written_so_far(self._answers, generation))
                ended = await end(work, generation, ending, take_over=True)
            if ended is None:
                await work.generations.request_cancel(answer_id)
            await work.commit()
        log.info("generation.cancelled", generation_id=str(answer_id), queued=ended is not None)
        if ended is None:
            await hint_cancel(self._broadcast, answer_id)
        else:
            await tell_readers(self._answers, ended, generation.attempt + 1)

    def _ending(self, outcome: FinishRequest) -> Ending:
        if not outcome.state.is_terminal:
            raise InvalidInputError("A generation finishes as done, failed or cancelled.")
        problem = outcome.problem
        if outcome.state is GenerationState.FAILED and problem is None:
            problem = self._describe(UpstreamUnavailableError("The answer could not be written."))
        return Ending(outcome.state, outcome.answer, problem if outcome.state is GenerationState.FAILED else None)


async def _locked(work: ChatUnitOfWorkInterface, generation_id: UUID) -> Generation:
    """The generation as it stands while its conversation is locked."""
    generation = await work.generations.get(generation_id)
    if generation is not None and await work.conversations.lock(generation.conversation_id) is not None:
        generation = await work.generations.get(generation_id)
        if generation is not None:
            return generation
    raise NotFoundError("There is no such generation.")


async def _refusal(work: ChatUnitOfWorkInterface, generation_id: UUID) -> FlashError:
    if await work.generations.get(generation_id) is None:
        return NotFoundError("There is no such generation.")
    return FencedError("This is done, not yet its turn, or somebody else's.")
