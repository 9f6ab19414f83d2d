"""Asking in a conversation, asking again, and saying what one thinks of an answer."""

from uuid import UUID

from fastapi import APIRouter, status

from chat_service.api.dependencies import ContainerDep, IdempotencyKey
from chat_service.interfaces import Asking
from flash_core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.schemas.chat import AcceptedResponse, FeedbackRequest, PostMessageRequest
from flash_core.utils.request_id import current_request_id
from flash_core.web.identity import CurrentUser
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/api/v1", tags=["messages"], responses=problems(UnauthenticatedError, InvalidInputError, NotFoundError)
)
_ACCEPT_PROBLEMS = problems(ConflictError, RateLimitedError, UpstreamUnavailableError)


@router.post(
    "/conversations/{conversation_id}/messages", status_code=status.HTTP_202_ACCEPTED, responses=_ACCEPT_PROBLEMS
)
async def post_message(
    conversation_id: UUID,
    body: PostMessageRequest,
    user: CurrentUser,
    container: ContainerDep,
    idempotency_key: IdempotencyKey = None,
) -> AcceptedResponse:
    """Accept a question. It is durable once this answers; the answer is at `/api/v1/answers/{answer_id}`."""
    asking = Asking(
        body.content, conversation_id, body.mode, body.filters, idempotency_key, request_id=current_request_id()
    )
    return AcceptedResponse.model_validate(await container.questions.accept(user, asking))


@router.post("/messages/{message_id}/regenerate", status_code=status.HTTP_202_ACCEPTED, responses=_ACCEPT_PROBLEMS)
async def regenerate(
    message_id: UUID, user: CurrentUser, container: ContainerDep, idempotency_key: IdempotencyKey = None
) -> AcceptedResponse:
    """Have a question answered once more, beside the answers it has. The message may be the question or an answer."""
    accepted = await container.questions.regenerate(
        user, message_id, client_id=idempotency_key, request_id=current_request_id()
    )
    return AcceptedResponse.model_validate(accepted)


@router.put("/messages/{message_id}/feedback", status_code=status.HTTP_204_NO_CONTENT)
async def feedback(message_id: UUID, body: FeedbackRequest, user: CurrentUser, container: ContainerDep) -> None:
    """Rate a message; the latest rating counts."""
    await container.conversations.rate(user.user_id, message_id, body)
