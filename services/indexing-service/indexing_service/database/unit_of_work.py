"""The indexing database, one transaction at a time."""

from sqlalchemy.ext.asyncio import AsyncSession

from flash_core.database.unit_of_work import SqlOutbox, SqlUnitOfWork
from indexing_service.database.repositories.intake_repo import SqlIntakeRepository
from indexing_service.database.repositories.item_repo import SqlItemRepository
from indexing_service.database.repositories.job_repo import SqlJobRepository
from indexing_service.database.repositories.known_repo import SqlKnownRepository
from indexing_service.database.repositories.source_repo import SqlSourceRepository
from indexing_service.database.tables import OutboxRow
from indexing_service.interfaces import IndexingUnitOfWorkInterface


class SqlIndexingUnitOfWork(SqlUnitOfWork, IndexingUnitOfWorkInterface):
    def _bind(self, session: AsyncSession) -> None:
        self.sources = SqlSourceRepository(session)
        self.jobs = SqlJobRepository(session)
        self.items = SqlItemRepository(session)
        self.intake = SqlIntakeRepository(session)
        self.known = SqlKnownRepository(session)
        self.outbox = SqlOutbox(session, OutboxRow)
