"""Which job runs when and where, and what happens when its worker, or something that it needs, goes away."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from flash_core.errors import FencedError, FlashError, UpstreamUnavailableError
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.events import JobQueued
from flash_core.schemas.indexing import JobState
from indexing_service.interfaces import (
    IndexingUnitOfWorkInterface,
    ItemState,
    Job,
    JobKind,
    JobWorkInterface,
    UnitOfWorkFactory,
)
from indexing_service.services.jobs import CANCELLED_REASON, ended

log = structlog.get_logger(__name__)

_MAX_POSTPONED: Final = 10_000
"""A week: what stays away for longer does not come back."""
_MAX_PAUSE_SECONDS: Final = 60.0
_PLACES_FOR_UPLOADS: Final = 4


@dataclass(slots=True, eq=False)
class _Turn:
    """A job that is held, since when, and whether it is to give way to others."""

    job: Job
    since: float = field(default_factory=time.monotonic)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class JobScheduler(WorkerInterface):
    """Holds jobs of many sources at a time, each by a lease in the database; so a job outlives its worker.

    The queue's event wakes it; a slow poll covers events that were lost and jobs whose worker fell silent. Where all
    places are taken and others wait, the job that has had its place longest gives way and waits for its next turn; not
    one that is listing, which would begin anew. What was handed in has places besides.
    """

    name = "jobs"

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        work: JobWorkInterface,
        *,
        at_once: int = 32,
        lease_seconds: float = 15.0,
        poll_seconds: float = 1.0,
        pause_seconds: float = 2.0,
        turn_seconds: float = 20.0,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._work = work
        self._at_once = at_once
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._pause_seconds = pause_seconds
        self._turn_seconds = turn_seconds
        self._wake = asyncio.Event()
        self._turns: set[_Turn] = set()

    async def job_queued(self, _: JobQueued) -> None:
        """The job's row is what counts; the event only says that it is time to look."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; then the jobs that are held go back to the queue."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._wake.clear()
                while job := await self._claimed():
                    turn = _Turn(job)
                    self._turns.add(turn)
                    running.add(asyncio.create_task(self._guarded(turn)))
                await self._make_room()
                running = await self._rest(running)
        finally:
            await _stopped(*running)

    async def _rest(self, running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        """Until a job ends, an event comes or it is time to look again; returns those that still run."""
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({woken, *running}, timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
        return {task for task in running if not task.done()}

    async def _claimed(self) -> Job | None:
        held = len(self._turns)
        if held >= self._at_once + _PLACES_FOR_UPLOADS:
            return None
        try:
            async with self._unit_of_work() as work:
                only = JobKind.DOCUMENTS if held >= self._at_once else None
                job = await work.jobs.claim(self._lease_seconds, only=only)
                await work.commit()
        except FlashError as error:
            log.warning("jobs.stalled", error=error.code)
            return None
        return job

    async def _make_room(self) -> None:
        """At most one job a look gives way: whoever waits longest takes its place."""
        begun_before = time.monotonic() - self._turn_seconds
        long = sorted((one for one in self._turns if one.since <= begun_before), key=lambda turn: turn.since)
        if len(self._turns) < self._at_once or any(one.over.is_set() for one in long):
            return
        with suppress(FlashError):
            async with self._unit_of_work() as work:
                if long and await work.jobs.waits():
                    now = [(one, await work.jobs.get(one.job.id)) for one in long]
                    leaving = next((one for one, job in now if job is not None and job.listed), None)
                    if leaving is not None:
                        leaving.over.set()

    async def _guarded(self, turn: _Turn) -> None:
        job = turn.job
        with structlog.contextvars.bound_contextvars(
            job_id=str(job.id), source_id=str(job.source_id), attempt=job.attempt
        ):
            try:
                await self._hold(job, turn.over)
            except FlashError as error:  # the database is away: the lease runs out, and the job is found again
                log.warning("job.left", error=error.code)
            finally:
                self._turns.discard(turn)

    async def _hold(self, job: Job, over: asyncio.Event) -> None:
        log.info("job.claimed", kind=job.kind, phase=job.phase)
        work: asyncio.Task[str | None] = asyncio.create_task(self._work.perform(job))
        keeper = asyncio.create_task(self._keep(job, over))
        try:
            await asyncio.wait({work, keeper}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _stopped(work, keeper)
            await asyncio.shield(self._give_back(job))
            raise
        finished: asyncio.Task[str | None] | asyncio.Task[None] = work if work.done() else keeper
        await _stopped(work, keeper)
        error = finished.exception()
        if error is not None:
            await self._failed(job, error)
        elif finished is work:
            await self._end(job, None, work.result())
        else:
            await self._give_back(job)

    async def _keep(self, job: Job, over: asyncio.Event) -> None:
        """Extend the lease while the job runs; ends when the job's cancellation is asked for, or its turn is over."""
        while True:
            with suppress(UpstreamUnavailableError):  # the fence holds whatever happens meanwhile
                async with self._unit_of_work() as work:
                    cancel_requested = await work.jobs.extend(job, self._lease_seconds)
                    await work.commit()
                if cancel_requested:
                    return
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), min(2.0, self._lease_seconds / 3))
                return

    async def _give_back(self, job: Job) -> None:
        with suppress(FlashError):
            await self._release(job)

    async def _release(self, job: Job, *, after_seconds: float = 0, problem: str | None = None) -> None:
        """To be taken up again; but a job that was to be cancelled meanwhile is over."""
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            now = await work.jobs.get(job.id)
            cancelled = now is not None and now.cancel_requested
            if cancelled:
                await _over(work, job, JobState.CANCELLED)
            else:
                await work.jobs.release(job, after_seconds=after_seconds, problem=problem)
                await work.items.forgive(job.id)
            await work.commit()
        log.info("job.ended" if cancelled else "job.given_back", seconds=after_seconds)

    async def _failed(self, job: Job, error: BaseException) -> None:
        if isinstance(error, FencedError):
            log.warning("job.fenced")
        elif isinstance(error, FlashError) and error.retryable:
            await self._postpone(job, error)
        elif isinstance(error, FlashError):
            await self._end(job, JobState.FAILED, str(error))
        else:
            log.error("job.crashed", exc_info=error)
            await self._end(job, JobState.FAILED, "Something went wrong on our side; the logs say what.")

    async def _postpone(self, job: Job, error: FlashError) -> None:
        """It is nobody's fault but the dependency's: the documents keep their turn."""
        async with self._unit_of_work() as work:
            now = await work.jobs.get(job.id)
        postponed = now.postponed if now else 0
        if postponed >= _MAX_POSTPONED:
            await self._end(job, JobState.FAILED, f"Given up: {error}")
            return
        pause = min(_MAX_PAUSE_SECONDS, self._pause_seconds * 2 ** min(postponed, 10))
        log.warning("job.postponed", error=error.code, seconds=pause)
        await self._release(job, after_seconds=pause, problem=f"Waiting: {error}")

    async def _end(self, job: Job, state: JobState | None, problem: str | None = None) -> None:
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            outcome = await _over(work, job, state, problem)
            await work.commit()
        log.info("job.ended", state=outcome)


async def _over(
    work: IndexingUnitOfWorkInterface, job: Job, state: JobState | None, problem: str | None = None
) -> JobState:
    if state is JobState.CANCELLED:
        await work.items.end_pending(job.id, ItemState.CANCELLED, CANCELLED_REASON)
    elif state is JobState.FAILED:
        await work.items.end_pending(job.id, ItemState.FAILED, "The job failed before its turn.")
    return await ended(work, job.id, state, problem)


async def _stopped(*tasks: asyncio.Task[str | None] | asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
