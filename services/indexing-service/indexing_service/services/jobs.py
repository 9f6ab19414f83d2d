"""Jobs, for the people who follow them."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import structlog

from flash_core.errors import ConflictError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.messaging.events import JobQueued
from flash_core.models.user import Principal
from flash_core.schemas.indexing import JobCounts, JobProblem, JobResponse, JobState
from flash_core.schemas.monitoring import QueueStatus
from indexing_service.interfaces import (
    IndexingUnitOfWorkInterface,
    Item,
    ItemState,
    Job,
    JobQuery,
    ProblemKey,
    UnitOfWorkFactory,
)
from indexing_service.services.retries import retried

log = structlog.get_logger(__name__)
_PROBLEMS_SHOWN = 100
_SAID_AGAIN_AFTER = 20
_WHOLE: ProblemKey = (-1, -1)
CANCELLED_REASON = "The job was cancelled before its turn."


class JobManager:
    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        registry: DocumentRegistryInterface,
        clock: ClockInterface,
        *,
        watch_seconds: float = 0.5,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._clock = clock
        self._watch_seconds = watch_seconds

    async def page(self, query: JobQuery) -> list[JobResponse]:
        async with self._unit_of_work() as work:
            return [await described(work, job) for job in await work.jobs.page(query)]

    async def get(self, job_id: UUID) -> JobResponse:
        async with self._unit_of_work() as work:
            return await described(work, await _existing(work, job_id))

    async def check_managed(self, job_id: UUID, editor: Principal) -> None:
        """`NotFoundError` for those who may not manage its source: its problems name documents. Who handed in what it
        brings may look after it in any case.
        """
        async with self._unit_of_work() as work:
            job = await _existing(work, job_id)
            source = await work.sources.get(job.source_id)
        if job.created_by != editor.user_id and (source is None or not source.managed_by(editor)):
            raise _not_there(job_id)

    async def queue(self) -> QueueStatus:
        """Jobs as the status of the fleet shows them. None is given up: it ends, and says why."""
        async with self._unit_of_work() as work:
            backlog = await work.jobs.backlog()
        now = self._clock.now()
        return QueueStatus(
            name=JobQueued.queue,
            waiting=backlog.waiting,
            in_progress=backlog.running,
            oldest_seconds=round(max(0.0, (now - (backlog.oldest or now)).total_seconds()), 1),
            dead=0,
        )

    async def problems(self, job_id: UUID, after: ProblemKey | None, limit: int) -> list[tuple[ProblemKey, JobProblem]]:
        """What stopped or delays the job as a whole is the first one."""
        async with self._unit_of_work() as work:
            job = await _existing(work, job_id)
            items = await work.items.problems(job_id, limit, after=after)
        whole = [(_WHOLE, one) for one in _of_the_whole(job) if after is None]
        return [*whole, *((_key(item), _problem(item)) for item in items)][:limit]

    async def watch(self, job_id: UUID) -> AsyncIterator[JobResponse]:
        """The job now, and whenever it changed, to its end, or until it is gone with its source. It is looked at twice
        a second, and said again at times when nothing happens, so that the connection is seen to live.
        """
        shown = await self.get(job_id)
        yield shown
        silent = 0
        while not shown.state.is_terminal:
            await asyncio.sleep(self._watch_seconds)
            try:
                now = await self.get(job_id)
            except NotFoundError:
                return
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
        """A job for what failed or was cancelled; if it was asked for before, that one, or another for what it left."""
        async with self._unit_of_work() as work:
            job = await _existing(work, job_id)
            await work.sources.get(job.source_id, locked=True)  # one request at a time, and nothing newer meanwhile
            job = await _existing(work, job_id, locked=True)
            again = await retried(work, self._registry, job, self._clock.now())
            await work.commit()
        log.info("job.retried", job_id=str(job_id), as_job_id=str(again))
        return again


async def described(work: IndexingUnitOfWorkInterface, job: Job) -> JobResponse:
    problems = _of_the_whole(job)
    total = len(problems) + await work.items.problem_count(job.id)
    problems += map(_problem, await work.items.problems(job.id, _PROBLEMS_SHOWN))
    counts = await work.items.counts(job.id)
    if not (job.listed or job.state.is_terminal):
        counts = counts.model_copy(update={"found": max(counts.found, job.seen)})
    rate = job.done / job.worked_seconds if job.done and job.worked_seconds else None
    return JobResponse(
        id=job.id,
        source_id=job.source_id,
        state=job.state,
        phase=job.phase.value,
        counts=counts,
        problems=problems,
        problems_total=total,
        current=job.current or None if job.state is JobState.RUNNING else None,
        rate=rate and round(rate, 3),
        seconds_left=_seconds_left(job, counts, rate),
        created_at=job.created_at,
        started_at=job.started_at,
        heartbeat_at=job.heartbeat_at,
        finished_at=job.finished_at,
    )


def _seconds_left(job: Job, counts: JobCounts, rate: float | None) -> float | None:
    if job.state.is_terminal:
        return 0.0
    if rate is None or job.state is not JobState.RUNNING:
        return None
    return round((counts.found - counts.settled) / rate, 1)


def _of_the_whole(job: Job) -> list[JobProblem]:
    return [JobProblem(document="", detail=job.problem)] if job.problem else []


def _problem(item: Item) -> JobProblem:
    return JobProblem(document=item.external_id, detail=item.reason)


def _key(item: Item) -> ProblemKey:
    return int(item.state is not ItemState.FAILED), item.ordinal


async def ended(
    work: IndexingUnitOfWorkInterface, job_id: UUID, state: JobState | None, problem: str | None
) -> JobState:
    """Store how the job ended, with its counts; by these and by what is left undone, where `state` is not given. No
    document is left without an outcome.
    """
    await work.items.end_pending(job_id, ItemState.FAILED, "The job ended without a word about it.")
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
        raise _not_there(job_id)
    return job


def _not_there(job_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no job {job_id}.")
