"""Following, cancelling and repeating jobs."""

import asyncio
from uuid import uuid4

import pytest

from flash_core.errors import ConflictError, NotFoundError
from flash_core.schemas.indexing import JobCounts, JobState
from flash_core.testing.fakes import FrozenClock
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import Item, ItemState, Job, JobKind, JobQuery
from indexing_service.services.jobs import JobManager, ended
from tests.unit.indexing_service.fakes import FakeDatabase
from tests.unit.indexing_service.world import NOON, claimed, job, listed, page, source, stored

HANDBOOK = source()


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def jobs(database: FakeDatabase) -> JobManager:
    return JobManager(database.unit_of_work, FrozenClock(NOON), watch_seconds=0.001)


async def settled(database: FakeDatabase, of: Job, *states: ItemState) -> None:
    """`of` has ended, with a document in each of these states."""
    await listed(database.unit_of_work, of.id, *(f"{at}.md" for at in range(len(states))))
    async with database.unit_of_work() as work:
        await work.items.settle(of.id, [Item(at, "", state, "Why.") for at, state in enumerate(states)])
        await ended(work, of.id, None, None)
        await work.commit()


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ([], JobState.SUCCEEDED),
        ([ItemState.INDEXED, ItemState.SKIPPED], JobState.SUCCEEDED),
        ([ItemState.INDEXED, ItemState.FAILED], JobState.PARTIAL),
        ([ItemState.FAILED], JobState.FAILED),
    ],
)
async def test_a_job_ends_as_its_documents_did(
    database: FakeDatabase, jobs: JobManager, states: list[ItemState], outcome: JobState
) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    await settled(database, one, *states)
    shown = await jobs.get(one.id)
    counts = shown.counts
    assert (shown.state, shown.phase) == (outcome, "done")
    assert counts.found == counts.indexed + counts.unchanged + counts.skipped + counts.failed == len(states)
    assert len(shown.problems) == sum(state is not ItemState.INDEXED for state in states)


async def test_jobs_are_listed_with_their_counts(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    await listed(database.unit_of_work, one.id, "a", "b")
    [shown] = await jobs.page(JobQuery(10))
    assert (shown.id, shown.counts) == (one.id, JobCounts(found=2))
    with pytest.raises(NotFoundError):
        await jobs.get(uuid4())


async def test_what_delays_a_job_is_its_first_problem(database: FakeDatabase, jobs: JobManager) -> None:
    await stored(database.unit_of_work, HANDBOOK, job(HANDBOOK))
    held = await claimed(database.unit_of_work)
    assert held is not None
    async with database.unit_of_work() as work:
        await work.jobs.release(held, problem="Waiting for the model.")
        await work.commit()
    shown = await jobs.get(held.id)
    assert [(one.document, one.detail) for one in shown.problems] == [("", "Waiting for the model.")]


async def test_a_job_is_watched_to_its_end(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    seen: list[JobState] = []

    async def watch() -> None:
        async for shown in jobs.watch(one.id):
            seen.append(shown.state)  # noqa: PERF401  # one after the other is the point

    watching = asyncio.create_task(watch())
    await eventually(lambda: len(seen) >= 2)  # it is said again while nothing happens
    await settled(database, one, ItemState.INDEXED)
    await watching
    assert seen == [JobState.QUEUED] * (len(seen) - 1) + [JobState.SUCCEEDED]


async def test_a_queued_job_is_cancelled_at_once(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    await listed(database.unit_of_work, one.id, "a")
    shown = await jobs.cancel(one.id)
    assert (shown.state, shown.counts) == (JobState.CANCELLED, JobCounts(found=1, skipped=1))
    assert (await jobs.cancel(one.id)).state is JobState.CANCELLED


async def test_a_running_job_is_told_to_stop(database: FakeDatabase, jobs: JobManager) -> None:
    await stored(database.unit_of_work, HANDBOOK, job(HANDBOOK))
    held = await claimed(database.unit_of_work)
    assert held is not None
    assert (await jobs.cancel(held.id)).state is JobState.RUNNING
    assert database.state.jobs[held.id].job.cancel_requested


async def test_an_ended_job_can_not_be_cancelled(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    await settled(database, one, ItemState.INDEXED)
    with pytest.raises(ConflictError):
        await jobs.cancel(one.id)
    with pytest.raises(NotFoundError):
        await jobs.cancel(uuid4())


async def test_what_failed_is_handed_in_again_once(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK, JobKind.DOCUMENTS, listed=True)
    await stored(database.unit_of_work, HANDBOOK, one)
    async with database.unit_of_work() as work:
        await work.intake.add(one.id, {1: page("1.md")})
        await work.commit()
    await settled(database, one, ItemState.INDEXED, ItemState.FAILED)
    again = await jobs.retry(one.id)
    assert await jobs.retry(one.id) == again
    assert (await jobs.get(again)).counts == JobCounts(found=1)
    assert list(database.state.intake) == [(again, 1)]
    assert len(database.events) == 1
    assert (await jobs.get(one.id)).counts == JobCounts(found=2, indexed=1, failed=1)


async def test_a_job_without_failures_or_without_an_end_is_not_repeated(
    database: FakeDatabase, jobs: JobManager
) -> None:
    good, waiting = (job(HANDBOOK, JobKind.DOCUMENTS, listed=True) for _ in range(2))
    await stored(database.unit_of_work, HANDBOOK, good, waiting)
    await settled(database, good, ItemState.INDEXED)
    for one in (good, waiting):
        with pytest.raises(ConflictError):
            await jobs.retry(one.id)


async def test_a_sync_is_repeated_as_a_sync(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    await settled(database, one, ItemState.FAILED)
    again = await jobs.retry(one.id)
    row = database.state.jobs[again].job
    assert (row.kind, row.listed, row.state) == (JobKind.SYNC, False, JobState.QUEUED)


async def test_a_sync_that_is_under_way_is_the_repetition(database: FakeDatabase, jobs: JobManager) -> None:
    failed = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, failed)
    await settled(database, failed, ItemState.FAILED)
    active = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, active)
    assert await jobs.retry(failed.id) == active.id
