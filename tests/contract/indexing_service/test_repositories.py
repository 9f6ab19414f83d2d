"""The indexing database keeps its promises, in memory and in PostgreSQL."""

from dataclasses import replace

import pytest

from flash_core.errors import ConflictError, FencedError
from flash_core.messaging.events import JobQueued
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from flash_core.utils.ids import new_id
from indexing_service.interfaces import Item, ItemState, JobKind, JobQuery, Phase
from indexing_service.interfaces.syncing import Plan
from tests.contract.indexing_service.conftest import Store
from tests.unit.indexing_service.world import NOON, claimed, job, listed, page, source, stored

EVERYTHING = 1_000


async def test_what_is_not_committed_is_forgotten_and_events_leave_with_the_rest(store: Store) -> None:
    handbook = source()
    async with store.unit_of_work() as work:
        await work.sources.add(handbook)
        work.outbox.add(JobQueued(job_id=new_id()))
    async with store.unit_of_work() as work:
        assert await work.sources.get(handbook.id) is None
        assert await store.events() == []
        work.outbox.add(JobQueued(job_id=new_id()))
        await work.commit()
    assert await store.events() == ["indexing.job-queued.v1"]


async def test_a_source_is_kept_changed_and_deleted_with_its_jobs(store: Store) -> None:
    handbook = source("hr", path="/pages", include=["*.md"])
    sync = job(handbook)
    await stored(store.unit_of_work, handbook, sync)
    changed = replace(handbook, name="Wiki", groups=frozenset(), schedule="1d", config={"path": "/other"})
    async with store.unit_of_work() as work:
        assert await work.sources.get(handbook.id) == replace(handbook, last_job_id=sync.id)
        await work.sources.update(changed)
        assert await work.sources.get(handbook.id, locked=True) == replace(changed, last_job_id=sync.id)
        await work.sources.delete(handbook.id)
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.sources.get(handbook.id) is None
        assert await work.jobs.get(sync.id) is None


async def test_sources_are_shown_in_pages_to_members(store: Store) -> None:
    both = [source("hr"), source("it"), source()]
    for one in both:
        await stored(store.unit_of_work, one)
    async with store.unit_of_work() as work:
        assert [one.id for one in await work.sources.page(None, None, 10)] == sorted(one.id for one in both)
        assert await work.sources.page(frozenset({"hr"}), None, 10) == sorted(
            (both[0], both[2]), key=lambda one: one.id
        )
        first = await work.sources.page(frozenset(), None, 1)
        assert first == [both[2]]
        assert await work.sources.page(None, max(one.id for one in both), 10) == []


async def test_there_is_one_default_source(store: Store) -> None:
    one, two = (source(kind=SourceType.UPLOAD, is_default=True) for _ in range(2))
    async with store.unit_of_work() as work:
        assert await work.sources.default(one) == one
        assert await work.sources.default(two) == one
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.sources.default(two) == one


async def test_a_source_has_one_sync_that_has_not_ended(store: Store) -> None:
    handbook = source()
    sync = job(handbook)
    await stored(store.unit_of_work, handbook, sync, job(handbook, JobKind.DOCUMENTS))
    async with store.unit_of_work() as work:
        assert await work.jobs.active_sync(handbook.id) == sync
    with pytest.raises(ConflictError):
        await stored(store.unit_of_work, handbook, job(handbook))
    async with store.unit_of_work() as work:
        await work.jobs.finish(sync.id, JobState.SUCCEEDED, JobCounts(), None)
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.jobs.active_sync(handbook.id) is None
        await work.jobs.add(job(handbook))


async def test_jobs_are_shown_newest_first(store: Store) -> None:
    one, two = source(), source()
    jobs = [job(one, JobKind.DOCUMENTS), job(two), job(one)]
    await stored(store.unit_of_work, one, jobs[0], jobs[2])
    await stored(store.unit_of_work, two, jobs[1])
    async with store.unit_of_work() as work:
        newest = sorted(jobs, key=lambda each: each.id, reverse=True)
        assert await work.jobs.page(JobQuery(10)) == newest
        assert await work.jobs.page(JobQuery(1, before=newest[0].id)) == [newest[1]]
        assert await work.jobs.page(JobQuery(10, source_id=two.id)) == [jobs[1]]
        assert await work.jobs.page(JobQuery(10, state=JobState.RUNNING)) == []
        assert await work.jobs.get(new_id()) is None


async def test_a_claimed_job_is_held_until_its_lease_runs_out(store: Store) -> None:
    handbook = source()
    await stored(store.unit_of_work, handbook, job(handbook))
    first = await claimed(store.unit_of_work)
    assert first is not None
    assert (first.state, first.phase, first.attempt) == (JobState.RUNNING, Phase.LISTING, 1)
    assert first.started_at is not None
    assert await claimed(store.unit_of_work) is None
    await store.pass_time(11)
    second = await claimed(store.unit_of_work)
    assert second is not None
    assert (second.attempt, second.started_at) == (2, first.started_at)
    async with store.unit_of_work() as work:
        await work.jobs.hold(second)
        for fenced in (
            work.jobs.hold(first),
            work.jobs.extend(first, 10),
            work.jobs.release(first),
            work.jobs.progressed(first),
            work.jobs.planned(first, Plan(complete=True)),
        ):
            with pytest.raises(FencedError):
                await fenced


async def test_each_claim_has_a_higher_fence_whatever_job_it_is_of(store: Store) -> None:
    handbook = source()
    await stored(store.unit_of_work, handbook, job(handbook))
    first = await claimed(store.unit_of_work)
    await store.pass_time(60)
    second = await claimed(store.unit_of_work)
    wiki = source()
    await stored(store.unit_of_work, wiki, job(wiki))
    third = await claimed(store.unit_of_work)
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.id, second.attempt, third.source_id) == (second.id, 2, wiki.id)
    assert 0 < first.fence < second.fence < third.fence
    async with store.unit_of_work() as work:
        kept = await work.jobs.get(first.id)
    assert kept is not None
    assert kept.fence == second.fence


async def test_a_lease_that_is_extended_does_not_run_out(store: Store) -> None:
    handbook = source()
    await stored(store.unit_of_work, handbook, job(handbook))
    held = await claimed(store.unit_of_work)
    assert held is not None
    await store.pass_time(9)
    async with store.unit_of_work() as work:
        assert not await work.jobs.extend(held, 10)
        await work.jobs.request_cancel(held.id)
        assert await work.jobs.extend(held, 10)
        await work.commit()
    await store.pass_time(9)
    assert await claimed(store.unit_of_work) is None


async def test_a_source_has_one_running_job_at_a_time_its_oldest(store: Store) -> None:
    busy, other = source(), source()
    first, second = job(busy, JobKind.DOCUMENTS, listed=True), job(busy, JobKind.DOCUMENTS)
    await stored(store.unit_of_work, busy, first, second)
    await stored(store.unit_of_work, other, job(other))
    one, two = await claimed(store.unit_of_work), await claimed(store.unit_of_work)
    assert one is not None
    assert two is not None
    assert (one.id, one.phase, two.source_id) == (first.id, Phase.INDEXING, other.id)
    assert await claimed(store.unit_of_work) is None
    async with store.unit_of_work() as work:
        await work.jobs.finish(first.id, JobState.SUCCEEDED, JobCounts(found=1, indexed=1), None)
        await work.commit()
    next_one = await claimed(store.unit_of_work)
    assert next_one is not None
    assert next_one.id == second.id


async def test_a_job_that_is_given_back_waits_as_long_as_it_was_told(store: Store) -> None:
    handbook = source()
    await stored(store.unit_of_work, handbook, job(handbook))
    held = await claimed(store.unit_of_work)
    assert held is not None
    async with store.unit_of_work() as work:
        await work.jobs.planned(held, Plan(complete=True))
        await work.jobs.release(held, after_seconds=30, problem="The model is away.")
        await work.commit()
    assert await claimed(store.unit_of_work) is None
    await store.pass_time(31)
    again = await claimed(store.unit_of_work)
    assert again is not None
    assert (again.phase, again.listed, again.cleans) == (Phase.INDEXING, True, True)
    assert (again.postponed, again.problem) == (1, "The model is away.")
    async with store.unit_of_work() as work:
        await work.jobs.progressed(again)
        await work.jobs.release(again)
        await work.commit()
    last = await claimed(store.unit_of_work)
    assert last is not None
    assert (last.postponed, last.problem, last.attempt) == (0, None, 3)


async def test_an_ended_job_says_how(store: Store) -> None:
    handbook = source()
    ended, again = job(handbook), new_id()
    await stored(store.unit_of_work, handbook, ended)
    counts = JobCounts(found=2, indexed=1, failed=1, deleted=3)
    async with store.unit_of_work() as work:
        await work.jobs.finish(ended.id, JobState.PARTIAL, counts, "Some of it.")
        await work.jobs.retried(ended.id, again)
        await work.commit()
    async with store.unit_of_work() as work:
        found = await work.jobs.get(ended.id, locked=True)
        assert found is not None
        assert (found.state, found.phase, found.problem) == (JobState.PARTIAL, Phase.DONE, "Some of it.")
        assert (found.retried_as, found.finished_at is not None) == (again, True)
        assert await work.items.counts(ended.id) == counts
    assert await claimed(store.unit_of_work) is None


async def test_counts_come_from_the_rows(store: Store) -> None:
    handbook = source()
    sync = job(handbook)
    await stored(store.unit_of_work, handbook, sync)
    await listed(store.unit_of_work, sync.id, *"abcdefg")
    states = [
        ItemState.INDEXED, ItemState.UNCHANGED, ItemState.SKIPPED, ItemState.WITHDRAWN, ItemState.CANCELLED,
        ItemState.FAILED,
    ]  # fmt: skip
    async with store.unit_of_work() as work:
        await work.items.settle(sync.id, [Item(at, "", state, f"why {at}") for at, state in enumerate(states)])
        await work.items.settle(sync.id, [])
        await work.items.mark_deleted(sync.id, ["x", "y"])
        await work.items.mark_deleted(sync.id, ["y", "d"])
        await work.items.mark_deleted(sync.id, [])
        await work.commit()
    async with store.unit_of_work() as work:
        counts = await work.items.counts(sync.id)
        assert counts == JobCounts(found=7, indexed=1, unchanged=1, deleted=3, skipped=3, failed=1)
        problems = await work.items.problems(sync.id, EVERYTHING)
        assert [(one.document, one.detail) for one in problems] == [
            ("c", "why 2"), ("d", "why 3"), ("e", "why 4"), ("f", "why 5"),
        ]  # fmt: skip
        assert len(await work.items.problems(sync.id, 1)) == 1
        assert [item.external_id for item in await work.items.to_retry(sync.id)] == ["e", "f"]
        await work.items.forget_successes(sync.id)
        assert await work.items.problems(sync.id, EVERYTHING) == problems
        assert (await work.items.counts(sync.id)).indexed == 0
        await work.items.end_pending(sync.id, ItemState.CANCELLED, "The end.")
        assert (await work.items.problems(sync.id, EVERYTHING))[-1].detail == "The end."
        assert await work.items.counts(new_id()) == JobCounts()


async def test_pending_items_come_in_order_with_their_tries(store: Store) -> None:
    handbook = source()
    sync = job(handbook)
    await stored(store.unit_of_work, handbook, sync)
    await listed(store.unit_of_work, sync.id, *"abcd")
    async with store.unit_of_work() as work:
        await work.items.begin(sync.id, [0, 1])
        await work.items.begin(sync.id, [1])
        await work.items.settle(sync.id, [Item(2, "c", ItemState.INDEXED)])
        found = await work.items.pending(sync.id, after=-1, limit=10)
        assert [(item.external_id, item.tries) for item in found] == [("a", 1), ("b", 2), ("d", 0)]
        assert [item.external_id for item in await work.items.pending(sync.id, after=0, limit=1)] == ["b"]
        await work.items.forgive(sync.id)
        assert {item.tries for item in await work.items.pending(sync.id, after=-1, limit=10)} == {0}


async def test_a_new_listing_replaces_an_unfinished_one(store: Store) -> None:
    handbook = source()
    sync = job(handbook)
    await stored(store.unit_of_work, handbook, sync)
    await listed(store.unit_of_work, sync.id, *"abc")
    async with store.unit_of_work() as work:
        await work.items.replace(sync.id, [Item(0, "b"), Item(1, "w", ItemState.WITHDRAWN, "It is empty.")])
        await work.items.mark_deleted(sync.id, ["z"])
        assert await work.items.not_listed(sync.id, ["a", "b", "w", "z"]) == ["a", "w", "z"]
        assert await work.items.not_listed(sync.id, []) == []
        await work.items.replace(sync.id, [])
        assert await work.items.counts(sync.id) == JobCounts()
        await work.items.mark_deleted(sync.id, ["a"])
        assert (await work.items.counts(sync.id)).deleted == 1


async def test_what_was_handed_in_is_kept_until_it_is_dropped(store: Store) -> None:
    uploads = source(kind=SourceType.UPLOAD)
    first, second = (job(uploads, JobKind.DOCUMENTS, listed=True) for _ in range(2))
    await stored(store.unit_of_work, uploads, first, second)
    await listed(store.unit_of_work, first.id, "a", "b")
    await listed(store.unit_of_work, second.id, "a", "b")
    full = page(
        "a", "Text", title="T", url="https://example.org", path=("x", "y"), groups=frozenset({"hr"}), updated_at=NOON
    )
    async with store.unit_of_work() as work:
        await work.intake.add(first.id, {0: full, 1: page("b", format="text")})
        await work.intake.add(first.id, {})
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.intake.get(first.id, 0) == full
        assert await work.intake.get(second.id, 0) is None
        await work.intake.move(first.id, second.id, [0])
        await work.intake.drop(first.id, [0, 1])
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.intake.get(second.id, 0) == full
        assert await work.intake.get(first.id, 1) is None
