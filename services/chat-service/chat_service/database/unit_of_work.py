"""The chat database, one transaction at a time."""

from sqlalchemy.ext.asyncio import AsyncSession

from chat_service.database.repositories.answer_repo import SqlAnswerRepository
from chat_service.database.repositories.conversation_repo import SqlConversationRepository
from chat_service.database.repositories.fact_repo import SqlFactRepository
from chat_service.database.repositories.generation_repo import SqlGenerationRepository
from chat_service.database.repositories.message_repo import SqlMessageRepository
from chat_service.database.repositories.usage_repo import SqlUsageRepository
from chat_service.database.tables import OutboxRow
from chat_service.interfaces import ChatUnitOfWorkInterface
from flash_core.database.unit_of_work import SqlOutbox, SqlUnitOfWork


class SqlChatUnitOfWork(SqlUnitOfWork, ChatUnitOfWorkInterface):
    def _bind(self, session: AsyncSession) -> None:
        self.conversations = SqlConversationRepository(session)
        self.messages = SqlMessageRepository(session)
        self.generations = SqlGenerationRepository(session)
        self.answers = SqlAnswerRepository(session)
        self.facts = SqlFactRepository(session)
        self.usage = SqlUsageRepository(session)
        self.outbox = SqlOutbox(session, OutboxRow)
