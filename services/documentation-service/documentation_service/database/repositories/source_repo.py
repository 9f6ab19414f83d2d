"""Sources in PostgreSQL."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.tables import SourceRow
from documentation_service.interfaces import Source, SourceRepositoryInterface
from flash_core.errors import ConflictError


class SqlSourceRepository(SourceRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, source_id: UUID) -> Source | None:
        row = await self._session.get(SourceRow, source_id)
        return _source(row) if row and row.deleted_at is None else None

    async def put(self, source: Source) -> Source | None:
        new = {"name": source.name, "provider": source.provider, "groups": sorted(source.groups)}
        before = await self._session.scalar(
            insert(SourceRow).values(id=source.id, **new).on_conflict_do_nothing().returning(SourceRow.id)
        )
        if before is not None:
            return None
        row = await self._session.get_one(SourceRow, source.id, with_for_update=True)
        if row.deleted_at is not None:
            raise ConflictError("This source was deleted.")
        known = _source(row)
        row.name, row.provider, row.groups = source.name, source.provider, sorted(source.groups)
        return known

    async def delete(self, source_id: UUID) -> bool:
        row = await self._session.get(SourceRow, source_id, with_for_update=True)
        if row is None or row.deleted_at is not None:
            return False
        row.deleted_at = await self._session.scalar(select(func.now()))
        await self._session.flush()
        return True


def _source(row: SourceRow) -> Source:
    return Source(row.id, row.name, row.provider, frozenset(row.groups))
