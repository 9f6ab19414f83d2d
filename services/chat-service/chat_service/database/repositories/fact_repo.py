"""What conversations have established, in PostgreSQL."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from chat_service.database.tables import FactRow, MessageRow
from chat_service.interfaces import Established, FactRepositoryInterface, Generation
from flash_core.schemas.chat import Fact


class SqlFactRepository(FactRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, generation: Generation, facts: Sequence[Established], *, keep: int) -> None:
        rows = {
            _digest(fact.statement): {
                "conversation_id": generation.conversation_id,
                "message_id": generation.message_id,
                "digest": _digest(fact.statement),
                "statement": fact.statement,
                "document_ids": list(fact.document_ids),
                "titles": list(fact.titles),
                "versions": list(fact.versions),
            }
            for fact in facts
        }
        if not rows:
            return
        of_conversation = FactRow.conversation_id == generation.conversation_id
        await self._session.execute(delete(FactRow).where(of_conversation, FactRow.digest.in_(rows)))
        await self._session.execute(insert(FactRow).values(list(rows.values())))
        newest = select(FactRow.place).where(of_conversation).order_by(FactRow.place.desc()).limit(keep)
        await self._session.execute(delete(FactRow).where(of_conversation, FactRow.place.not_in(newest)))

    async def before(self, question_id: UUID) -> Sequence[Fact]:
        asked, this = aliased(MessageRow), aliased(MessageRow)
        statement = (
            select(FactRow, asked.content)
            .join(asked, asked.id == FactRow.message_id)
            .join(this, this.conversation_id == FactRow.conversation_id)
            .where(this.id == question_id, asked.place < this.place)
            .order_by(FactRow.place)
        )
        return [
            Fact(
                question=question,
                statement=row.statement,
                document_ids=row.document_ids,
                titles=row.titles,
                versions=row.versions,
            )
            for row, question in await self._session.execute(statement)
        ]


def _digest(statement: str) -> str:
    """The same for the same words, however they are written."""
    return hashlib.sha256(statement.casefold().encode()).hexdigest()
