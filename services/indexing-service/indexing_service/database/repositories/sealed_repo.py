"""Sealed credentials in PostgreSQL."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from flash_core.database.errors import translated_errors
from indexing_service.database.tables import SourceRow
from indexing_service.interfaces.sealing import SealedCredentialsInterface


class SqlSealedCredentials(SealedCredentialsInterface):
    """Each call is a transaction of its own."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def all(self) -> dict[UUID, bytes]:
        statement = select(SourceRow.id, SourceRow.sealed_credentials).where(SourceRow.sealed_credentials.is_not(None))
        with translated_errors():
            async with self._sessions() as session:
                rows = await session.execute(statement)
                return {source_id: sealed for source_id, sealed in rows if sealed is not None}

    async def replace(self, source_id: UUID, old: bytes, new: bytes) -> bool:
        unchanged = (SourceRow.id == source_id) & (SourceRow.sealed_credentials == old)
        with translated_errors():
            async with self._sessions.begin() as session:
                done = await session.execute(
                    update(SourceRow).where(unchanged).values(sealed_credentials=new).returning(SourceRow.id)
                )
                return done.scalar_one_or_none() is not None
