"""Messages and what their readers think of them, in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from chat_service.database.repositories.answer_repo import answer_of
from chat_service.database.tables import ConversationRow, FeedbackRow, GenerationRow, MessageRow
from chat_service.interfaces import Generation, MessageRepositoryInterface, Question
from flash_core.models.conversation import GenerationState, Mode, Role
from flash_core.schemas.chat import MessageResponse, Turn, WrittenAnswer


class SqlMessageRepository(MessageRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_question(self, question: Question) -> None:
        values = {
            "id": question.id,
            "conversation_id": question.conversation_id,
            "role": Role.USER,
            "content": question.content,
            "client_id": question.client_id,
            "fingerprint": question.fingerprint,
        }
        await self._session.execute(insert(MessageRow).values(**values))

    async def add_answer(self, generation: Generation, written: WrittenAnswer) -> None:
        values = {
            "id": generation.id,
            "conversation_id": generation.conversation_id,
            "role": Role.ASSISTANT,
            "generation_id": generation.id,
            "content": written.content,
            "written": written.model_dump(mode="json", exclude={"content"}),
        }
        await self._session.execute(insert(MessageRow).values(**values))

    async def named(self, conversation_id: UUID, client_id: str) -> Question | None:
        return await self._question(MessageRow.conversation_id == conversation_id, MessageRow.client_id == client_id)

    async def question_of(self, message_id: UUID, *, owner_id: UUID) -> Question | None:
        answered = select(GenerationRow.message_id).where(GenerationRow.id == message_id).scalar_subquery()
        owned = select(ConversationRow.id).where(ConversationRow.owner_id == owner_id)
        return await self._question(
            MessageRow.id == func.coalesce(answered, message_id), MessageRow.conversation_id.in_(owned)
        )

    async def page(self, conversation_id: UUID, *, limit: int, after: int) -> Sequence[tuple[int, MessageResponse]]:
        statement = (
            select(MessageRow)
            .where(MessageRow.conversation_id == conversation_id, MessageRow.place > after)
            .order_by(MessageRow.place)
            .limit(limit)
        )
        messages = (await self._session.scalars(statement)).all()
        by_id = await self._generations([message.generation_id for message in messages if message.generation_id])
        latest = await self._latest([message.id for message in messages if message.role == Role.USER])
        return [(message.place, _response(message, by_id, latest)) for message in messages]

    async def history(self, question_id: UUID, *, turns: int) -> Sequence[Turn]:
        asked, reply = aliased(MessageRow), aliased(MessageRow)
        this = select(MessageRow).where(MessageRow.id == question_id).subquery()
        answer = (
            select(reply.content)
            .join(GenerationRow, GenerationRow.id == reply.generation_id)
            .where(
                GenerationRow.message_id == asked.id,
                GenerationRow.mode == Mode.GENERAL,
                GenerationRow.state.in_([GenerationState.DONE, GenerationState.CANCELLED]),
                reply.content != "",
            )
            .order_by(reply.place.desc())
            .limit(1)
            .lateral()
        )
        statement = (
            select(asked.content, answer.c.content)
            .join(this, this.c.conversation_id == asked.conversation_id)
            .outerjoin(answer, true())
            .where(asked.role == Role.USER, asked.place < this.c.place)
            .order_by(asked.place.desc())
            .limit(turns)
        )
        history: list[Turn] = []
        for question, answered in reversed((await self._session.execute(statement)).all()):
            history.append(Turn(role=Role.USER, content=question))
            if answered is not None:
                history.append(Turn(role=Role.ASSISTANT, content=answered))
        return history

    async def rate(self, message_id: UUID, *, rating: str, reason: str | None, comment: str | None) -> None:
        values = {"rating": rating, "reason": reason, "comment": comment, "rated_at": func.now()}
        statement = insert(FeedbackRow).values(message_id=message_id, **values)
        await self._session.execute(statement.on_conflict_do_update(index_elements=["message_id"], set_=values))

    async def _question(self, *conditions: ColumnElement[bool]) -> Question | None:
        row = await self._session.scalar(select(MessageRow).where(*conditions, MessageRow.role == Role.USER))
        if row is None:
            return None
        return Question(row.id, row.conversation_id, row.content, row.client_id, row.fingerprint or "")

    async def _generations(self, ids: Sequence[UUID]) -> dict[UUID, GenerationRow]:
        rows = await self._session.scalars(select(GenerationRow).where(GenerationRow.id.in_(ids)))
        return {row.id: row for row in rows}

    async def _latest(self, message_ids: Sequence[UUID]) -> dict[UUID, GenerationRow]:
        statement = (
            select(GenerationRow)
            .ext(distinct_on(GenerationRow.message_id))
            .where(GenerationRow.message_id.in_(message_ids))
            .order_by(GenerationRow.message_id, GenerationRow.place.desc())
        )
        return {row.message_id: row for row in await self._session.scalars(statement)}


def _response(
    message: MessageRow, by_id: dict[UUID, GenerationRow], latest: dict[UUID, GenerationRow]
) -> MessageResponse:
    answering = by_id.get(message.generation_id) if message.generation_id else latest.get(message.id)
    return MessageResponse(
        id=message.id,
        conversation_id=message.conversation_id,
        role=Role(message.role),
        content=message.content,
        created_at=message.created_at,
        answer_id=answering.id if answering else None,
        answer_state=GenerationState(answering.state) if answering else None,
        answer=answer_of(answering, message) if answering and message.role == Role.ASSISTANT else None,
    )
