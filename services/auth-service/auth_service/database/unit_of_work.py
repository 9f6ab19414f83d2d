"""The auth database, one transaction at a time."""

from sqlalchemy.ext.asyncio import AsyncSession

from auth_service.database.repositories.account_repo import SqlAccountRepository
from auth_service.database.repositories.group_repo import SqlGroupRepository
from auth_service.database.repositories.key_repos import SqlApiKeyRepository, SqlSigningKeyRepository
from auth_service.database.repositories.session_repo import SqlSessionRepository
from auth_service.interfaces import AuthUnitOfWorkInterface
from flash_core.database.unit_of_work import SqlTransaction


class SqlAuthUnitOfWork(SqlTransaction, AuthUnitOfWorkInterface):
    def _bind(self, session: AsyncSession) -> None:
        self.accounts = SqlAccountRepository(session)
        self.groups = SqlGroupRepository(session)
        self.sessions = SqlSessionRepository(session)
        self.api_keys = SqlApiKeyRepository(session)
        self.signing_keys = SqlSigningKeyRepository(session)
