"""What a job does, and that it goes on where its last worker stopped."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from flash_core.errors import FencedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import JobCounts, SourceType
from flash_core.testing.fakes import FakeEmbeddingModels
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import ItemState, JobKind, Outcome, Source, SourceDocument
from indexing_service.interfaces.syncing import Plan
from indexing_service.services.listing_progress import told
from indexing_service.services.pipeline import DocumentPipeline
from tests.unit.indexing_service.fake_converter import FakeConverter
from tests.unit.indexing_service.fake_rebuilds import FakeRebuilds
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.fakes import FakePipeline
from tests.unit.indexing_service.job_world import World
from tests.unit.indexing_service.world import claimed, listed, page, source


@pytest.fixture
def world() -> World:
    return World()


async def test_a_sync_makes_the_index_equal_to_the_source(world: World) -> None:
    world.write(a="# A", b="# B", c="# C")
    assert await world.synced() == JobCounts(found=3, indexed=3)
    assert world.registry.titles() == ["A", "B", "C"]
    world.write(a="# A", b="# B changed", d="# D")
    assert await world.synced() == JobCounts(found=3, indexed=2, unchanged=1, deleted=1)
    assert world.registry.titles() == ["A", "B changed", "D"]
    assert await world.synced(full=True) == JobCounts(found=3, indexed=3)


async def test_documentation_hears_of_the_source_first(world: World) -> None:
    await world.synced()
    assert world.registry.sources[world.handbook.id].name == "Handbook"


async def test_an_incomplete_listing_removes_nothing(world: World) -> None:
    world.write(a="# A", b="# B")
    await world.synced()
    world.write(a="# A")
    world.provider.complete = False
    assert (await world.synced()).deleted == 0
    assert world.registry.titles() == ["A", "B"]


async def test_a_listing_that_fails_removes_nothing(world: World) -> None:
    world.write(a="# A")
    await world.synced()
    world.provider.error = UpstreamRejectedError("There is no such folder.")
    with pytest.raises(UpstreamRejectedError):
        await world.synced()
    assert world.registry.titles() == ["A"]


async def test_a_document_that_became_empty_is_removed_and_one_that_can_not_be_read_stays(world: World) -> None:
    world.write(a="# A", b="# B", c="# C")
    await world.synced()
    world.write(a=" ")
    world.provider.documents["b.md"] = Outcome(ItemState.SKIPPED, "It can't be read.")
    world.provider.documents["c.md"] = Outcome(ItemState.WITHDRAWN, "It is not there any more.")
    assert await world.synced() == JobCounts(found=3, skipped=3, deleted=2)
    assert world.registry.titles() == ["B"]


async def test_many_documents_travel_in_groups(world: World) -> None:
    world.pipeline = pipeline = FakePipeline()
    world.write(**{f"n{at:03}": "word " * (4_000 if at < 30 else 1) for at in range(300)})
    assert await world.synced() == JobCounts(found=300, indexed=300)
    assert sum(map(len, pipeline.indexed)) == 300
    assert max(map(len, pipeline.indexed)) == 32
    assert min(map(len, pipeline.indexed[:5])) == 3


async def test_what_was_handed_in_is_indexed_and_then_forgotten(world: World) -> None:
    world.handbook = source(kind=SourceType.UPLOAD)
    world.pipeline = FakePipeline(outcomes={"b": Outcome(ItemState.FAILED, "No.")})
    held = await world.claimed(JobKind.DOCUMENTS, has_list=True)
    await listed(world.database.unit_of_work, held.id, "a", "b", "lost")
    async with world.database.unit_of_work() as work:
        await work.intake.add(held.id, {0: page("a"), 1: page("b")})
        await work.commit()
    await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=3, indexed=1, failed=1, skipped=1)
    assert list(world.database.state.intake) == [(held.id, 1)]


async def test_what_was_deleted_before_its_turn_does_not_come_back_under_another_id(world: World) -> None:
    world.handbook = source(kind=SourceType.UPLOAD)
    held = await world.claimed(JobKind.DOCUMENTS, has_list=True)
    await listed(world.database.unit_of_work, held.id, "a", "b")
    await world.registry.put_source(world.handbook.id, PutSourceRequest(name="x", provider="upload", groups=[]))
    meant = await world.registry.resolve(world.handbook.id, ["a", "b"])
    async with world.database.unit_of_work() as work:
        documents = {at: page(one.external_id, document_id=one.document_id) for at, one in enumerate(meant)}
        await work.intake.add(held.id, documents)
        await work.commit()
    await world.registry.delete_documents([meant[0].document_id])
    await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=2, indexed=1, skipped=1)
    assert list(world.registry.live) == [meant[1].document_id]


async def test_a_sync_that_repeats_looks_at_its_own_documents_and_no_others(world: World) -> None:
    world.write(a="# A", b="# B", c="# C")
    await world.synced()
    world.write(a="# A2", b="# B2")
    held = await world.claimed(has_list=True)
    await listed(world.database.unit_of_work, held.id, "b.md")
    before = world.state
    world.provider.calls.clear()
    await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=1, indexed=1)
    assert world.provider.calls == ["fetch b.md"]
    assert (world.registry.titles(), world.state) == (["A", "B2", "C"], before)


async def test_a_listing_tells_how_far_it_is(world: World) -> None:
    held = await world.claimed()
    async with told(world.database.unit_of_work, held, every_seconds=0.001) as found:
        for seen in (5, 12):
            found(seen)
            await eventually(lambda seen=seen: world.database.state.jobs[held.id].job.seen == seen)  # type: ignore[misc]  # bound now
        world.database.error = UpstreamUnavailableError("away")
        found(13)
        await asyncio.sleep(0.01)
        world.database.error = None
        await eventually(lambda: world.database.state.jobs[held.id].job.seen == 13)


async def test_a_sync_of_an_upload_source_finds_and_removes_nothing(world: World) -> None:
    world.provider.complete = False
    assert await world.synced() == JobCounts()


async def test_a_second_worker_goes_on_where_the_first_stopped(world: World) -> None:
    world.write(**{f"n{at:03}": "x" for at in range(200)})
    held = await world.claimed()
    first = FakePipeline()

    def die() -> None:
        if len(first.indexed) == 2:
            raise RuntimeError("killed")

    first.begins = die
    world.pipeline = first
    with pytest.raises(RuntimeError):
        await world.work().perform(held)
    done = {name for group in first.indexed for name in group}
    world.database.later += timedelta(minutes=1)
    again = await claimed(world.database.unit_of_work)
    assert again is not None
    assert (again.attempt, again.listed) == (2, True)
    world.pipeline = second = FakePipeline()
    await world.vectors.ensure("chunks", dimension=64, model="fake")
    await world.work().perform(again)
    assert await world.counts(again) == JobCounts(found=200, indexed=200)
    assert not done & {name for group in second.indexed for name in group}
    alone = [group for group in second.indexed if len(group) == 1]
    assert 32 <= len(alone) <= 96  # what was begun and did not end travels alone


async def test_what_a_group_has_done_is_kept_when_the_rest_of_it_must_wait(world: World) -> None:
    world.write(a="# A", b="# B", c="# C")
    held = await world.claimed()
    world.pipeline = FakePipeline(error=UpstreamUnavailableError("away"), stops_at="c.md")
    with pytest.raises(UpstreamUnavailableError):
        await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=3, indexed=2)


async def test_what_a_killed_try_had_published_counts_as_indexed(world: World) -> None:
    world.write(a="# A", b="# B")
    held = await world.claimed()
    unchanged = Outcome(ItemState.UNCHANGED)
    world.pipeline = FakePipeline(outcomes={"a.md": unchanged, "b.md": unchanged})
    async with world.database.unit_of_work() as work:
        await work.items.add(held.id, (await world.provider.list(lambda _: None)).items)
        await work.items.begin(held.id, [0])
        await work.jobs.planned(held, Plan(complete=False))
        await work.commit()
    await world.work().perform(replace(held, listed=True))
    assert await world.counts(held) == JobCounts(found=2, indexed=1, unchanged=1)


async def test_what_was_published_before_a_service_went_away_counts_as_indexed(world: World) -> None:
    """It was put off, not killed: its documents have all their tries again, and are not taken for old ones."""
    world.write(a="# A", b="# B")
    held = await world.claimed()
    world.pipeline = FakePipeline(error=UpstreamUnavailableError("away"), stops_at="b.md")
    with pytest.raises(UpstreamUnavailableError):
        await world.work().perform(held)
    async with world.database.unit_of_work() as work:
        await work.jobs.release(held, problem="Waiting: away")
        await work.items.forgive(held.id)
        await work.commit()
    again = await claimed(world.database.unit_of_work)
    assert again is not None
    world.pipeline = FakePipeline(outcomes={"b.md": Outcome(ItemState.UNCHANGED)})
    await world.work().perform(again)
    assert await world.counts(again) == JobCounts(found=2, indexed=2)


async def test_a_fenced_worker_stops_without_effects(world: World) -> None:
    world.write(a="# A")
    held = await world.claimed()
    world.database.later += timedelta(minutes=1)
    assert await claimed(world.database.unit_of_work)
    with pytest.raises(FencedError):
        await world.work().perform(held)
    assert world.registry.titles() == []


async def test_a_job_of_a_deleted_source_stops(world: World) -> None:
    held = await world.claimed()
    async with world.database.unit_of_work() as work:
        await work.sources.delete(world.handbook.id)
        await work.commit()
    with pytest.raises(FencedError):
        await world.work().perform(held)


async def test_a_source_that_is_deleted_in_the_middle_stops_its_job(world: World) -> None:
    world.write(**{f"n{at:03}": "x" for at in range(200)})
    held = await world.claimed()
    world.pipeline = FakePipeline(begins=world.forget_sources)
    with pytest.raises(FencedError):
        await world.work().perform(held)


async def test_a_service_that_is_away_stops_the_whole_job_for_now(world: World) -> None:
    world.pipeline = FakePipeline(error=UpstreamUnavailableError("away"))
    world.write(**{f"n{at:03}": "x" for at in range(200)})
    held = await world.claimed()
    with pytest.raises(UpstreamUnavailableError):
        await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=200)


async def test_a_document_that_ends_its_workers_is_given_up(world: World) -> None:
    world.write(a="# A", b="# B")
    held = await world.claimed()
    async with world.database.unit_of_work() as work:
        await work.items.add(held.id, (await world.provider.list(lambda _: None)).items)
        for _ in range(3):
            await work.items.begin(held.id, [0])
        await work.jobs.planned(held, Plan(complete=False))
        await work.commit()
    await world.work().perform(replace(held, listed=True))
    assert await world.counts(held) == JobCounts(found=2, indexed=1, failed=1)
    assert world.registry.titles() == ["B"]


async def test_a_document_that_ends_its_workers_while_it_is_fetched_is_given_up_and_no_other(world: World) -> None:
    class Deadly(FakeProvider):
        async def fetch(self, external_id: str) -> SourceDocument | Outcome:
            if external_id == "n050.md":
                raise RuntimeError("killed")
            return await super().fetch(external_id)

    world.provider = Deadly()
    world.write(**{f"n{at:03}": f"# {at}" for at in range(100)})
    held = await world.claimed()
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await world.work().perform(held)
        world.database.later += timedelta(minutes=1)
        again = await claimed(world.database.unit_of_work)
        assert again is not None
        held = again
    await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=100, indexed=99, failed=1)


async def test_a_change_of_groups_in_the_middle_reaches_every_passage(world: World) -> None:
    class Closing(DocumentPipeline):
        async def index(
            self, source: Source, documents: Sequence[SourceDocument], *, full: bool, fence: int
        ) -> AsyncIterator[tuple[str, Outcome]]:
            async for one in super().index(source, documents, full=full, fence=fence):
                yield one
            closed = replace(world.handbook, groups=frozenset({"board"}))
            world.database.state.sources[world.handbook.id] = closed

    world.write(a="# A")
    world.pipeline = Closing(
        world.registry, FakeEmbeddingModels(), world.vectors, FakeConverter(), FakeRebuilds().transaction
    )
    await world.synced()
    assert [point.payload["source_groups"] for point in world.vectors.points()] == [["board"]]
