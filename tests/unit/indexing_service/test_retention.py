"""What is over is forgotten after a while."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from flash_core.errors import UpstreamUnavailableError
from flash_core.schemas.indexing import JobCounts, JobState
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import Job, JobKind
from indexing_service.services.retention import JobRetention
from tests.unit.indexing_service.fakes import FakeDatabase
from tests.unit.indexing_service.world import job, listed, page, source, stored

HANDBOOK = source()
MONTH = timedelta(days=30)


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


async def over(database: FakeDatabase, counts: JobCounts, kind: JobKind = JobKind.SYNC) -> Job:
    one = job(HANDBOOK, kind, listed=True)
    await stored(database.unit_of_work, HANDBOOK, one)
    await listed(database.unit_of_work, one.id, "a")
    async with database.unit_of_work() as work:
        await work.intake.add(one.id, {0: page("a")})
        await work.jobs.finish(one.id, JobState.PARTIAL, counts, None)
        await work.commit()
    return one


async def test_jobs_are_forgotten_with_all_that_belongs_to_them_but_for_the_newest(database: FakeDatabase) -> None:
    old = await over(database, JobCounts(found=1, failed=1), JobKind.DOCUMENTS)
    newest = await over(database, JobCounts(found=1, indexed=1))
    retention = JobRetention(database.unit_of_work, keep=MONTH)
    database.later += timedelta(days=29)
    assert await retention.run_once() == 0
    database.later += timedelta(days=2)
    assert await retention.run_once() == 1
    assert list(database.state.jobs) == list(database.state.items) == [newest.id]
    assert list(database.state.intake) == [(newest.id, 0)]
    assert old.id not in database.state.jobs


async def test_syncs_that_changed_nothing_go_sooner(database: FakeDatabase) -> None:
    await stored(database.unit_of_work, HANDBOOK)
    idle = [job(HANDBOOK) for _ in range(450)]
    async with database.unit_of_work() as work:
        for one in idle:
            await work.jobs.add(one)
            await work.jobs.finish(one.id, JobState.SUCCEEDED, JobCounts(found=1, unchanged=1), None)
        await work.commit()
    telling = [await over(database, JobCounts(found=1, indexed=1)), await over(database, JobCounts(deleted=1))]
    await over(database, JobCounts())
    database.later += timedelta(days=2)
    assert await JobRetention(database.unit_of_work, keep=MONTH).run_once() == len(idle)
    assert {one.id for one in telling} < set(database.state.jobs)


async def test_a_job_that_has_not_ended_stays(database: FakeDatabase) -> None:
    one = job(HANDBOOK, JobKind.DOCUMENTS)
    await stored(database.unit_of_work, HANDBOOK, one, job(HANDBOOK))
    database.later += timedelta(days=1_000)
    assert await JobRetention(database.unit_of_work, keep=MONTH).run_once() == 0


async def test_it_goes_on_after_the_database_was_away(database: FakeDatabase) -> None:
    old = await over(database, JobCounts())
    await over(database, JobCounts())
    database.later += timedelta(days=2)
    database.error = UpstreamUnavailableError("away")
    running = asyncio.create_task(JobRetention(database.unit_of_work, keep=MONTH, every_seconds=0.001).run())
    await asyncio.sleep(0.01)
    database.error = None
    await eventually(lambda: old.id not in database.state.jobs)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
