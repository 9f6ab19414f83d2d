"""Sources in PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flash_core.models.user import Principal
from flash_core.schemas.indexing import SourceType
from indexing_service.database.tables import JobRow, KnownDocumentRow, SourceRow
from indexing_service.interfaces import Source, SourceRepositoryInterface
from indexing_service.interfaces.syncing import SyncState


class SqlSourceRepository(SourceRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, source: Source) -> None:
        await self._session.execute(insert(SourceRow).values(_values(source)))

    async def get(self, source_id: UUID, *, locked: bool = False) -> Source | None:
        statement = _with_last_job().where(SourceRow.id == source_id)
        if locked:
            statement = statement.with_for_update(of=SourceRow)
        return _source((await self._session.execute(statement)).one_or_none())

    async def default(self, candidate: Source) -> Source:
        await self._session.execute(insert(SourceRow).values(_values(candidate)).on_conflict_do_nothing())
        found = _source((await self._session.execute(_with_last_job().where(SourceRow.is_default))).one())
        return found or candidate

    async def page(self, reader: Principal | None, after: UUID | None, limit: int) -> list[Source]:
        statement = _with_last_job().order_by(SourceRow.id).limit(limit)
        if reader is not None:
            statement = statement.where(open_to(reader))
        if after is not None:
            statement = statement.where(SourceRow.id > after)
        rows = await self._session.execute(statement)
        return [source for row in rows if (source := _source(row))]

    async def update(self, source: Source) -> None:
        await self._session.execute(update(SourceRow).where(SourceRow.id == source.id).values(_values(source)))

    async def synced(self, source_id: UUID, state: SyncState) -> None:
        await self._session.execute(
            update(SourceRow)
            .where(SourceRow.id == source_id)
            .values(
                cursor=state.cursor,
                listed_at=state.listed_at,
                checked_at=state.checked_at,
                held_deletions=state.held_deletions,
            )
        )

    async def due(self, limit: int) -> tuple[datetime, list[Source]]:
        now = (await self._session.execute(select(func.now()))).scalar_one()
        statement = _with_last_job().where(SourceRow.next_sync_at <= func.now()).order_by(SourceRow.next_sync_at)
        held = statement.limit(limit).with_for_update(of=SourceRow, skip_locked=True)
        return now, [source for row in await self._session.execute(held) if (source := _source(row))]

    async def delete(self, source_id: UUID) -> None:
        await self._session.execute(delete(SourceRow).where(SourceRow.id == source_id))
        # Afterwards: whoever held one of its jobs, and may have remembered more, is done by now.
        await self._session.execute(delete(KnownDocumentRow).where(KnownDocumentRow.source_id == source_id))


def open_to(reader: Principal) -> ColumnElement[bool]:
    """Sources that he is to see; of editors also those that they made."""
    is_open = or_(SourceRow.groups == [], SourceRow.groups.overlap(sorted(reader.groups)))
    return or_(is_open, SourceRow.created_by == reader.user_id) if reader.is_editor else is_open


def _with_last_job() -> Select[SourceRow, UUID]:
    newest = (
        select(JobRow.id).where(JobRow.source_id == SourceRow.id).order_by(JobRow.id.desc()).limit(1).scalar_subquery()
    )
    return select(SourceRow, newest)


def _values(source: Source) -> dict[str, object]:
    return {
        "id": source.id,
        "type": source.type.value,
        "name": source.name,
        "config": dict(source.config),
        "groups": sorted(source.groups),
        "schedule": source.schedule,
        "is_default": source.is_default,
        "created_at": source.created_at,
        "created_by": source.created_by,
        "sealed_credentials": source.sealed_credentials,
        "next_sync_at": source.next_sync_at,
    }


def _source(found: Row[SourceRow, UUID] | None) -> Source | None:
    if found is None:
        return None
    row, last_job_id = found
    return Source(
        id=row.id,
        type=SourceType(row.type),
        name=row.name,
        config=row.config,
        groups=frozenset(row.groups),
        schedule=row.schedule,
        created_at=row.created_at,
        created_by=row.created_by,
        is_default=row.is_default,
        last_job_id=last_job_id,
        sealed_credentials=row.sealed_credentials,
        next_sync_at=row.next_sync_at,
        sync=SyncState(row.cursor, row.listed_at, row.checked_at, row.held_deletions),
    )
