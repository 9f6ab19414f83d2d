"""The documents of jobs in PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, case, delete, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flash_core.schemas.indexing import JobCounts
from indexing_service.database.tables import IntakeRow, JobItemRow, JobRow
from indexing_service.interfaces import Item, ItemRepositoryInterface, ItemState, ProblemKey

_ROWS_A_STATEMENT = 2_000
_SKIPPED = (ItemState.SKIPPED, ItemState.WITHDRAWN, ItemState.CANCELLED)
_PROBLEMS = (ItemState.FAILED, *_SKIPPED)
_RANK = case((JobItemRow.state == ItemState.FAILED.value, 0), else_=1)
_SUCCESSES = (ItemState.INDEXED, ItemState.UNCHANGED, ItemState.GONE, ItemState.DELETED)
_NOT_THERE = (ItemState.WITHDRAWN, ItemState.GONE, ItemState.DELETED)


class SqlItemRepository(ItemRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, job_id: UUID, items: Sequence[Item]) -> None:
        for start in range(0, len(items), _ROWS_A_STATEMENT):
            rows = [
                {
                    "job_id": job_id,
                    "ordinal": item.ordinal,
                    "external_id": item.external_id,
                    "state": item.state.value,
                    "reason": item.reason,
                    "version": item.version,
                }
                for item in items[start : start + _ROWS_A_STATEMENT]
            ]
            await self._session.execute(insert(JobItemRow), rows)

    async def replace(self, job_id: UUID, items: Sequence[Item]) -> None:
        await self._session.execute(delete(JobItemRow).where(JobItemRow.job_id == job_id))
        await self.add(job_id, items)

    async def pending(self, job_id: UUID, *, after: int, limit: int) -> list[Item]:
        return await self._items(_of(job_id, ItemState.PENDING) & (JobItemRow.ordinal > after), limit)

    async def to_retry(self, job_id: UUID) -> list[Item]:
        return await self._items(_of(job_id, ItemState.FAILED, ItemState.CANCELLED))

    async def begin(self, job_id: UUID, ordinals: Sequence[int]) -> None:
        which = (JobItemRow.job_id == job_id) & JobItemRow.ordinal.in_(ordinals)
        await self._session.execute(update(JobItemRow).where(which).values(tries=JobItemRow.tries + 1))

    async def forgive(self, job_id: UUID) -> None:
        begun = _of(job_id, ItemState.PENDING) & (JobItemRow.tries > 0)
        await self._session.execute(update(JobItemRow).where(begun).values(tries=0, again=True))

    async def settle(self, job_id: UUID, items: Sequence[Item]) -> None:
        if not items:
            return
        table = JobItemRow.__table__
        settled = (
            update(table)  # type: ignore[arg-type]  # the table itself: many rows by their keys in one round trip
            .where(table.c.job_id == job_id, table.c.ordinal == bindparam("at"))
            .values(state=bindparam("became"), reason=bindparam("why"))
        )
        rows = [{"at": item.ordinal, "became": item.state.value, "why": item.reason} for item in items]
        await (await self._session.connection()).execute(settled, rows)

    async def end_pending(self, job_id: UUID, state: ItemState, reason: str) -> None:
        kept = exists().where(IntakeRow.job_id == JobItemRow.job_id, IntakeRow.ordinal == JobItemRow.ordinal)
        open_ = or_(_of(job_id, ItemState.PENDING), _of(job_id, ItemState.WITHDRAWN) & kept)
        await self._session.execute(update(JobItemRow).where(open_).values(state=state.value, reason=reason))

    async def not_listed(self, job_id: UUID, external_ids: Sequence[str]) -> list[str]:
        kept = select(JobItemRow.external_id).where(
            JobItemRow.job_id == job_id,
            JobItemRow.external_id.in_(external_ids),
            JobItemRow.state.not_in([state.value for state in _NOT_THERE]),
        )
        listed = set(await self._session.scalars(kept))
        return [one for one in external_ids if one not in listed]

    async def gone(self, job_id: UUID) -> list[str]:
        withdrawn = _of(job_id, ItemState.WITHDRAWN) & (JobItemRow.tries > 0)
        statement = select(JobItemRow.external_id).where(or_(_of(job_id, ItemState.GONE), withdrawn))
        return list(await self._session.scalars(statement.order_by(JobItemRow.ordinal)))

    async def mark_deleted(self, job_id: UUID, external_ids: Sequence[str]) -> None:
        highest = await self._session.scalar(select(func.max(JobItemRow.ordinal)).where(JobItemRow.job_id == job_id))
        begin = -1 if highest is None else highest
        rows = [
            {
                "job_id": job_id,
                "ordinal": begin + 1 + at,
                "external_id": external_id,
                "state": ItemState.DELETED.value,
            }
            for at, external_id in enumerate(external_ids)
        ]
        if rows:
            await self._session.execute(insert(JobItemRow).values(rows).on_conflict_do_nothing())

    async def counts(self, job_id: UUID) -> JobCounts:
        ended = await self._session.scalar(select(JobRow.counts).where(JobRow.id == job_id))
        if ended is not None:
            return JobCounts(**ended)
        grouped = select(JobItemRow.state, func.count()).where(JobItemRow.job_id == job_id).group_by(JobItemRow.state)
        by_state = {ItemState(state): count for state, count in await self._session.execute(grouped)}
        deleted = by_state.pop(ItemState.DELETED, 0)
        by_state.pop(ItemState.GONE, 0)
        return JobCounts(
            found=sum(by_state.values()),
            indexed=by_state.get(ItemState.INDEXED, 0),
            unchanged=by_state.get(ItemState.UNCHANGED, 0),
            deleted=deleted,
            skipped=sum(by_state.get(state, 0) for state in _SKIPPED),
            failed=by_state.get(ItemState.FAILED, 0),
        )

    async def problems(self, job_id: UUID, limit: int, *, after: ProblemKey | None = None) -> list[Item]:
        which = _of(job_id, *_PROBLEMS)
        if after is not None:
            which &= tuple_(_RANK, JobItemRow.ordinal) > tuple_(literal(after[0]), literal(after[1]))
        return await self._items(which, limit, _RANK)

    async def problem_count(self, job_id: UUID) -> int:
        counted = select(func.count()).select_from(JobItemRow).where(_of(job_id, *_PROBLEMS))
        return await self._session.scalar(counted) or 0

    async def forget_successes(self, job_id: UUID) -> None:
        await self._session.execute(delete(JobItemRow).where(_of(job_id, *_SUCCESSES)))

    async def _items(
        self, which: ColumnElement[bool], limit: int | None = None, *order: ColumnElement[int]
    ) -> list[Item]:
        columns = (
            JobItemRow.ordinal,
            JobItemRow.external_id,
            JobItemRow.state,
            JobItemRow.reason,
            JobItemRow.tries,
            JobItemRow.version,
            JobItemRow.again,
        )
        ordered = select(*columns).where(which).order_by(*order, JobItemRow.ordinal).limit(limit)
        rows: Any = await self._session.execute(ordered)
        return [Item(row[0], row[1], ItemState(row[2]), *row[3:]) for row in rows]


def _of(job_id: UUID, *states: ItemState) -> ColumnElement[bool]:
    return (JobItemRow.job_id == job_id) & JobItemRow.state.in_([state.value for state in states])
