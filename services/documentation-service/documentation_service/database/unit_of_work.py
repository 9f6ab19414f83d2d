"""The documentation database, one transaction at a time."""

from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.repositories.alias_repo import SqlAliasRepository
from documentation_service.database.repositories.calibration_repo import SqlCalibrationRepository
from documentation_service.database.repositories.chore_repo import SqlChoreRepository
from documentation_service.database.repositories.document_repo import SqlDocumentRepository
from documentation_service.database.repositories.source_repo import SqlSourceRepository
from documentation_service.interfaces import DocumentationTransactionInterface
from flash_core.database.unit_of_work import SqlTransaction


class SqlDocumentationTransaction(SqlTransaction, DocumentationTransactionInterface):
    def _bind(self, session: AsyncSession) -> None:
        self.sources = SqlSourceRepository(session)
        self.documents = SqlDocumentRepository(session)
        self.chores = SqlChoreRepository(session)
        self.aliases = SqlAliasRepository(session)
        self.calibrations = SqlCalibrationRepository(session)
