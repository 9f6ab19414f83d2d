"""Jobs are claimed, kept, given back, put off and ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from flash_core.errors import FencedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.messaging.events import JobQueued
from flash_core.schemas.indexing import JobState
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import Job, JobKind, JobWorkInterface, UnitOfWorkFactory
from indexing_service.services.scheduler import JobScheduler
from tests.unit.indexing_service.fakes import FakeDatabase, FakeJobWork
from tests.unit.indexing_service.world import job, listed, source, stored


class Waiting(JobWorkInterface):
    """Works until it is let go."""

    def __init__(self) -> None:
        self.begun: list[Job] = []
        self.let_go = asyncio.Event()

    async def perform(self, job: Job) -> None:
        self.begun.append(job)
        await self.let_go.wait()


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@asynccontextmanager
async def running(
    unit_of_work: UnitOfWorkFactory,
    work: JobWorkInterface,
    *,
    at_once: int = 4,
    lease_seconds: float = 10,
    poll_seconds: float = 0.005,
    pause_seconds: float = 0.001,
    turn_seconds: float = 60,
) -> AsyncIterator[JobScheduler]:
    """A worker says that it lives three times in `lease_seconds`, at least every two seconds."""
    scheduler = JobScheduler(
        unit_of_work,
        work,
        at_once=at_once,
        lease_seconds=lease_seconds,
        poll_seconds=poll_seconds,
        pause_seconds=pause_seconds,
        turn_seconds=turn_seconds,
    )
    task = asyncio.create_task(scheduler.run())
    try:
        yield scheduler
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def queued(database: FakeDatabase, *names: str, kind: JobKind = JobKind.SYNC, is_listed: bool = False) -> Job:
    of = source()
    one = job(of, kind, listed=is_listed)
    await stored(database.unit_of_work, of, one)
    await listed(database.unit_of_work, one.id, *names)
    return one


def state_is(database: FakeDatabase, of: Job, state: JobState) -> Callable[[], bool]:
    return lambda: database.state.jobs[of.id].job.state is state


async def test_a_queued_job_is_performed_and_ended(database: FakeDatabase) -> None:
    one = await queued(database)
    async with running(database.unit_of_work, FakeJobWork()):
        await eventually(state_is(database, one, JobState.SUCCEEDED))


async def test_an_event_wakes_the_scheduler_before_its_poll(database: FakeDatabase) -> None:
    work = FakeJobWork()
    async with running(database.unit_of_work, work, poll_seconds=60) as scheduler:
        await asyncio.sleep(0.01)
        one = await queued(database)
        await scheduler.job_queued(JobQueued(job_id=one.id))
        await eventually(state_is(database, one, JobState.SUCCEEDED))


class OnlyThese(Waiting):
    """All others never come to an end."""

    def __init__(self) -> None:
        super().__init__()
        self.quick: set[UUID] = set()

    async def perform(self, job: Job) -> None:
        if job.id in self.quick:
            self.begun.append(job)
        else:
            await super().perform(job)


async def test_a_slow_source_blocks_no_other(database: FakeDatabase) -> None:
    """There are more of them than places, none of them ever ends, and the last one to come gets its turn."""
    work = OnlyThese()
    slow = [await queued(database, is_listed=True) for _ in range(7)]
    quick = await queued(database)
    work.quick.add(quick.id)
    async with running(database.unit_of_work, work, at_once=2, turn_seconds=0.01):
        await eventually(state_is(database, quick, JobState.SUCCEEDED))
        await eventually(lambda: all(sum(one.id == begun.id for begun in work.begun) > 1 for one in slow))
        held = [database.state.jobs[one.id].job for one in slow]
        assert {(one.problem, one.postponed) for one in held} == {(None, 0)}
        assert sum(one.state is JobState.RUNNING for one in held) <= 2


async def test_a_listing_is_not_stopped_for_others_but_what_is_handed_in_gets_through(database: FakeDatabase) -> None:
    work = OnlyThese()
    listing = [await queued(database) for _ in range(2)]
    async with running(database.unit_of_work, work, at_once=2, turn_seconds=0.01):
        await eventually(lambda: len(work.begun) == 2)
        waiting = await queued(database)
        uploads = await queued(database, kind=JobKind.DOCUMENTS)
        work.quick.add(uploads.id)
        await eventually(state_is(database, uploads, JobState.SUCCEEDED))
        assert {one.id for one in work.begun} == {one.id for one in (*listing, uploads)}
        assert database.state.jobs[waiting.id].job.attempt == 0


async def test_a_job_that_nobody_waits_for_keeps_its_place(database: FakeDatabase) -> None:
    work = Waiting()
    await queued(database, is_listed=True)
    async with running(database.unit_of_work, work, at_once=1, turn_seconds=0.001):
        await eventually(lambda: work.begun)
        await asyncio.sleep(0.05)
    assert len(work.begun) == 1


async def test_a_job_that_was_cancelled_while_it_was_put_off_is_over_at_once(database: FakeDatabase) -> None:
    class Away(FakeJobWork):
        """The cancellation comes while the dependency fails."""

        async def perform(self, job: Job) -> None:
            async with database.unit_of_work() as unit:
                await unit.jobs.request_cancel(job.id)
                await unit.commit()
            raise UpstreamUnavailableError("away")

    one = await queued(database, "a")
    async with running(database.unit_of_work, Away(), pause_seconds=60):
        await eventually(state_is(database, one, JobState.CANCELLED))
    counts = database.state.jobs[one.id].counts
    assert counts is not None
    assert (counts.found, counts.skipped) == (1, 1)


async def test_a_job_is_kept_while_it_runs(database: FakeDatabase) -> None:
    work = Waiting()
    one = await queued(database)
    async with running(database.unit_of_work, work, lease_seconds=0.6):
        await eventually(lambda: work.begun)
        first = database.state.jobs[one.id].job.heartbeat_at
        await eventually(lambda: database.state.jobs[one.id].job.heartbeat_at != first)
        assert len(work.begun) == 1
        work.let_go.set()
        await eventually(state_is(database, one, JobState.SUCCEEDED))


async def test_a_scheduler_that_leaves_gives_its_jobs_back(database: FakeDatabase) -> None:
    work = Waiting()
    one = await queued(database)
    async with running(database.unit_of_work, work):
        await eventually(lambda: work.begun)
    held = database.state.jobs[one.id].job
    assert (held.state, held.problem, held.postponed) == (JobState.QUEUED, None, 0)
    async with running(database.unit_of_work, FakeJobWork()):
        await eventually(state_is(database, one, JobState.SUCCEEDED))


async def test_a_job_is_stopped_when_that_is_asked_for(database: FakeDatabase) -> None:
    work = Waiting()
    one = await queued(database, "a", "b")
    async with running(database.unit_of_work, work, lease_seconds=0.6):
        await eventually(lambda: work.begun)
        async with database.unit_of_work() as unit:
            await unit.jobs.request_cancel(one.id)
            await unit.commit()
        await eventually(state_is(database, one, JobState.CANCELLED))
    counts = database.state.jobs[one.id].counts
    assert counts is not None
    assert (counts.found, counts.skipped) == (2, 2)


async def test_a_job_whose_dependency_is_away_is_tried_again(database: FakeDatabase) -> None:
    one = await queued(database)
    work = FakeJobWork(errors=[UpstreamUnavailableError("The model is away.")] * 3)
    async with running(database.unit_of_work, work):
        await eventually(state_is(database, one, JobState.SUCCEEDED))
    assert [held.attempt for held in work.performed] == [1, 2, 3, 4]
    assert [held.postponed for held in work.performed] == [0, 1, 2, 3]
    assert work.performed[-1].problem == "Waiting: The model is away."


async def test_a_dependency_that_never_comes_back_is_given_up_at_last(database: FakeDatabase) -> None:
    one = await queued(database, "a")
    row = database.state.jobs[one.id]
    object.__setattr__(row.job, "postponed", 9_999)
    still_waiting = FakeJobWork(errors=[UpstreamUnavailableError("away")])
    async with running(database.unit_of_work, still_waiting, pause_seconds=60):
        await eventually(lambda: still_waiting.performed and state_is(database, one, JobState.QUEUED)())
    assert database.state.jobs[one.id].job.problem == "Waiting: away"
    database.later += timedelta(minutes=2)
    async with running(database.unit_of_work, FakeJobWork(errors=[UpstreamUnavailableError("away")])):
        await eventually(state_is(database, one, JobState.FAILED))
    assert database.state.jobs[one.id].job.problem == "Given up: away"
    assert database.state.items[one.id][0].reason == "The job failed before its turn."


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (UpstreamRejectedError("There is no such folder."), "There is no such folder."),
        (RuntimeError("a bug"), "Something went wrong on our side; the logs say what."),
    ],
)
async def test_what_can_not_be_helped_ends_the_job(database: FakeDatabase, error: Exception, problem: str) -> None:
    one = await queued(database)
    async with running(database.unit_of_work, FakeJobWork(errors=[error])):
        await eventually(state_is(database, one, JobState.FAILED))
    assert database.state.jobs[one.id].job.problem == problem


async def test_a_fenced_job_is_left_to_the_other(database: FakeDatabase) -> None:
    one = await queued(database)
    work = FakeJobWork(errors=[FencedError("Another has it.")])
    async with running(database.unit_of_work, work):
        await eventually(lambda: work.performed)
        await asyncio.sleep(0.01)
        assert database.state.jobs[one.id].job.attempt == 1


async def test_a_worker_that_was_fenced_while_it_worked_is_stopped(database: FakeDatabase) -> None:
    work = Waiting()
    one = await queued(database)
    async with running(database.unit_of_work, work, at_once=1, lease_seconds=0.6):
        await eventually(lambda: work.begun)
        database.later += timedelta(seconds=10)
        async with database.unit_of_work() as unit:
            stolen = await unit.jobs.claim(60)
            await unit.commit()
        assert stolen is not None
        later = await queued(database)
        work.let_go.clear()
        await eventually(lambda: len(work.begun) == 2)
        assert work.begun[-1].id == later.id
    assert database.state.jobs[one.id].job.state is JobState.RUNNING


async def test_a_database_that_is_away_is_waited_for(database: FakeDatabase) -> None:
    one = await queued(database)
    database.error = UpstreamUnavailableError("away")
    async with running(database.unit_of_work, FakeJobWork()):
        await asyncio.sleep(0.02)
        database.error = None
        await eventually(state_is(database, one, JobState.SUCCEEDED))


async def test_a_job_whose_end_could_not_be_stored_is_found_again(database: FakeDatabase) -> None:
    class Cutting(FakeJobWork):
        async def perform(self, job: Job) -> None:
            await super().perform(job)
            if len(self.performed) == 1:
                database.error = UpstreamUnavailableError("away")

    one = await queued(database)
    work = Cutting()
    async with running(database.unit_of_work, work, lease_seconds=0.6):
        await eventually(lambda: work.performed)
        await asyncio.sleep(0.02)
        database.error = None
        await eventually(state_is(database, one, JobState.SUCCEEDED))
    assert [held.attempt for held in work.performed] == [1, 2]
