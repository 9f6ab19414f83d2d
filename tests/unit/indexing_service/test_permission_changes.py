"""Who may read what is indexed changes with the next sync, whatever becomes of the pages themselves."""

import pytest

from flash_core.models.document import NOBODY
from flash_core.schemas.indexing import JobCounts
from indexing_service.interfaces import ItemState, Outcome
from tests.unit.indexing_service.fakes import FakePipeline
from tests.unit.indexing_service.job_world import World

HR = frozenset({"hr"})


@pytest.fixture(params=[False, True], ids=["listing", "changes"])
async def world(request: pytest.FixtureRequest) -> World:
    """Two pages for everybody, in the index."""
    world = World()
    world.provider.remembers = request.param
    world.provider.restricted = {}
    world.write(a="# A", b="# B")
    await world.synced()
    world.provider.calls.clear()
    return world


def groups(world: World) -> dict[str, list[str]]:
    return {one.title: one.groups for one in world.registry.live.values()}


async def test_a_page_is_narrowed_and_opened_without_being_fetched(world: World) -> None:
    world.provider.restricted = {"a.md": HR}
    await world.synced()
    assert groups(world) == {"A": ["hr"], "B": []}
    world.provider.restricted = {}
    await world.synced()
    assert groups(world) == {"A": [], "B": []}
    assert not [call for call in world.provider.calls if call.startswith("fetch")]


async def test_nothing_is_told_where_nothing_changed(world: World) -> None:
    world.provider.restricted = {"a.md": HR}
    await world.synced()
    told = list(world.registry.regrouped)
    await world.synced()
    assert world.registry.regrouped == told == [{"a.md": HR}]


async def test_a_page_is_narrowed_though_it_can_not_be_read_now(world: World) -> None:
    world.provider.documents["a.md"] = Outcome(ItemState.SKIPPED, "It can't be read.")
    world.provider.restricted = {"a.md": HR}
    for _ in range(2):
        await world.synced()
        assert groups(world) == {"A": ["hr"], "B": []}
    world.provider.restricted = {}
    await world.synced()
    assert groups(world) == {"A": [], "B": []}


async def test_pages_are_narrowed_before_anything_is_indexed(world: World) -> None:
    seen: list[dict[str, list[str]]] = []
    world.pipeline = FakePipeline(begins=lambda: seen.append(groups(world)))
    world.provider.documents |= world.written(new="# New")
    world.provider.restricted = {"a.md": HR}
    await world.synced()
    assert seen == [{"A": ["hr"], "B": []}]


async def test_a_page_of_which_nothing_is_said_is_closed_until_something_is(world: World) -> None:
    world.provider.hidden = {"a.md"}
    await world.synced()
    assert groups(world) == {"A": [NOBODY], "B": []}
    world.provider.hidden = set()
    await world.synced()
    assert groups(world) == {"A": [], "B": []}


async def test_a_renamed_page_is_narrowed_under_its_new_name(world: World) -> None:
    del world.provider.documents["a.md"]
    world.provider.documents |= world.written(c="# A")
    world.provider.renamed = {"a.md": "c.md"}
    world.provider.restricted = {"c.md": HR}
    world.pipeline = FakePipeline(outcomes={"c.md": Outcome(ItemState.FAILED, "No.")})
    await world.synced()
    assert groups(world) == {"A": ["hr"], "B": []}


async def test_a_source_that_restricts_nothing_leaves_pages_as_they_are() -> None:
    world = World()
    world.write(a="# A")
    await world.synced()
    assert await world.synced() == JobCounts(found=1, unchanged=1)
    assert (groups(world), world.registry.regrouped) == ({"A": []}, [])
