"""Rebuilds of the index in PostgreSQL. Time is the database's: workers' clocks may differ."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from flash_core.errors import FencedError
from flash_core.schemas.indexing import JobState
from indexing_service.database.tables import RebuildRow
from indexing_service.interfaces.rebuilds import Rebuild, RebuildRepositoryInterface

_ACTIVE = (JobState.QUEUED.value, JobState.RUNNING.value)


class SqlRebuildRepository(RebuildRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rebuild: Rebuild) -> None:
        self._session.add(
            RebuildRow(
                id=rebuild.id,
                version=rebuild.version,
                model=rebuild.model,
                chunker=rebuild.chunker,
                dimension=rebuild.dimension,
                replaced=rebuild.replaced,
                state=rebuild.state.value,
                created_at=rebuild.created_at,
            )
        )
        await self._session.flush()

    async def active(self) -> Rebuild | None:
        return await self._newest(RebuildRow.state.in_(_ACTIVE))

    async def newest(self, state: JobState | None = None) -> Rebuild | None:
        return await self._newest(*([] if state is None else [RebuildRow.state == state.value]))

    async def claim(self, lease_seconds: float) -> Rebuild | None:
        free = or_(RebuildRow.lease_until.is_(None), RebuildRow.lease_until < func.now())
        waiting = select(RebuildRow.id).where(RebuildRow.state.in_(_ACTIVE), free).with_for_update(skip_locked=True)
        found = await self._session.scalar(waiting)
        if found is None:
            return None
        await self._set(
            RebuildRow.id == found,
            state=JobState.RUNNING.value,
            attempt=RebuildRow.attempt + 1,
            lease_until=_in(lease_seconds),
            heartbeat_at=func.now(),
            problem=None,
        )
        return await self._newest(RebuildRow.id == found)

    async def save(self, rebuild: Rebuild, lease_seconds: float) -> None:
        await self._set_held(
            rebuild,
            swapped=rebuild.swapped,
            walk=rebuild.walk,
            after=rebuild.after,
            documents=rebuild.documents,
            fresh=rebuild.fresh,
            embedded=rebuild.embedded,
            lease_until=_in(lease_seconds),
            heartbeat_at=func.now(),
        )

    async def release(self, rebuild: Rebuild, *, after_seconds: float = 0, problem: str | None = None) -> None:
        await self._set_held(rebuild, state=JobState.QUEUED.value, lease_until=_in(after_seconds), problem=problem)

    async def finish(self, rebuild: Rebuild, state: JobState, problem: str | None) -> None:
        await self._set_held(rebuild, state=state.value, problem=problem, finished_at=func.now())

    async def cancel(self) -> Rebuild | None:
        ended = (
            update(RebuildRow)
            .where(RebuildRow.state.in_(_ACTIVE), ~RebuildRow.swapped)
            .values(state=JobState.CANCELLED.value, finished_at=func.now())
            .returning(RebuildRow.id)
        )
        found = await self._session.scalar(ended)
        return await self._newest(RebuildRow.id == found) if found else None

    async def _newest(self, *conditions: ColumnElement[bool]) -> Rebuild | None:
        statement = select(RebuildRow).where(*conditions).order_by(RebuildRow.id.desc()).limit(1)
        row = await self._session.scalar(statement.execution_options(populate_existing=True))
        return _rebuild(row) if row else None

    async def _set(self, which: ColumnElement[bool], **values: Any) -> bool:
        statement = update(RebuildRow).where(which).values(**values).returning(RebuildRow.id)
        return await self._session.scalar(statement.execution_options(synchronize_session=False)) is not None

    async def _set_held(self, rebuild: Rebuild, **values: Any) -> None:
        held = and_(
            RebuildRow.id == rebuild.id,
            RebuildRow.attempt == rebuild.attempt,
            RebuildRow.state == JobState.RUNNING.value,
        )
        if not await self._set(held, **values):
            raise FencedError("Another worker builds the index, or nobody is to build it any more.")


def _in(seconds: float) -> ColumnElement[Any]:
    moment: ColumnElement[Any] = func.now() + timedelta(seconds=seconds)
    return moment


def _rebuild(row: RebuildRow) -> Rebuild:
    return Rebuild(
        id=row.id,
        version=row.version,
        model=row.model,
        chunker=row.chunker,
        dimension=row.dimension,
        replaced=row.replaced,
        created_at=row.created_at,
        state=JobState(row.state),
        swapped=row.swapped,
        walk=row.walk,
        after=row.after,
        documents=row.documents,
        fresh=row.fresh,
        embedded=row.embedded,
        attempt=row.attempt,
        problem=row.problem,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
    )
