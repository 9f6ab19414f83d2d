"""The indexing database keeps its promises, in memory and in PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from flash_core.errors import ConflictError, FencedError
from flash_core.messaging.events import JobQueued
from flash_core.models.user import UserRole
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from flash_core.utils.ids import new_id
from indexing_service.interfaces import (
    Backlog,
    IndexingUnitOfWorkInterface,
    Item,
    ItemState,
    Job,
    JobKind,
    JobQuery,
    Phase,
)
from indexing_service.interfaces.syncing import Plan
from tests.contract.indexing_service.conftest import Store
from tests.unit.indexing_service.world import ADMIN, EDITOR, NOON, USER, claimed, job, listed, page, source, stored

EVERYTHING = 1_000
DAY, MONTH = timedelta(days=1), timedelta(days=30)


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
        assert await work.sources.page(USER, None, 10) == sorted((both[0], both[2]), key=lambda one: one.id)
        first = await work.sources.page(EDITOR, None, 1)
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


async def test_a_source_has_one_sync_that_waits_for_its_first_turn(store: Store) -> None:
    handbook = source()
    sync, uploads, next_one = job(handbook), job(handbook, JobKind.DOCUMENTS), job(handbook)
    await stored(store.unit_of_work, handbook, sync, uploads)
    async with store.unit_of_work() as work:
        assert await work.jobs.active_sync(handbook.id) == await work.jobs.waiting_sync(handbook.id) == sync
    with pytest.raises(ConflictError):
        await stored(store.unit_of_work, handbook, next_one)
    held = await claimed(store.unit_of_work)
    assert held is not None
    await stored(store.unit_of_work, handbook, next_one)
    async with store.unit_of_work() as work:
        await work.jobs.release(held)
        assert [one and one.id for one in await _syncs(work, handbook.id)] == [sync.id, next_one.id]
        await work.jobs.finish(sync.id, JobState.SUCCEEDED, JobCounts(), None)
        assert [one and one.id for one in await _syncs(work, handbook.id)] == [next_one.id, next_one.id]
        await work.jobs.finish(next_one.id, JobState.SUCCEEDED, JobCounts(), None)
        assert await _syncs(work, handbook.id) == [None, None]


async def _syncs(work: IndexingUnitOfWorkInterface, source_id: UUID) -> list[Job | None]:
    return [await work.jobs.active_sync(source_id), await work.jobs.waiting_sync(source_id)]


async def test_a_sync_that_waits_is_widened_and_never_narrowed(store: Store) -> None:
    handbook = source()
    sync = job(handbook, listed=True)
    await stored(store.unit_of_work, handbook, sync)
    async with store.unit_of_work() as work:
        await work.jobs.widen(sync.id, full=True, allow_deletions=False)
        await work.jobs.widen(sync.id, full=False, allow_deletions=True)
        await work.commit()
    async with store.unit_of_work() as work:
        wide = await work.jobs.get(sync.id)
        assert wide == replace(sync, full=True, allow_deletions=True, listed=False)


async def test_who_has_had_a_turn_waits_behind_those_who_have_not(store: Store) -> None:
    first, second, uploads = source(), source(), source()
    await stored(store.unit_of_work, first, job(first))
    held = await claimed(store.unit_of_work)
    assert held is not None
    later = datetime.now(UTC)
    await stored(store.unit_of_work, second, replace(job(second), created_at=later))
    await stored(store.unit_of_work, uploads, replace(job(uploads, JobKind.DOCUMENTS), created_at=later))
    async with store.unit_of_work() as work:
        await work.jobs.extend(held, 10)
        await work.jobs.release(held)
        assert await work.jobs.waits()
        taken = await work.jobs.claim(10, only=JobKind.DOCUMENTS)
        assert taken is not None
        assert taken.source_id == uploads.id
        assert await work.jobs.claim(10, only=JobKind.DOCUMENTS) is None
        await work.commit()
    order = [await claimed(store.unit_of_work) for _ in range(3)]
    assert [one and one.source_id for one in order] == [second.id, first.id, None]
    async with store.unit_of_work() as work:
        assert not await work.jobs.waits()


async def test_a_job_counts_what_it_does_and_how_long_it_took(store: Store) -> None:
    handbook = source()
    await stored(store.unit_of_work, handbook, job(handbook))
    held = await claimed(store.unit_of_work)
    assert held is not None
    async with store.unit_of_work() as work:
        await work.jobs.seen(held, 40)
        await work.jobs.extend(held, 10)
        shown = await work.jobs.get(held.id)
        assert shown is not None
        assert (shown.seen, shown.done, shown.worked_seconds) == (40, 0, 0)
        await work.jobs.planned(held, Plan(complete=True))
        await work.jobs.progressed(held, 3)
        await work.jobs.progressed(held, 4)
        await work.commit()
    await store.pass_time(5)
    async with store.unit_of_work() as work:
        await work.jobs.extend(held, 10)
        await work.commit()
    await store.pass_time(2)
    async with store.unit_of_work() as work:
        await work.jobs.finish(held.id, JobState.SUCCEEDED, JobCounts(), None)
        await work.commit()
    async with store.unit_of_work() as work:
        over = await work.jobs.get(held.id)
        assert over is not None
        assert (over.done, round(over.worked_seconds)) == (7, 7)


async def test_old_jobs_are_forgotten_but_for_the_newest_of_a_source(store: Store) -> None:
    handbook = source(kind=SourceType.UPLOAD)
    failed, idle, telling, newest = (job(handbook, kind) for kind in (JobKind.DOCUMENTS, *[JobKind.SYNC] * 3))
    counts = (JobCounts(found=1, failed=1), JobCounts(found=1, unchanged=1), JobCounts(deleted=1), JobCounts())
    for one, counted in zip((failed, idle, telling, newest), counts, strict=True):
        await stored(store.unit_of_work, handbook, one)
        await listed(store.unit_of_work, one.id, "a")
        async with store.unit_of_work() as work:
            await work.intake.add(one.id, {0: page("a")})
            await work.jobs.finish(one.id, JobState.PARTIAL, counted, None)
            await work.commit()
    await store.pass_time(2 * 86_400)
    async with store.unit_of_work() as work:
        assert await work.jobs.forget(older_than=MONTH, idle_older_than=DAY, limit=10) == 1
        assert await work.jobs.get(idle.id) is None
        assert await work.intake.kept(idle.id) == set()
        await work.commit()
    await store.pass_time(30 * 86_400)
    async with store.unit_of_work() as work:
        assert [await work.jobs.forget(older_than=MONTH, idle_older_than=DAY, limit=1) for _ in range(3)] == [1, 1, 0]
        assert await work.jobs.get(newest.id) is not None
        assert await work.intake.kept(newest.id) == {0}


async def test_sources_that_are_due_are_named_in_their_order(store: Store) -> None:
    past, now = datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC) - timedelta(hours=1)
    later, first, never = (replace(source(), next_sync_at=at) for at in (now, past, None))
    future = replace(source(), next_sync_at=datetime.now(UTC) + timedelta(hours=1))
    for one in (later, first, never, future):
        await stored(store.unit_of_work, one)
    async with store.unit_of_work() as work:
        moment, due = await work.sources.due(10)
        assert [one.id for one in due] == [first.id, later.id]
        assert abs((moment - datetime.now(UTC)).total_seconds()) < 60
        assert [one.id for one in (await work.sources.due(1))[1]] == [first.id]
        await work.sources.update(replace(first, next_sync_at=None))
        assert [one.id for one in (await work.sources.due(10))[1]] == [later.id]


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


async def test_editors_are_shown_the_sources_and_jobs_that_are_open_to_them_or_their_own(store: Store) -> None:
    of_hr, of_it, own = source("hr"), source("it"), replace(source("hr"), created_by=EDITOR.user_id)
    closed, handed_in = job(of_hr), replace(job(of_hr, JobKind.DOCUMENTS), created_by=EDITOR.user_id)
    opened, of_own = job(of_it), job(own)
    await stored(store.unit_of_work, of_hr, closed, handed_in)
    await stored(store.unit_of_work, of_it, opened)
    await stored(store.unit_of_work, own, of_own)
    in_it = replace(EDITOR, groups=frozenset({"it"}))
    only_reads = replace(in_it, roles=frozenset({UserRole.USER}))
    async with store.unit_of_work() as work:
        for reader, seen in (
            (in_it, {of_it.id, own.id}),
            (only_reads, {of_it.id}),
            (None, {of_hr.id, of_it.id, own.id}),
        ):
            assert {one.id for one in await work.sources.page(reader, None, 10)} == seen
        for editor, shown in (
            (in_it, {handed_in.id, opened.id, of_own.id}),
            (replace(EDITOR, user_id=new_id()), set()),
            (ADMIN, {closed.id, handed_in.id, opened.id, of_own.id}),
        ):
            assert {one.id for one in await work.jobs.page(JobQuery(10, editor=editor))} == shown
        assert await work.jobs.get(new_id()) is None


async def test_a_request_has_one_job_and_leads_to_it(store: Store) -> None:
    handbook = source()
    first, second = (replace(job(handbook, JobKind.DOCUMENTS), request_name=name) for name in ("first", "second"))
    await stored(store.unit_of_work, handbook, first, second, job(handbook, JobKind.DOCUMENTS))
    async with store.unit_of_work() as work:
        assert await work.jobs.named("second") == second
        assert await work.jobs.named("third") is None
    with pytest.raises(ConflictError):
        async with store.unit_of_work() as work:
            await work.jobs.add(replace(job(handbook, JobKind.DOCUMENTS), request_name="first"))


async def test_the_backlog_counts_what_waits_and_what_runs(store: Store) -> None:
    async with store.unit_of_work() as work:
        assert await work.jobs.backlog() == Backlog(waiting=0, running=0, oldest=None)
    handbook, wiki, over, postponed = (source() for _ in range(4))
    later = NOON + timedelta(minutes=5)
    await stored(store.unit_of_work, over, job(over))
    await stored(store.unit_of_work, postponed, replace(job(postponed), created_at=later))
    async with store.unit_of_work() as work:
        ended, delayed = await work.jobs.claim(10), await work.jobs.claim(10)
        assert ended is not None
        assert delayed is not None
        await work.jobs.finish(ended.id, JobState.SUCCEEDED, JobCounts(), None)
        await work.jobs.release(delayed, after_seconds=30, problem="Waiting: the source is away.")
        await work.commit()
    await stored(store.unit_of_work, handbook, job(handbook))
    assert await claimed(store.unit_of_work) is not None
    await stored(store.unit_of_work, wiki, replace(job(wiki), created_at=later + timedelta(minutes=5)))
    async with store.unit_of_work() as work:
        assert await work.jobs.backlog() == Backlog(waiting=2, running=1, oldest=later)


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
            work.jobs.progressed(first, 1),
            work.jobs.seen(first, 1),
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


async def test_what_is_settled_was_written_before_every_job_that_runs(store: Store) -> None:
    handbook, wiki = source(), source()
    await stored(store.unit_of_work, handbook, job(handbook))
    await stored(store.unit_of_work, wiki, job(wiki))
    first, second = await claimed(store.unit_of_work), await claimed(store.unit_of_work)
    assert first is not None
    assert second is not None
    async with store.unit_of_work() as work:
        assert await work.jobs.settled_fence() == first.fence - 1
        await work.jobs.finish(first.id, JobState.SUCCEEDED, JobCounts(), None)
        assert await work.jobs.settled_fence() == second.fence - 1
        await work.jobs.release(second)
        assert await work.jobs.settled_fence() > second.fence


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
        await work.jobs.progressed(again, 1)
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
        assert [(one.external_id, one.reason) for one in problems] == [
            ("f", "why 5"), ("c", "why 2"), ("d", "why 3"), ("e", "why 4"),
        ]  # fmt: skip
        assert await work.items.problems(sync.id, 1) == problems[:1]
        assert await work.items.problems(sync.id, 2, after=(0, 5)) == problems[1:3]
        assert await work.items.problems(sync.id, EVERYTHING, after=(1, 3)) == problems[3:]
        assert await work.items.problem_count(sync.id) == 4
        assert [item.external_id for item in await work.items.to_retry(sync.id)] == ["e", "f"]
        await work.items.forget_successes(sync.id)
        assert await work.items.problems(sync.id, EVERYTHING) == problems
        assert (await work.items.counts(sync.id)).indexed == 0
        await work.items.end_pending(sync.id, ItemState.CANCELLED, "The end.")
        assert (await work.items.problems(sync.id, EVERYTHING))[-1].reason == "The end."
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
        await work.items.forgive(sync.id)
        forgiven = await work.items.pending(sync.id, after=-1, limit=10)
        assert [(item.tries, item.again) for item in forgiven] == [(0, True), (0, True), (0, False)]


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
        "a", "Text", title="T", url="https://example.org", path=("x", "y"), groups=frozenset({"hr"}), updated_at=NOON,
        document_id=new_id(),
    )  # fmt: skip
    meant = new_id()
    async with store.unit_of_work() as work:
        await work.intake.add(first.id, {0: full, 1: page("b", format="text")})
        await work.intake.add(first.id, {})
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.intake.get(first.id, 0) == full
        assert await work.intake.get(second.id, 0) is None
        await work.intake.move(first.id, second.id, {0: meant})
        await work.intake.drop(first.id, [0, 1])
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.intake.get(second.id, 0) == replace(full, document_id=meant)
        assert await work.intake.get(first.id, 1) is None
        assert (await work.intake.kept(first.id), await work.intake.kept(second.id)) == (set(), {0})


async def test_what_is_newer_takes_the_place_of_what_ended_jobs_hold(store: Store) -> None:
    uploads, others = source(kind=SourceType.UPLOAD), source(kind=SourceType.UPLOAD)
    ended, waiting = (job(uploads, JobKind.DOCUMENTS, listed=True) for _ in range(2))
    elsewhere = job(others, JobKind.DOCUMENTS, listed=True)
    await stored(store.unit_of_work, uploads, ended, waiting)
    await stored(store.unit_of_work, others, elsewhere)
    async with store.unit_of_work() as work:
        for one in (ended, waiting, elsewhere):
            await work.items.add(one.id, [Item(0, "a"), Item(1, "b")])
            await work.intake.add(one.id, {0: page("a", groups=frozenset({one.id.hex})), 1: page("b")})
        for one in (ended, elsewhere):
            await work.jobs.finish(one.id, JobState.FAILED, JobCounts(found=2, failed=2), None)
        held = await work.intake.groups_of(uploads.id, ["a", "c"])
        assert sorted(held) == sorted(("a", frozenset({one.id.hex})) for one in (ended, waiting))
        await work.intake.supersede(uploads.id, ["a", "c"])
        await work.commit()
    async with store.unit_of_work() as work:
        kept = [await work.intake.kept(one.id) for one in (ended, waiting, elsewhere)]
        assert kept == [{1}, {0, 1}, {0, 1}]


async def test_the_last_who_handed_a_document_in_is_known_and_only_the_last_version_is_kept(store: Store) -> None:
    uploads, others = source(kind=SourceType.UPLOAD), source(kind=SourceType.UPLOAD)
    first, second, again = (job(uploads, JobKind.DOCUMENTS, listed=True) for _ in range(3))
    elsewhere = job(others, JobKind.DOCUMENTS, listed=True)
    await stored(store.unit_of_work, uploads, first, second, again)
    await stored(store.unit_of_work, others, elsewhere)
    one, other = new_id(), new_id()
    async with store.unit_of_work() as work:
        for of in (first, second, elsewhere):
            await work.items.add(of.id, [Item(0, "a"), Item(1, "b"), Item(2, "unsigned")])
            await work.intake.add(of.id, {0: page("a"), 1: page("b"), 2: page("unsigned")})
        await work.intake.sign(first, ["b", "a"], one)
        await work.intake.sign(elsewhere, ["a", "b"], other)
        await work.intake.sign(first, [], other)
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.intake.signed_by(one, uploads.id, ["a", "b", "c"]) == {"a", "b"}
        await work.intake.sign(second, ["a"], other)
        assert await work.intake.signed_by(one, uploads.id, ["a", "b", "c"]) == {"b"}
        assert await work.intake.signed_by(other, uploads.id, ["a", "b"]) == {"a"}
        assert await work.intake.signed_by(one, uploads.id, []) == set()
        assert await work.intake.kept(first.id) == {1, 2}
        await work.items.add(again.id, [Item(1, "b")])
        await work.intake.move(first.id, again.id, {1: new_id()})
        assert [await work.intake.kept(of.id) for of in (first, again, elsewhere)] == [{2}, {1}, {0, 1, 2}]
        await work.commit()
    async with store.unit_of_work() as work:
        await work.sources.delete(uploads.id)
        assert await work.intake.signed_by(one, uploads.id, ["b"]) == set()
        assert await work.intake.signed_by(other, others.id, ["b"]) == {"b"}


async def test_what_waits_to_be_brought_in_is_known_by_name(store: Store) -> None:
    uploads, others = source(kind=SourceType.UPLOAD), source(kind=SourceType.UPLOAD)
    ended, one, other = (job(uploads, JobKind.DOCUMENTS, listed=True) for _ in range(3))
    elsewhere = job(others, JobKind.DOCUMENTS, listed=True)
    await stored(store.unit_of_work, uploads, ended, one, other)
    await stored(store.unit_of_work, others, elsewhere)
    async with store.unit_of_work() as work:
        for of, name in ((ended, "a"), (one, "b"), (other, "c"), (elsewhere, "d")):
            await work.items.add(of.id, [Item(0, name), Item(1, "done")])
            await work.intake.add(of.id, {0: page(name)})
        await work.jobs.finish(ended.id, JobState.FAILED, JobCounts(found=1, failed=1), None)
        await work.commit()
    async with store.unit_of_work() as work:
        assert await work.intake.awaited(uploads.id, ["a", "b", "c", "d", "done"], beside=one.id) == {"c"}
        assert await work.intake.awaited(uploads.id, [], beside=one.id) == set()
