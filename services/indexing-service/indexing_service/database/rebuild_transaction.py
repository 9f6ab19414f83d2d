"""What a rebuild of the index reads and writes, one transaction at a time."""

from sqlalchemy.ext.asyncio import AsyncSession

from flash_core.database.unit_of_work import SqlTransaction
from indexing_service.database.repositories.rebuild_repo import SqlRebuildRepository
from indexing_service.database.repositories.source_repo import SqlSourceRepository
from indexing_service.interfaces.rebuilds import RebuildTransactionInterface


class SqlRebuildTransaction(SqlTransaction, RebuildTransactionInterface):
    def _bind(self, session: AsyncSession) -> None:
        self.rebuilds = SqlRebuildRepository(session)
        self.sources = SqlSourceRepository(session)
