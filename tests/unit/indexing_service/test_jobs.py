"""Following, cancelling and repeating jobs."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from flash_core.errors import ConflictError, NotFoundError
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import JobCounts, JobState
from flash_core.testing.fakes import FrozenClock
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import Item, ItemState, Job, JobKind, JobQuery
from indexing_service.interfaces.syncing import Plan
from indexing_service.services.jobs import JobManager, ended
from tests.unit.indexing_service.fakes import FakeDatabase, FakeDocumentRegistry
from tests.unit.indexing_service.world import NOON, claimed, job, listed, page, source, stored

HANDBOOK = source()


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def registry() -> FakeDocumentRegistry:
    known = PutSourceRequest(name="Handbook", provider="folder", groups=[])
    return FakeDocumentRegistry(sources={HANDBOOK.id: known})


@pytest.fixture
def jobs(database: FakeDatabase, registry: FakeDocumentRegistry) -> JobManager:
    return JobManager(database.unit_of_work, registry, FrozenClock(NOON), watch_seconds=0.001)


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


async def test_what_a_repetition_left_is_repeated_when_it_is_asked_for_again(
    database: FakeDatabase, jobs: JobManager
) -> None:
    one = await handed_in(database, ItemState.FAILED, ItemState.FAILED)
    second = await jobs.retry(one.id)
    async with database.unit_of_work() as work:
        await work.items.settle(second, [Item(0, "", ItemState.INDEXED), Item(1, "", ItemState.FAILED, "Why.")])
        await work.intake.drop(second, [0])
        await ended(work, second, None, None)
        await work.commit()
    third = await jobs.retry(one.id)
    assert third not in {one.id, second}
    assert [item.external_id for item in database.state.items[third].values()] == ["1.md"]
    assert await jobs.retry(one.id) == await jobs.retry(second) == third
    async with database.unit_of_work() as work:
        await work.items.settle(third, [Item(1, "", ItemState.INDEXED)])
        await work.intake.drop(third, [1])
        await ended(work, third, None, None)
        await work.commit()
    assert await jobs.retry(one.id) == third


async def test_what_was_handed_in_anew_is_not_brought_back_by_a_retry(database: FakeDatabase, jobs: JobManager) -> None:
    one = await handed_in(database, ItemState.FAILED, ItemState.FAILED)
    async with database.unit_of_work() as work:
        await work.intake.supersede(HANDBOOK.id, ["0.md"])
        await work.commit()
    again = await jobs.retry(one.id)
    assert [item.external_id for item in database.state.items[again].values()] == ["1.md"]
    other = await handed_in(database, ItemState.FAILED)
    async with database.unit_of_work() as work:
        await work.intake.supersede(HANDBOOK.id, ["0.md"])
        await work.commit()
    with pytest.raises(ConflictError):
        await jobs.retry(other.id)


async def test_what_was_handed_in_anew_before_its_job_was_cancelled_is_not_brought_back_either(
    database: FakeDatabase, jobs: JobManager
) -> None:
    one = await handed_in(database, ItemState.CANCELLED, ItemState.CANCELLED)
    newer = job(HANDBOOK, JobKind.DOCUMENTS, listed=True)
    async with database.unit_of_work() as work:
        await work.intake.sign(one, ["0.md", "1.md"], uuid4())
        await work.intake.sign(newer, ["0.md"], uuid4())
        await work.commit()
    again = await jobs.retry(one.id)
    assert [item.external_id for item in database.state.items[again].values()] == ["1.md"]


async def handed_in(database: FakeDatabase, *states: ItemState) -> Job:
    """A job that has ended so, of documents that are kept."""
    one = job(HANDBOOK, JobKind.DOCUMENTS, listed=True)
    await stored(database.unit_of_work, HANDBOOK, one)
    async with database.unit_of_work() as work:
        await work.intake.add(one.id, {at: page(f"{at}.md") for at in range(len(states))})
        await work.commit()
    await settled(database, one, *states)
    return one


async def test_a_job_without_failures_or_without_an_end_is_not_repeated(
    database: FakeDatabase, jobs: JobManager
) -> None:
    good, waiting, sync = (job(HANDBOOK, kind, listed=True) for kind in (*[JobKind.DOCUMENTS] * 2, JobKind.SYNC))
    await stored(database.unit_of_work, HANDBOOK, good, waiting, sync)
    for one in (good, sync):
        await settled(database, one, ItemState.INDEXED)
    for one in (good, waiting, sync):
        with pytest.raises(ConflictError):
            await jobs.retry(one.id)


async def test_of_a_full_sync_only_what_failed_is_repeated(database: FakeDatabase, jobs: JobManager) -> None:
    one = replace(job(HANDBOOK), full=True)
    await stored(database.unit_of_work, HANDBOOK, one)
    await settled(database, one, ItemState.INDEXED, ItemState.FAILED, ItemState.CANCELLED, ItemState.SKIPPED)
    again = await jobs.retry(one.id)
    row = database.state.jobs[again].job
    assert (row.kind, row.full, row.listed, row.state) == (JobKind.SYNC, True, True, JobState.QUEUED)
    assert [item.external_id for item in database.state.items[again].values()] == ["1.md", "2.md"]


async def test_a_sync_that_came_to_nothing_is_repeated_as_a_whole(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    async with database.unit_of_work() as work:
        await ended(work, one.id, JobState.FAILED, "There is no such folder.")
        await work.commit()
    again = await jobs.retry(one.id)
    row = database.state.jobs[again].job
    assert (row.kind, row.listed, row.state) == (JobKind.SYNC, False, JobState.QUEUED)


async def test_a_sync_that_waits_is_the_repetition_and_looks_at_everything(
    database: FakeDatabase, jobs: JobManager
) -> None:
    failed = replace(job(HANDBOOK), full=True)
    await stored(database.unit_of_work, HANDBOOK, failed)
    await settled(database, failed, ItemState.FAILED)
    waiting = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, waiting)
    assert await jobs.retry(failed.id) == waiting.id
    assert database.state.jobs[waiting.id].job.full


async def test_a_job_says_how_fast_it_is_and_what_it_works_on(database: FakeDatabase, jobs: JobManager) -> None:
    await stored(database.unit_of_work, HANDBOOK, job(HANDBOOK))
    held = await claimed(database.unit_of_work, 60)
    assert held is not None
    async with database.unit_of_work() as work:
        await work.jobs.seen(held, 7)
        await work.commit()
    listing = await jobs.get(held.id)
    assert (listing.counts.found, listing.rate, listing.seconds_left, listing.current) == (7, None, None, None)
    async with database.unit_of_work() as work:
        await work.items.replace(held.id, [Item(at, f"{at}.md") for at in range(30)])
        await work.jobs.planned(held, Plan(complete=True))
        await work.jobs.reached(held, "3.md")
        await work.items.settle(held.id, [Item(at, "", ItemState.INDEXED) for at in range(10)])
        await work.jobs.progressed(held, 10)
        await work.commit()
    database.later += timedelta(seconds=5)
    async with database.unit_of_work() as work:
        await work.jobs.extend(held, 60)
        await work.commit()
    working = await jobs.get(held.id)
    assert (working.counts.found, working.current) == (30, "3.md")
    assert working.rate == pytest.approx(2, rel=0.1)
    assert working.seconds_left == pytest.approx(10, rel=0.1)
    await settled_all(database, held)
    over = await jobs.get(held.id)
    assert (over.current, over.seconds_left, over.rate is not None) == (None, 0, True)


async def settled_all(database: FakeDatabase, held: Job) -> None:
    async with database.unit_of_work() as work:
        await work.items.settle(held.id, [Item(at, "", ItemState.INDEXED) for at in range(30)])
        await ended(work, held.id, None, None)
        await work.commit()


async def test_a_document_without_an_outcome_has_failed(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    await listed(database.unit_of_work, one.id, "a", "b")
    async with database.unit_of_work() as work:
        await work.items.settle(one.id, [Item(0, "a", ItemState.INDEXED)])
        await ended(work, one.id, None, None)
        await work.commit()
    shown = await jobs.get(one.id)
    assert (shown.state, shown.counts) == (JobState.PARTIAL, JobCounts(found=2, indexed=1, failed=1))


async def test_a_job_that_goes_with_its_source_is_watched_no_longer(database: FakeDatabase, jobs: JobManager) -> None:
    one = job(HANDBOOK)
    await stored(database.unit_of_work, HANDBOOK, one)
    watched = jobs.watch(one.id)
    assert (await anext(watched)).state is JobState.QUEUED
    async with database.unit_of_work() as work:
        await work.sources.delete(HANDBOOK.id)
        await work.commit()
    assert [shown async for shown in watched] == []


async def test_the_queue_of_jobs_says_what_waits_and_what_runs(database: FakeDatabase, jobs: JobManager) -> None:
    idle = await jobs.queue()
    assert (idle.name, idle.waiting, idle.in_progress, idle.oldest_seconds) == ("indexing", 0, 0, 0)
    await stored(database.unit_of_work, HANDBOOK, job(HANDBOOK))
    await claimed(database.unit_of_work)
    for seconds in (30, 40):
        other = source()
        await stored(database.unit_of_work, other, replace(job(other), created_at=NOON - timedelta(seconds=seconds)))
    told = await jobs.queue()
    assert (told.waiting, told.in_progress, told.oldest_seconds, told.dead) == (2, 1, 40, 0)
