"""What accepting, finishing, cancelling and reconciling share: announcing work and ending it, once."""

from typing import Annotated
from uuid import UUID

import structlog
from pydantic import Field, TypeAdapter

from chat_service.interfaces import ChatUnitOfWorkInterface, Ending, Generation
from chat_service.services.facts import FACTS_KEPT, established
from flash_core.errors import FlashError
from flash_core.interfaces.answer_log import (
    BEGINNING,
    TERMINAL_SEQUENCE,
    AnswerLogInterface,
    LoggedFrame,
    Position,
    cancel_channel,
)
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.messaging.events import QuestionAccepted
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import (
    Answer,
    AnswerFrame,
    DeltaFrame,
    DoneFrame,
    ErrorFrame,
    ResetFrame,
    SourcesFrame,
    WrittenAnswer,
)

log = structlog.get_logger(__name__)
_FRAME: TypeAdapter[AnswerFrame] = TypeAdapter(Annotated[AnswerFrame, Field(discriminator="type")])


async def announce(work: ChatUnitOfWorkInterface, generation: Generation) -> None:
    """Tell the workers of it when this transaction commits, and start the wait before they are told again."""
    await work.generations.announced(generation.id)
    work.outbox.add(accepted_event(generation))


def accepted_event(generation: Generation) -> QuestionAccepted:
    return QuestionAccepted(
        conversation_id=generation.conversation_id, generation_id=generation.id, request_id=generation.request_id
    )


async def end(
    work: ChatUnitOfWorkInterface, generation: Generation, ending: Ending, *, take_over: bool = False
) -> Answer | None:
    """Store the ending, the assistant's message with it, and give the conversation's next question its turn.

    The conversation must be locked. None when `generation.attempt` is not the one that counts (any more).
    """
    unfinished = await work.generations.unfinished(generation.conversation_id)
    if not await work.generations.end(generation.id, generation.attempt, ending, take_over=take_over):
        return None
    await work.messages.add_answer(generation, ending.written)
    if ending.state is GenerationState.DONE:
        await work.facts.add(generation, established(ending.written), keep=FACTS_KEPT)
    if ending.written.model:
        await work.usage.add(generation, ending.written.model, ending.written.usage)
    await work.conversations.touch(generation.conversation_id)
    if [one.id for one in unfinished[:1]] == [generation.id] and len(unfinished) > 1:
        await announce(work, unfinished[1])
    return await work.answers.get(generation.id, owner_id=generation.user_id)


def terminal_frame(answer: Answer) -> bytes:
    """`error` for an answer that failed, `done` for every other that is over."""
    frame: DoneFrame | ErrorFrame = DoneFrame(answer=answer)
    if answer.state is GenerationState.FAILED and answer.problem is not None:
        frame = ErrorFrame(problem=answer.problem)
    return frame.model_dump_json().encode()


async def hint_cancel(broadcast: BroadcastInterface, generation_id: UUID) -> None:
    """Tell the worker at once; if this is lost, its next heartbeat tells it."""
    try:
        await broadcast.publish(cancel_channel(generation_id), b"cancel")
    except FlashError as error:
        log.warning("generation.cancel_hint_lost", generation_id=str(generation_id), code=error.code)


async def written_so_far(answers: AnswerLogInterface, generation: Generation) -> WrittenAnswer:
    """What the last attempt has shown its readers: that is kept when the answer ends without it."""
    if generation.attempt == 0:
        return WrittenAnswer(content="")
    try:
        frames = await answers.read(generation.id, BEGINNING)
    except FlashError as error:
        log.warning("answer.log_away", generation_id=str(generation.id), code=error.code)
        return WrittenAnswer(content="")
    shown = WrittenAnswer(content="")
    for one in frames:
        shown = _shown(shown, _FRAME.validate_json(one.frame))
    return shown


def _shown(before: WrittenAnswer, frame: AnswerFrame) -> WrittenAnswer:
    match frame:
        case ResetFrame():
            return WrittenAnswer(content="")
        case SourcesFrame(sources=sources):
            return before.model_copy(update={"sources": sources})
        case DeltaFrame(text=text):
            return before.model_copy(update={"content": before.content + text})
        case _:
            return before


async def tell_readers(answers: AnswerLogInterface, answer: Answer, attempt: int) -> None:
    """Append the last frame to the log. It is stored already: readers find it there if the log does not take it."""
    frame = LoggedFrame(Position(attempt, TERMINAL_SEQUENCE), terminal_frame(answer))
    try:
        await answers.append(answer.id, [frame])
    except FlashError as error:
        log.warning("answer.log_refused", generation_id=str(answer.id), code=error.code)
