"""What a source lost goes; what looks like a mistake waits for somebody who says so."""

import pytest

from flash_core.schemas.indexing import JobCounts
from indexing_service.interfaces import ItemState, Outcome
from tests.unit.indexing_service.job_world import World


@pytest.fixture
def world() -> World:
    return World()


async def holding(world: World, count: int) -> None:
    """An index of a source with so many documents."""
    world.write(**{f"n{at:02}": f"# Page {at}" for at in range(count)})
    await world.synced()


def lose(world: World, count: int) -> None:
    for name in sorted(world.provider.documents)[:count]:
        del world.provider.documents[name]


@pytest.mark.parametrize(("had", "lost"), [(1, 1), (2, 1), (3, 1), (4, 2), (3, 2), (20, 4), (100, 20)])
async def test_a_few_deletions_are_made_at_once(world: World, had: int, lost: int) -> None:
    await holding(world, had)
    lose(world, lost)
    assert await world.synced() == JobCounts(found=had - lost, unchanged=had - lost, deleted=lost)
    assert len(world.registry.live) == had - lost
    assert world.undone is None


@pytest.mark.parametrize(("had", "lost"), [(2, 2), (3, 3), (4, 3), (11, 10), (20, 10), (100, 21)])
async def test_a_mass_deletion_is_held_and_says_so(world: World, had: int, lost: int) -> None:
    await holding(world, had)
    lose(world, lost)
    assert (await world.synced()).deleted == 0
    assert len(world.registry.live) == had
    assert world.undone is not None
    assert f"{lost} of {had} documents" in world.undone
    assert '{"allow_deletions": true}' in world.undone
    assert world.state.held_deletions == lost


async def test_what_is_held_goes_when_it_is_approved(world: World) -> None:
    await holding(world, 20)
    lose(world, 10)
    await world.synced()
    assert await world.synced(allow_deletions=True) == JobCounts(found=10, unchanged=10, deleted=10)
    assert len(world.registry.live) == 10
    assert (world.undone, world.state.held_deletions) == (None, None)


async def test_what_is_held_is_forgotten_when_it_comes_back(world: World) -> None:
    await holding(world, 20)
    before = dict(world.provider.documents)
    lose(world, 10)
    await world.synced()
    world.provider.documents = before
    assert await world.synced() == JobCounts(found=20, unchanged=20)
    assert world.state.held_deletions is None


async def test_what_is_new_is_taken_up_while_deletions_are_held(world: World) -> None:
    await holding(world, 20)
    lose(world, 20)
    world.provider.documents |= world.written(new="# New")
    assert await world.synced() == JobCounts(found=1, indexed=1)
    assert "New" in world.registry.titles()


async def test_deletions_that_the_source_tells_are_held_by_the_same_rule(world: World) -> None:
    world.provider.remembers = True
    await holding(world, 20)
    lose(world, 4)
    assert (await world.synced()).deleted == 4
    lose(world, 10)
    assert (await world.synced()).deleted == 0
    assert world.state.held_deletions == 10
    assert (await world.synced(allow_deletions=True)).deleted == 10


@pytest.mark.parametrize("remembers", [False, True], ids=["listing", "changes"])
async def test_a_page_that_was_missed_once_comes_back_with_the_next_sync(world: World, remembers: bool) -> None:
    world.provider.remembers = remembers
    await holding(world, 5)
    world.provider.missed = {"n00.md"}
    world.provider.documents |= world.written(n00="# Page 0, edited")
    assert (await world.synced()).deleted == 1
    world.provider.missed = set()
    assert (await world.synced()).indexed == 1
    assert "Page 0, edited" in world.registry.titles()


async def test_what_has_nothing_in_it_is_not_fetched_again_before_it_changes(world: World) -> None:
    world.write(a="# A", b=" ")
    await world.synced()
    world.provider.calls.clear()
    assert await world.synced() == JobCounts(found=2, unchanged=1, skipped=1)
    assert world.provider.calls == ["list"]


async def test_what_can_not_be_read_for_now_stays_and_is_tried_again(world: World) -> None:
    await holding(world, 3)
    whole = world.provider.documents["n00.md"]
    world.provider.documents["n00.md"] = Outcome(ItemState.SKIPPED, "It can't be read.")
    await world.synced()
    assert "Page 0" in world.registry.titles()
    world.provider.documents["n00.md"] = whole
    world.provider.calls.clear()
    await world.synced()
    assert "fetch n00.md" in world.provider.calls
