"""Conversations in PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chat_service.database.tables import ConversationRow, MessageRow
from chat_service.interfaces import ConversationRepositoryInterface, ListPosition
from flash_core.models.conversation import Conversation, Mode, Role


class SqlConversationRepository(ConversationRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, conversation: Conversation, *, client_id: str | None) -> bool:
        statement = (
            insert(ConversationRow)
            .values(
                id=conversation.id,
                owner_id=conversation.owner_id,
                client_id=client_id,
                title=conversation.title,
                mode=conversation.mode,
                created_at=conversation.created_at,
                updated_at=conversation.updated_at,
            )
            .on_conflict_do_nothing(index_elements=["owner_id", "client_id"])
            .returning(ConversationRow.id)
        )
        return await self._session.scalar(statement) is not None

    async def get(self, conversation_id: UUID, *, owner_id: UUID) -> Conversation | None:
        return await self._one(ConversationRow.id == conversation_id, ConversationRow.owner_id == owner_id)

    async def named(self, client_id: str, *, owner_id: UUID) -> Conversation | None:
        return await self._one(ConversationRow.client_id == client_id, ConversationRow.owner_id == owner_id)

    async def lock(self, conversation_id: UUID) -> Conversation | None:
        return await self._one(ConversationRow.id == conversation_id, lock=True)

    async def page(
        self, owner_id: UUID, *, search: str, limit: int, after: ListPosition | None
    ) -> Sequence[Conversation]:
        order = tuple_(ConversationRow.updated_at, ConversationRow.id)
        statement = (
            select(ConversationRow)
            .where(ConversationRow.owner_id == owner_id)
            .order_by(ConversationRow.updated_at.desc(), ConversationRow.id.desc())
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(order < tuple_(after.updated_at, after.id))
        if search:
            said = select(MessageRow.id).where(
                MessageRow.conversation_id == ConversationRow.id,
                MessageRow.role == Role.USER,
                MessageRow.content.icontains(search, autoescape=True),
            )
            statement = statement.where(ConversationRow.title.icontains(search, autoescape=True) | said.exists())
        return [_conversation(row) for row in await self._session.scalars(statement)]

    async def rename(self, conversation_id: UUID, title: str) -> None:
        await self._update(conversation_id, title=title)

    async def touch(self, conversation_id: UUID) -> None:
        await self._update(conversation_id, updated_at=func.now())

    async def delete(self, conversation_id: UUID) -> None:
        await self._session.execute(delete(ConversationRow).where(ConversationRow.id == conversation_id))

    async def _one(self, *conditions: ColumnElement[bool], lock: bool = False) -> Conversation | None:
        statement = select(ConversationRow).where(*conditions).execution_options(populate_existing=True)
        row = await self._session.scalar(statement.with_for_update() if lock else statement)
        return None if row is None else _conversation(row)

    async def _update(self, conversation_id: UUID, **values: Any) -> None:
        statement = update(ConversationRow).where(ConversationRow.id == conversation_id).values(**values)
        await self._session.execute(statement)


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(row.id, row.owner_id, row.title, Mode(row.mode), row.created_at, row.updated_at)
