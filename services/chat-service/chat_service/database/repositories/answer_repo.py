"""Generations as their readers see them, from PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chat_service.database.tables import ConversationRow, GenerationRow, MessageRow
from chat_service.interfaces import AnswerRepositoryInterface
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import Answer


class SqlAnswerRepository(AnswerRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, answer_id: UUID, *, owner_id: UUID) -> Answer | None:
        statement = (
            select(GenerationRow, MessageRow)
            .outerjoin(MessageRow, MessageRow.id == GenerationRow.id)
            .join(ConversationRow, ConversationRow.id == GenerationRow.conversation_id)
            .where(GenerationRow.id == answer_id, ConversationRow.owner_id == owner_id)
            .execution_options(populate_existing=True)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else answer_of(*row)

    async def settled(self, answer_ids: Sequence[UUID]) -> Sequence[tuple[UUID, int, Answer | None]]:
        statement = (
            select(GenerationRow, MessageRow)
            .outerjoin(MessageRow, MessageRow.id == GenerationRow.id)
            .where(GenerationRow.id.in_(answer_ids))
            .execution_options(populate_existing=True)
        )
        found = {row.id: (row, message) for row, message in await self._session.execute(statement)}
        over: list[tuple[UUID, int, Answer | None]] = [(one, 0, None) for one in answer_ids if one not in found]
        for row, message in found.values():
            if GenerationState(row.state).is_terminal:
                over.append((row.id, row.attempt, answer_of(row, message)))
        return over


def answer_of(row: GenerationRow, message: MessageRow | None) -> Answer:
    """The Answer of the wire; `message` is the assistant's, None while it is being written."""
    return Answer.model_validate(
        {
            **(message.written or {} if message is not None else {}),
            "content": message.content if message is not None else "",
            "id": row.id,
            "message_id": row.message_id,
            "conversation_id": row.conversation_id,
            "state": row.state,
            "created_at": row.created_at,
            "problem": row.problem,
        }
    )
