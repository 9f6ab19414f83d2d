"""Jobs, for the people who follow them."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import structlog

from flash_core.errors import ConflictError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.messaging.events import JobQueued
from flash_core.schemas.indexing import JobCounts, JobProblem, JobResponse, JobState
from flash_core.utils.ids import new_id
from flash_core.utils.request_id import current_request_id
from indexing_service.interfaces import (
    IndexingUnitOfWorkInterface,
    Item,
    ItemState,
    Job,
    JobKind,
    JobQuery,
    UnitOfWorkFactory,
)

log = structlog.get_logger(__name__)
_PROBLEMS_SHOWN = 100
_SAID_AGAIN_AFTER = 20
CANCELLED_REASON = "The job was cancelled before its turn."


class JobManager:
    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: ClockInterface, *, watch_seconds: float = 0.5) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._watch_seconds = watch_seconds

    async def page(self, query: JobQuery) -> list[JobResponse]:
        async with self._unit_of_work() as work:
            return [await described(work, job) for job in await work.jobs.page(query)]

    async def get(self, job_id: UUID) -> JobResponse:
        async with self._unit_of_work() as work:
            return await described(work, await _existing(work, job_id))

    async def watch(self, job_id: UUID) -> AsyncIterator[JobResponse]:
        """The job now, and whenever it changed, to its end. It is looked at twice a second, and said again at times
        when nothing happens, so that the connection is seen to live.
        """
        shown, silent = None, 0
        while shown is None or not shown.state.is_terminal:
            if shown is not None:
                await asyncio.sleep(self._watch_seconds)
            now = await self.get(job_id)
            silent = silent + 1 if now == shown else 0
            if silent % _SAID_AGAIN_AFTER == 0:
                yield now
            shown = now

    async def cancel(self, job_id: UUID) -> JobResponse:
        """A queued job ends at once, a running one within seconds. What was indexed stays."""
        async with self._unit_of_work() as work:
            job = await _existing(work, job_id, locked=True)
            if job.state is JobState.QUEUED:
                await work.items.end_pending(job_id, ItemState.CANCELLED, CANCELLED_REASON)
                await ended(work, job_id, JobState.CANCELLED, None)
            elif job.state is JobState.RUNNING:
                await work.jobs.request_cancel(job_id)
            elif job.state is not JobState.CANCELLED:
                raise ConflictError("The job has ended.")
            answer = await described(work, await _existing(work, job_id))
            await work.commit()
        log.info("job.cancel_requested", job_id=str(job_id))
        return answer

    async def retry(self, job_id: UUID) -> UUID:
        """A new job for what failed or was cancelled; the same one if it was asked for before."""
        async with self._unit_of_work() as work:
            job = await _existing(work, job_id, locked=True)
            if not job.state.is_terminal:
                raise ConflictError("The job has not ended.")
            if job.retried_as is not None:
                return job.retried_as
            again = await (self._sync_again(work, job) if job.kind is JobKind.SYNC else self._hand_in_again(work, job))
            await work.jobs.retried(job_id, again)
            await work.commit()
        log.info("job.retried", job_id=str(job_id), as_job_id=str(again))
        return again

    async def _sync_again(self, work: IndexingUnitOfWorkInterface, job: Job) -> UUID:
        """What was indexed is found unchanged, so only the rest costs anything."""
        await work.sources.get(job.source_id, locked=True)
        active = await work.jobs.active_sync(job.source_id)
        return active.id if active else await self._queue(work, job, listed=False)

    async def _hand_in_again(self, work: IndexingUnitOfWorkInterface, job: Job) -> UUID:
        items = await work.items.to_retry(job.id)
        if not items:
            raise ConflictError("Nothing in this job failed.")
        again = await self._queue(work, job, listed=True)
        await work.items.add(again, [Item(item.ordinal, item.external_id) for item in items])
        await work.intake.move(job.id, again, [item.ordinal for item in items])
        return again

    async def _queue(self, work: IndexingUnitOfWorkInterface, job: Job, *, listed: bool) -> UUID:
        again = Job(new_id(), job.source_id, job.kind, self._clock.now(), full=job.full, listed=listed)
        await work.jobs.add(again)
        work.outbox.add(JobQueued(job_id=again.id, request_id=current_request_id()))
        return again.id


async def described(work: IndexingUnitOfWorkInterface, job: Job) -> JobResponse:
    problems = await work.items.problems(job.id, _PROBLEMS_SHOWN)
    if job.problem:
        problems = [JobProblem(document="", detail=job.problem), *problems]
    return JobResponse(
        id=job.id,
        source_id=job.source_id,
        state=job.state,
        phase=job.phase.value,
        counts=await work.items.counts(job.id),
        problems=problems,
        created_at=job.created_at,
        started_at=job.started_at,
        heartbeat_at=job.heartbeat_at,
        finished_at=job.finished_at,
    )


async def ended(
    work: IndexingUnitOfWorkInterface, job_id: UUID, state: JobState | None, problem: str | None
) -> JobState:
    """Store how the job ended, with its counts; by these and by what is left undone, where `state` is not given."""
    counts = await work.items.counts(job_id)
    outcome = state or _outcome(counts, undone=problem is not None)
    await work.jobs.finish(job_id, outcome, counts, problem)
    await work.items.forget_successes(job_id)
    return outcome


def _outcome(counts: JobCounts, *, undone: bool) -> JobState:
    if not counts.failed:
        return JobState.PARTIAL if undone else JobState.SUCCEEDED
    return JobState.FAILED if counts.failed == counts.found else JobState.PARTIAL


async def _existing(work: IndexingUnitOfWorkInterface, job_id: UUID, *, locked: bool = False) -> Job:
    job = await work.jobs.get(job_id, locked=locked)
    if job is None:
        raise NotFoundError(f"There is no job {job_id}.")
    return job
