"""Answers over HTTP: as they are, as they are being written, and stopped."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response, status
from fastapi.responses import StreamingResponse

from chat_service.api.dependencies import ContainerDep
from chat_service.api.events import event_stream
from flash_core.errors import BadRequestError, InvalidInputError, NotFoundError, UnauthenticatedError
from flash_core.interfaces.answer_log import BEGINNING, TERMINAL_SEQUENCE, Position
from flash_core.schemas.chat import Answer
from flash_core.web.identity import CurrentUser
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/api/v1/answers",
    tags=["answers"],
    responses=problems(UnauthenticatedError, InvalidInputError, NotFoundError),
)
LastEventId = Annotated[str | None, Header(max_length=100, description="The position after which to go on.")]
After = Annotated[str | None, Query(max_length=100, description="The same, for clients that can't send the header.")]


@router.get("/{answer_id}")
async def get(answer_id: UUID, user: CurrentUser, container: ContainerDep) -> Answer:
    return await container.reader.get(user, answer_id)


@router.get(
    "/{answer_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "The frames of the answer; `id` is the position."},
        204: {"description": "The reader has seen the last frame."},
        **problems(BadRequestError),
    },
)
async def events(
    answer_id: UUID,
    user: CurrentUser,
    container: ContainerDep,
    last_event_id: LastEventId = None,
    after: After = None,
) -> Response:
    """Server-sent events: the frames of the WebSocket. Ends after `done` or `error`."""
    given = last_event_id or after
    position = Position.parse(given) if given else BEGINNING
    answer = await container.reader.get(user, answer_id)
    if answer.state.is_terminal and position.sequence == TERMINAL_SEQUENCE:
        return Response(status_code=status.HTTP_204_NO_CONTENT)  # tells an EventSource not to come back
    return StreamingResponse(
        event_stream(container.reader.follow(user, answer_id, position), container.settings.chat_heartbeat_seconds),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.post("/{answer_id}/cancel", status_code=status.HTTP_202_ACCEPTED)
async def cancel(answer_id: UUID, user: CurrentUser, container: ContainerDep) -> None:
    """Stop writing; what was written so far is kept. An answer that is over stays as it is."""
    await container.generations.cancel(user.user_id, answer_id)
