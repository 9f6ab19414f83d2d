"""One document that does not come holds up no other; a source that is away fails no document."""

from collections.abc import Iterable

import pytest

from flash_core.errors import FencedError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.schemas.indexing import JobCounts
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import SourceAwayError
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.job_world import World
from tests.unit.indexing_service.world import listed

BROKEN = UpstreamUnavailableError("127.0.0.1 can't answer now (500).")


@pytest.fixture(params=[False, True], ids=["listing", "changes"])
def world(request: pytest.FixtureRequest) -> World:
    world = World()
    world.provider.remembers = request.param
    return world


def pages(count: int, text: str = "# Page") -> dict[str, str]:
    return {f"n{at:03}": f"{text} {at}" for at in range(count)}


def name(at: int) -> str:
    return f"n{at:03}.md"


def breaks(world: World, which: Iterable[int], error: Exception = BROKEN) -> None:
    world.provider.failing = {name(at): error for at in which}


@pytest.mark.parametrize("broken", [0, 4, 9])
async def test_a_page_that_does_not_come_fails_alone_and_is_tried_again(world: World, broken: int) -> None:
    world.write(**pages(10))
    breaks(world, [broken])
    assert await world.synced() == JobCounts(found=10, indexed=9, failed=1)
    assert world.provider.calls.count(f"fetch {name(broken)}") == 2
    world.provider.documents |= world.written(other="# Other")
    assert (await world.synced()).indexed == 1
    assert "Other" in world.registry.titles()
    breaks(world, [])
    assert (await world.synced()).indexed == 1
    assert len(world.registry.titles()) == 11


async def test_its_reason_is_what_the_source_said(world: World) -> None:
    world.write(**pages(3))
    breaks(world, [1])
    held = await world.claimed()
    await world.work().perform(held)
    async with world.database.unit_of_work() as work:
        [problem] = await work.items.problems(held.id, 10)
    assert (problem.external_id, problem.state, problem.reason) == (name(1), ItemState.FAILED, str(BROKEN))


async def test_it_stays_as_it_was_indexed_before(world: World) -> None:
    world.write(**pages(3))
    await world.synced()
    world.write(**pages(3, "# Edited"))
    breaks(world, [1])
    counts = await world.synced()
    assert (counts.indexed, counts.failed, counts.deleted) == (2, 1, 0)
    assert world.registry.titles() == ["Edited 0", "Edited 2", "Page 1"]


async def test_one_that_comes_the_second_time_has_not_failed(world: World) -> None:
    class Once(FakeProvider):
        async def fetch(self, external_id: str) -> SourceDocument | Outcome:
            try:
                return await super().fetch(external_id)
            finally:
                self.failing.pop(external_id, None)

    world.provider = Once()
    world.write(**pages(10))
    breaks(world, [0, 1, 5])
    assert await world.synced() == JobCounts(found=10, indexed=10)


@pytest.mark.parametrize("broken", [range(4), range(20, 60), range(36, 40), range(0, 40, 2)], ids=str)
async def test_however_many_are_broken_the_others_come(world: World, broken: range) -> None:
    world.write(**pages(60))
    breaks(world, broken)
    assert await world.synced() == JobCounts(found=60, indexed=60 - len(broken), failed=len(broken))
    failed = await world.synced()
    assert failed.failed == len(broken)
    breaks(world, [])
    assert (await world.synced()).indexed == len(broken)


@pytest.mark.parametrize("error", [BROKEN, SourceAwayError("127.0.0.1 can't be reached.")])
@pytest.mark.parametrize("came", [0, 40])
async def test_a_source_that_is_away_fails_no_document_and_what_came_is_indexed(
    world: World, error: Exception, came: int
) -> None:
    class Down(FakeProvider):
        async def fetch(self, external_id: str) -> SourceDocument | Outcome:
            fetched = await super().fetch(external_id)
            if external_id == name(came):
                breaks(world, range(300), error)
            return fetched

    if came:
        world.provider = Down()
    world.write(**pages(300))
    breaks(world, range(0 if came else 300), error)
    held = await world.claimed()
    with pytest.raises(type(error)):
        await world.work().perform(held)
    done = came + 1 if came else 0
    assert await world.counts(held) == JobCounts(found=300, indexed=done)
    assert len(world.provider.calls) == 1 + done + 4  # three that do not come, and one to make sure


@pytest.mark.parametrize("count", [1, 2])
async def test_a_source_that_wants_to_be_left_alone_fails_not_even_a_single_document(world: World, count: int) -> None:
    world.write(**pages(10))
    await world.synced()
    world.provider.documents |= world.written(**pages(count, "# Edited"))
    breaks(world, range(10), SourceAwayError("It throttles."))
    held = await world.claimed()
    with pytest.raises(SourceAwayError):
        await world.work().perform(held)
    assert (await world.counts(held)).failed == 0


async def test_an_error_that_does_not_pass_stops_the_job(world: World) -> None:
    world.write(**pages(10))
    for error in (FencedError("Another's."), UpstreamRejectedError("No.")):
        breaks(world, [3], error)
        held = await world.claimed()
        with pytest.raises(type(error)):
            await world.work().perform(held)
        del world.database.state.jobs[held.id]


async def test_what_was_begun_before_is_put_off_too_and_still_travels_alone(world: World) -> None:
    world.write(**pages(10))
    breaks(world, [2])
    held = await world.claimed(has_list=True)
    await listed(world.database.unit_of_work, held.id, *map(name, range(10)))
    async with world.database.unit_of_work() as work:
        await work.items.begin(held.id, [1, 2, 3])
        await work.commit()
    await world.work().perform(held)
    assert await world.counts(held) == JobCounts(found=10, indexed=9, failed=1)


async def test_one_that_waits_for_its_second_turn_keeps_its_tries(world: World) -> None:
    """The worker dies in between: two more may, before it is given up."""
    world.write(**pages(10))
    breaks(world, [2])
    world.provider.failing[name(9)] = RuntimeError("killed")
    held = await world.claimed()
    with pytest.raises(RuntimeError):
        await world.work().perform(held)
    async with world.database.unit_of_work() as work:
        tries = {item.external_id: item.tries for item in await work.items.pending(held.id, after=-1, limit=10)}
    assert tries[name(2)] == 1
