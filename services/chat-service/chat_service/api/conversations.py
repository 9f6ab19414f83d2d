"""Conversations over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from chat_service.api.dependencies import ContainerDep
from chat_service.interfaces import ListPosition
from flash_core.errors import BadRequestError, InvalidInputError, NotFoundError, UnauthenticatedError
from flash_core.models.conversation import Conversation
from flash_core.schemas.chat import (
    ConversationResponse,
    CreateConversationRequest,
    MessageResponse,
    UpdateConversationRequest,
)
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentUser
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/api/v1/conversations", tags=["conversations"], responses=problems(UnauthenticatedError, InvalidInputError)
)
Search = Annotated[
    str, Query(alias="q", max_length=200, pattern=r"^[^\x00]*$", description="Occurs in the title or in a message.")
]


@router.post("", status_code=status.HTTP_201_CREATED)
async def create(
    user: CurrentUser, container: ContainerDep, body: CreateConversationRequest | None = None
) -> ConversationResponse:
    """Begin a conversation; without a title its first question gives it one."""
    body = body or CreateConversationRequest()
    return _response(await container.conversations.create(user.user_id, body.title, body.mode))


@router.get("", responses=problems(BadRequestError))
async def page(
    user: CurrentUser, container: ContainerDep, request: PageQuery, search: Search = ""
) -> Page[ConversationResponse]:
    """The user's conversations, most recently active first."""
    rows = await container.conversations.page(
        user.user_id, search=search.strip(), limit=request.rows, after=_list_position(request.after)
    )
    return page_of(rows, request, key=lambda row: f"{row.updated_at.isoformat()} {row.id}", item=_response)


@router.get("/{conversation_id}", responses=problems(NotFoundError))
async def get(conversation_id: UUID, user: CurrentUser, container: ContainerDep) -> ConversationResponse:
    return _response(await container.conversations.get(user.user_id, conversation_id))


@router.patch("/{conversation_id}", responses=problems(NotFoundError))
async def rename(
    conversation_id: UUID, body: UpdateConversationRequest, user: CurrentUser, container: ContainerDep
) -> ConversationResponse:
    """Give it another title. Its place in the list stays: `updated_at` is when something was said in it."""
    return _response(await container.conversations.rename(user.user_id, conversation_id, body.title))


@router.delete("/{conversation_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(NotFoundError))
async def delete(conversation_id: UUID, user: CurrentUser, container: ContainerDep) -> None:
    """Remove it with everything said in it; an answer that is being written stops."""
    await container.conversations.delete(user.user_id, conversation_id)


@router.get("/{conversation_id}/messages", responses=problems(NotFoundError, BadRequestError))
async def messages(
    conversation_id: UUID, user: CurrentUser, container: ContainerDep, request: PageQuery
) -> Page[MessageResponse]:
    """What was said, oldest first."""
    rows = await container.conversations.messages(
        user, conversation_id, limit=request.rows, after=_place(request.after)
    )
    return page_of(rows, request, key=lambda row: row[0], item=lambda row: row[1])


def _response(conversation: Conversation) -> ConversationResponse:
    return ConversationResponse.model_validate(conversation)


def _list_position(after: str | None) -> ListPosition | None:
    if after is None:
        return None
    moment, _, conversation_id = after.partition(" ")
    try:
        position = ListPosition(datetime.fromisoformat(moment), UUID(conversation_id))
    except ValueError as error:
        raise BadRequestError("The cursor is not one of this list.") from error
    if position.updated_at.tzinfo is None:
        raise BadRequestError("The cursor is not one of this list.")
    return position


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isascii() or not after.isdigit() or len(after) > _MAX_DIGITS:
        raise BadRequestError("The cursor is not one of this list.")
    return int(after)


_MAX_DIGITS = 18  # fits PostgreSQL's bigint
