"""Sources in PostgreSQL."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.repositories.fences import refuse_fenced
from documentation_service.database.repositories.visibility import open_to
from documentation_service.database.tables import CalibrationRow, DocumentRow, SourceRow, VectorChoreRow
from documentation_service.interfaces import ChoreKind, Source, SourceRepositoryInterface, SourceState
from flash_core.errors import ConflictError


class SqlSourceRepository(SourceRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, source_id: UUID) -> Source | None:
        row = await self._session.get(SourceRow, source_id)
        return _source(row) if row and row.deleted_at is None else None

    async def put(self, source: Source, *, fence: int | None = None) -> Source | None:
        new = {"name": source.name, "provider": source.provider, "groups": sorted(source.groups), "fence": fence or 0}
        before = await self._session.scalar(
            insert(SourceRow).values(id=source.id, **new).on_conflict_do_nothing().returning(SourceRow.id)
        )
        if before is not None:
            return None
        row = await self._session.get_one(SourceRow, source.id, with_for_update=True)
        if row.deleted_at is not None:
            raise ConflictError("This source was deleted.")
        refuse_fenced(row.fence, fence)
        known = _source(row)
        row.name, row.provider, row.groups = source.name, source.provider, sorted(source.groups)
        row.version += source != known
        row.fence = row.fence if fence is None else fence
        return known

    async def delete(self, source_id: UUID) -> bool:
        row = await self._session.get(SourceRow, source_id, with_for_update=True)
        if row is None or row.deleted_at is not None:
            return False
        row.deleted_at = await self._session.scalar(select(func.now()))
        row.version += 1
        await self._session.flush()
        return True

    async def checked(self, source_id: UUID, at: datetime) -> None:
        later = func.greatest(SourceRow.checked_at, at)
        await self._session.execute(update(SourceRow).where(SourceRow.id == source_id).values(checked_at=later))

    async def add_language(self, source_id: UUID, language: str) -> None:
        new = update(SourceRow).where(SourceRow.id == source_id, ~SourceRow.languages.contains([language]))
        await self._session.execute(new.values(languages=func.array_append(SourceRow.languages, language)))

    async def touch(self) -> None:
        # In the order of the ids, as everybody locks several sources: nobody waits for each other for ever.
        alive = select(SourceRow.id).where(SourceRow.deleted_at.is_(None)).order_by(SourceRow.id)
        locked = list(await self._session.scalars(alive.with_for_update(key_share=True)))
        await self._session.execute(
            update(SourceRow).where(SourceRow.id.in_(locked)).values(version=SourceRow.version + 1)
        )

    async def states(self, groups: frozenset[str]) -> list[SourceState]:
        return [SourceState(*row) for row in await self._session.execute(_states(groups))]


@lru_cache(maxsize=256)
def _states(groups: frozenset[str]) -> Any:
    """Remembered: every search asks, and writing the statement takes longer than sending it."""
    of_source = exists().where(
        VectorChoreRow.kind == ChoreKind.SOURCE_GROUPS.value, VectorChoreRow.target_id == SourceRow.id
    )
    of_document = exists().where(
        VectorChoreRow.kind == ChoreKind.DOCUMENT_GROUPS.value,
        VectorChoreRow.target_id == DocumentRow.id,
        DocumentRow.source_id == SourceRow.id,
    )
    return (
        select(
            SourceRow.id,
            SourceRow.name,
            SourceRow.version,
            ~or_(of_source, of_document),
            CalibrationRow.calibrated_at,
            SourceRow.checked_at,
            SourceRow.languages,
        )
        .outerjoin(CalibrationRow, CalibrationRow.source_id == SourceRow.id)
        .where(SourceRow.deleted_at.is_(None), open_to(SourceRow.groups, groups))
        .order_by(SourceRow.id)
    )


def _source(row: SourceRow) -> Source:
    return Source(row.id, row.name, row.provider, frozenset(row.groups))
