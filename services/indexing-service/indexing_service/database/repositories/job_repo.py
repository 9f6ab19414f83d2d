"""Jobs in PostgreSQL. Time is the database's: workers' clocks may differ."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from flash_core.errors import FencedError
from flash_core.schemas.indexing import JobCounts, JobState
from flash_core.utils.ids import new_id
from indexing_service.database.repositories.source_repo import open_to
from indexing_service.database.tables import JobRow, SourceRow
from indexing_service.interfaces import Backlog, Job, JobKind, JobQuery, JobRepositoryInterface, Phase
from indexing_service.interfaces.syncing import Plan

_CLAIMING = 0x6A6F6273  # "jobs": one claim at a time, so that two workers never take two jobs of one source
_NEXT_FENCE = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
"""Claims come one by one, so each has a later moment than the one before; also in a database that was restored, where a
sequence would begin behind what other services have seen. If the clock is put back nobody is let in before it is right.
"""
_ACTIVE = (JobState.QUEUED.value, JobState.RUNNING.value)


class SqlJobRepository(JobRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, job: Job) -> None:
        self._session.add(
            JobRow(
                id=job.id,
                source_id=job.source_id,
                kind=job.kind.value,
                full=job.full,
                state=job.state.value,
                phase=job.phase.value,
                listed=job.listed,
                allow_deletions=job.allow_deletions,
                request_name=job.request_name,
                created_at=job.created_at,
                created_by=job.created_by,
            )
        )
        await self._session.flush()

    async def get(self, job_id: UUID, *, locked: bool = False) -> Job | None:
        statement = select(JobRow).where(JobRow.id == job_id)
        return await self._one(statement.with_for_update() if locked else statement)

    async def next_id(self, source_id: UUID) -> UUID:
        newest = select(JobRow.id).where(JobRow.source_id == source_id).order_by(JobRow.id.desc()).limit(1)
        return new_id(after=await self._session.scalar(newest))

    async def named(self, request_name: str) -> Job | None:
        return await self._one(select(JobRow).where(JobRow.request_name == request_name))

    async def active_sync(self, source_id: UUID) -> Job | None:
        return await self._one(
            select(JobRow)
            .where(JobRow.source_id == source_id, JobRow.kind == JobKind.SYNC.value, JobRow.state.in_(_ACTIVE))
            .order_by(JobRow.id)
            .limit(1)
        )

    async def waiting_sync(self, source_id: UUID) -> Job | None:
        waiting = select(JobRow).where(
            JobRow.source_id == source_id,
            JobRow.kind == JobKind.SYNC.value,
            JobRow.state == JobState.QUEUED.value,
            JobRow.attempt == 0,
        )
        return await self._one(waiting.with_for_update())  # whoever claims it meanwhile has it, and it waits no more

    async def widen(self, job_id: UUID, *, full: bool, allow_deletions: bool) -> None:
        await self._set(
            JobRow.id == job_id,
            full=or_(JobRow.full, literal(full)),
            allow_deletions=or_(JobRow.allow_deletions, literal(allow_deletions)),
            listed=False,
        )

    async def page(self, query: JobQuery) -> list[Job]:
        statement = select(JobRow).order_by(JobRow.id.desc()).limit(query.limit)
        if query.before is not None:
            statement = statement.where(JobRow.id < query.before)
        if query.source_id is not None:
            statement = statement.where(JobRow.source_id == query.source_id)
        if query.state is not None:
            statement = statement.where(JobRow.state == query.state.value)
        if query.editor is not None and not query.editor.is_admin:
            known = exists().where(SourceRow.id == JobRow.source_id, open_to(query.editor))
            statement = statement.where(or_(known, JobRow.created_by == query.editor.user_id))
        return [_job(row) for row in await self._session.scalars(statement)]

    async def backlog(self) -> Backlog:
        waiting, running = (JobRow.state == state for state in _ACTIVE)
        counted = select(
            func.count().filter(waiting), func.count().filter(running), func.min(JobRow.created_at).filter(waiting)
        ).where(JobRow.state.in_(_ACTIVE))
        return Backlog(*(await self._session.execute(counted)).one())

    async def waits(self) -> bool:
        return await self._session.scalar(_next_to_run().with_only_columns(JobRow.id)) is not None

    async def claim(self, lease_seconds: float, *, only: JobKind | None = None) -> Job | None:
        await self._session.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
        row = await self._session.scalar(_next_to_run(only).with_for_update(skip_locked=True))
        if row is None:
            return None
        row.state, row.phase, row.attempt = JobState.RUNNING.value, _resumed_phase(row), row.attempt + 1
        await self._session.flush()
        await self._set(
            JobRow.id == row.id,
            lease_until=_in(lease_seconds),
            heartbeat_at=func.now(),
            fence=_NEXT_FENCE,
            started_at=func.coalesce(JobRow.started_at, func.now()),
            not_before=None,
        )
        await self._session.refresh(row)
        return _job(row)

    async def settled_fence(self) -> int:
        running = select(func.min(JobRow.fence) - 1).where(JobRow.state == JobState.RUNNING.value).scalar_subquery()
        return await self._session.scalar(select(func.coalesce(running, _NEXT_FENCE))) or 0

    async def extend(self, job: Job, lease_seconds: float) -> bool:
        kept = (
            update(JobRow)
            .where(_held(job))
            .values(lease_until=_in(lease_seconds), heartbeat_at=func.now(), worked_seconds=_WORKED)
            .returning(JobRow.cancel_requested)
        )
        return bool(_not_fenced(await self._session.scalar(kept)))

    async def hold(self, job: Job) -> None:
        # Exclusively: two transactions that share the row and then both change it would wait for each other for ever.
        held = select(JobRow.id).where(_held(job)).with_for_update()
        _not_fenced(await self._session.scalar(held))

    async def advance(self, job: Job, phase: Phase) -> None:
        await self._set_held(job, phase=phase.value)

    async def planned(self, job: Job, plan: Plan) -> None:
        await self._set_held(
            job,
            phase=Phase.INDEXING.value,
            listed=True,
            cleans=plan.complete,
            cursor=plan.cursor,
            renamed=dict(plan.renamed),
        )

    async def reached(self, job: Job, external_id: str) -> None:
        await self._set_held(job, current=external_id)

    async def seen(self, job: Job, documents: int) -> None:
        await self._set_held(job, seen=documents)

    async def held(self, job: Job, deletions: int | None) -> None:
        await self._set_held(job, held_deletions=deletions)

    async def release(self, job: Job, *, after_seconds: float = 0, problem: str | None = None) -> None:
        await self._set_held(
            job,
            state=JobState.QUEUED.value,
            phase=Phase.QUEUED.value,
            lease_until=None,
            not_before=_in(after_seconds),
            problem=problem,
            postponed=JobRow.postponed + (1 if problem else 0),
            worked_seconds=_WORKED,
        )

    async def progressed(self, job: Job, documents: int) -> None:
        await self._set_held(job, postponed=0, problem=None, done=JobRow.done + documents)

    async def finish(self, job_id: UUID, state: JobState, counts: JobCounts, problem: str | None) -> None:
        await self._set(
            JobRow.id == job_id,
            state=state.value,
            phase=Phase.DONE.value,
            counts=counts.model_dump(),
            problem=problem,
            lease_until=None,
            finished_at=func.now(),
            worked_seconds=_WORKED,
        )

    async def request_cancel(self, job_id: UUID) -> None:
        await self._set(JobRow.id == job_id, cancel_requested=True)

    async def retried(self, job_id: UUID, as_job_id: UUID) -> None:
        await self._set(JobRow.id == job_id, retried_as=as_job_id)

    async def forget(self, *, older_than: timedelta, idle_older_than: timedelta, limit: int) -> int:
        newer = aliased(JobRow)
        nothing_done = (JobRow.counts["indexed"].as_integer() == 0) & (JobRow.counts["deleted"].as_integer() == 0)
        idle = and_(JobRow.kind == JobKind.SYNC.value, JobRow.finished_at < func.now() - idle_older_than, nothing_done)
        old = (
            select(JobRow.id)
            .where(
                JobRow.state.not_in(_ACTIVE),
                or_(JobRow.finished_at < func.now() - older_than, idle),
                select(newer.id).where(newer.source_id == JobRow.source_id, newer.id > JobRow.id).exists(),
            )
            .limit(limit)
        )
        gone = await self._session.scalars(delete(JobRow).where(JobRow.id.in_(old)).returning(JobRow.id))
        return len(gone.all())

    async def _one(self, statement: Select[Any]) -> Job | None:
        row = await self._session.scalar(statement.execution_options(populate_existing=True))
        return _job(row) if row else None

    async def _set(self, which: ColumnElement[bool], **values: Any) -> None:
        await self._session.execute(
            update(JobRow).where(which).values(**values).execution_options(synchronize_session=False)
        )

    async def _set_held(self, job: Job, **values: Any) -> None:
        statement = update(JobRow).where(_held(job)).values(**values).returning(JobRow.id)
        _not_fenced(await self._session.scalar(statement.execution_options(synchronize_session=False)))


_WORKED = JobRow.worked_seconds + case(
    (
        and_(JobRow.state == JobState.RUNNING.value, JobRow.listed),
        func.extract("epoch", func.now() - JobRow.heartbeat_at),
    ),
    else_=0.0,
)
"""With the time since the last heartbeat, if documents were worked on."""


def _next_to_run(only: JobKind | None = None) -> Select[JobRow]:
    other = aliased(JobRow)
    may_run = or_(
        and_(JobRow.state == JobState.QUEUED.value, func.coalesce(JobRow.not_before, func.now()) <= func.now()),
        and_(JobRow.state == JobState.RUNNING.value, JobRow.lease_until < func.now()),
    )
    in_the_way = select(other.id).where(
        other.source_id == JobRow.source_id,
        other.id != JobRow.id,
        or_(
            and_(other.state.in_(_ACTIVE), other.id < JobRow.id),
            and_(other.state == JobState.RUNNING.value, other.lease_until >= func.now()),
        ),
    )
    waited_longest = (func.coalesce(JobRow.heartbeat_at, JobRow.created_at), JobRow.id)
    next_one = select(JobRow).where(may_run, ~in_the_way.exists()).order_by(*waited_longest).limit(1)
    return next_one if only is None else next_one.where(JobRow.kind == only.value)


def _held(job: Job) -> ColumnElement[bool]:
    return and_(JobRow.id == job.id, JobRow.attempt == job.attempt, JobRow.state == JobState.RUNNING.value)


def _not_fenced(found: Any) -> Any:
    if found is None:
        raise FencedError("Another worker has this job, or it is over.")
    return found


def _in(seconds: float) -> ColumnElement[Any]:
    moment: ColumnElement[Any] = func.now() + timedelta(seconds=seconds)
    return moment


def _resumed_phase(row: JobRow) -> str:
    return (Phase.INDEXING if row.listed else Phase.LISTING).value


def _job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        source_id=row.source_id,
        kind=JobKind(row.kind),
        created_at=row.created_at,
        full=row.full,
        state=JobState(row.state),
        phase=Phase(row.phase),
        attempt=row.attempt,
        fence=row.fence,
        listed=row.listed,
        cleans=row.cleans,
        postponed=row.postponed,
        cancel_requested=row.cancel_requested,
        problem=row.problem,
        retried_as=row.retried_as,
        allow_deletions=row.allow_deletions,
        cursor=row.cursor,
        renamed=row.renamed,
        current=row.current,
        seen=row.seen,
        done=row.done,
        worked_seconds=row.worked_seconds,
        held_deletions=row.held_deletions,
        request_name=row.request_name,
        created_by=row.created_by,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
    )
