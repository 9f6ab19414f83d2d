"""What is handed in with nothing in it takes the place of what was there."""

from dataclasses import replace

import pytest

from flash_core.errors import UpstreamUnavailableError
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from flash_core.testing.fakes import FrozenClock
from indexing_service.interfaces import ItemState, Job, JobKind, Outcome, SourceDocument
from indexing_service.services.jobs import JobManager, ended
from tests.unit.indexing_service.fakes import FakePipeline
from tests.unit.indexing_service.job_world import World
from tests.unit.indexing_service.world import NOON, claimed, job, listed, page, source, stored


@pytest.fixture
async def world() -> World:
    world = World(handbook=source(kind=SourceType.UPLOAD))
    known = PutSourceRequest(name="Handbook", provider="upload", groups=[])
    await world.registry.put_source(world.handbook.id, known)
    return world


def jobs(world: World) -> JobManager:
    return JobManager(world.database.unit_of_work, world.registry, FrozenClock(NOON))


async def handed_in(world: World, *documents: SourceDocument) -> Job:
    """Waits for its turn."""
    places = await world.registry.resolve(world.handbook.id, [one.external_id for one in documents])
    waiting = job(world.handbook, JobKind.DOCUMENTS, listed=True)
    await stored(world.database.unit_of_work, world.handbook, waiting)
    await listed(world.database.unit_of_work, waiting.id, *[one.external_id for one in documents])
    ids = {place.external_id: place.document_id for place in places}
    meant = {
        at: page(one.external_id, one.content, document_id=ids[one.external_id]) for at, one in enumerate(documents)
    }
    async with world.database.unit_of_work() as work:
        await work.intake.add(waiting.id, meant)
        await work.commit()
    return waiting


async def taken_in(world: World) -> JobCounts:
    """What the next job did."""
    held = await claimed(world.database.unit_of_work)
    assert held is not None
    assert await world.work().perform(held) is None
    counts = await world.counts(held)
    async with world.database.unit_of_work() as work:
        await work.jobs.finish(held.id, JobState.SUCCEEDED, counts, None)
        await work.commit()
    return counts


@pytest.mark.parametrize("count", [1, 3])
async def test_what_was_emptied_goes_however_many_they_are(world: World, count: int) -> None:
    names = [f"{at}.md" for at in range(count)]
    await handed_in(world, *[page(name, "# Old") for name in names])
    await taken_in(world)
    await handed_in(world, *[page(name, " ") for name in names])
    assert await taken_in(world) == JobCounts(found=count, skipped=count, deleted=count)
    assert world.registry.live == {}


async def test_what_can_not_be_read_stays_as_it_was(world: World) -> None:
    await handed_in(world, page("a.md", "# A"), page("b.md", "# B"))
    await taken_in(world)
    await handed_in(world, page("a.md", b"\x00\x01"), page("b.md", ""))
    assert await taken_in(world) == JobCounts(found=2, failed=1, skipped=1, deleted=1)
    assert world.registry.titles() == ["A"]


async def test_what_was_filled_again_before_it_was_emptied_is_not_lost(world: World) -> None:
    for text in ("# Old", "", "# New"):
        await handed_in(world, page("a.md", text))
    assert [await taken_in(world) for _ in range(3)] == [
        JobCounts(found=1, indexed=1),
        JobCounts(found=1, skipped=1),
        JobCounts(found=1, indexed=1),
    ]
    assert world.registry.titles() == ["New"]


async def test_what_never_held_anything_is_nothing_to_remove(world: World) -> None:
    await handed_in(world, page("a.md", ""))
    assert await taken_in(world) == JobCounts(found=1, skipped=1)
    assert world.registry.live == {}


async def test_an_emptied_document_of_a_job_that_was_cancelled_goes_when_it_is_retried(world: World) -> None:
    await handed_in(world, page("a.md", "# Old"))
    await taken_in(world)
    emptied = await handed_in(world, page("a.md", " "), page("b.md", "# B"))
    held = await claimed(world.database.unit_of_work)
    assert held is not None
    empty = Outcome(ItemState.WITHDRAWN, "It is empty.")
    stopped = replace(
        world, pipeline=FakePipeline(outcomes={"a.md": empty}, stops_at="b.md", error=UpstreamUnavailableError("away"))
    )
    with pytest.raises(UpstreamUnavailableError):
        await stopped.work().perform(held)
    async with world.database.unit_of_work() as work:
        await work.items.end_pending(held.id, ItemState.CANCELLED, "Why.")
        await ended(work, held.id, JobState.CANCELLED, None)
        await work.commit()
    await jobs(world).retry(emptied.id)
    assert await taken_in(world) == JobCounts(found=2, indexed=1, skipped=1, deleted=1)
    assert world.registry.titles() == ["B"]


async def test_a_newer_text_whose_job_was_cancelled_can_still_be_brought_in(world: World) -> None:
    await handed_in(world, page("a.md", "# Old"))
    await taken_in(world)
    await handed_in(world, page("a.md", " "))
    newest = await handed_in(world, page("a.md", "# New"))
    await jobs(world).cancel(newest.id)
    assert await taken_in(world) == JobCounts(found=1, skipped=1, deleted=1)
    await jobs(world).retry(newest.id)
    assert await taken_in(world) == JobCounts(found=1, indexed=1)
    assert world.registry.titles() == ["New"]
