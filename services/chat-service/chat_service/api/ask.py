"""Ask and wait, in one request."""

from fastapi import APIRouter

from chat_service.api.dependencies import ContainerDep, IdempotencyKey
from chat_service.interfaces import Asking
from flash_core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OverloadedError,
    RateLimitedError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import AskRequest, AskResponse
from flash_core.utils.request_id import current_request_id
from flash_core.web.identity import CurrentUser
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/api/v1/chat",
    tags=["ask"],
    responses=problems(
        UnauthenticatedError, InvalidInputError, NotFoundError, ConflictError, RateLimitedError, OverloadedError
    ),
)


@router.post("")
async def ask(
    body: AskRequest, user: CurrentUser, container: ContainerDep, idempotency_key: IdempotencyKey = None
) -> AskResponse:
    """The whole answer at once. 503 when it takes too long: it is written all the same, `detail` says where it is."""
    accepted = await container.questions.accept(
        user,
        Asking(
            body.query,
            body.conversation_id,
            body.mode,
            client_id=idempotency_key,
            request_id=current_request_id(),
        ),
    )
    answer = await container.reader.wait(user, accepted.answer_id, container.settings.chat_ask_seconds)
    if answer.state is GenerationState.FAILED:
        reason = answer.problem.detail if answer.problem else "The question could not be answered."
        raise UpstreamUnavailableError(f"{reason} (answer {answer.id})")
    return AskResponse(
        response=answer.content,
        mode=accepted.mode,
        sources=answer.sources,
        confidence=answer.confidence,
        conversation_id=answer.conversation_id,
        message_id=answer.message_id,
        created_at=answer.created_at,
    )
