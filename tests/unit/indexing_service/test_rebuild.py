"""The index is built anew beside the one that is searched, whatever happens meanwhile."""

import asyncio
from dataclasses import replace

import pytest

from flash_core.errors import ConflictError, InvalidInputError, UpstreamUnavailableError
from flash_core.models.document import EVERYONE
from flash_core.models.vector import CHUNKS
from flash_core.schemas.indexing import JobState
from flash_core.testing.waiting import eventually
from tests.unit.indexing_service.rebuild_world import KilledError, World

STEPS = range(1, 6)
"""A collection made, two pages of documents, in front of the alias and behind it."""


@pytest.fixture
async def world() -> World:
    world = World()
    await world.write(a="# A\n\nAnnual leave.", b="# B\n\nSick leave.", c="# C\n\nParental leave.")
    world.vectors.counting = True
    return world


async def test_a_rebuild_fills_a_collection_of_the_next_model_and_points_the_alias(world: World) -> None:
    hashes = world.live()
    began = await world.collections.rebuild(None)
    assert (began.collection, began.model, began.phase) == ("chunks_v2", "new", "queued")
    await world.run()
    done = await world.collections.overview()
    assert done.rebuild is not None
    assert (done.rebuild.state, done.rebuild.phase, done.rebuild.embedded) == (JobState.SUCCEEDED, "done", 3)
    assert [(one.name, one.role, one.served) for one in done.collections] == [
        ("chunks_v1", "previous", True),
        ("chunks_v2", "live", True),
    ]
    assert world.held() == world.live() == hashes
    assert {point.vector.shape for point in world.vectors.points()} == {(32,)}
    assert world.documents.changes == 1
    assert world.vectors.calls == max(STEPS)


async def test_after_the_swap_unchanged_documents_count_as_unchanged(world: World) -> None:
    await world.collections.rebuild("new")
    await world.run()
    calls = len(world.new.calls) + len(world.old.calls)
    await world.write(a="# A\n\nAnnual leave.")
    assert len(world.new.calls) + len(world.old.calls) == calls


@pytest.mark.parametrize("step", STEPS)
async def test_a_rebuild_that_is_killed_at_any_step_goes_on_where_it_was(world: World, step: int) -> None:
    async def die() -> None:
        raise KilledError

    await world.collections.rebuild(None)
    world.vectors.hooks[step] = die
    try:
        await world.run()
    except KilledError:
        assert world.held() == world.live()  # searched all the while
    world.store.now += 1_000  # the dead worker's lease runs out
    world.rebuilder = world.worker()
    await world.run()
    assert world.held() == world.live()
    assert world.vectors.aliases[CHUNKS] == "chunks_v2"
    rebuild = (await world.collections.overview()).rebuild
    assert rebuild is not None
    assert rebuild.state is JobState.SUCCEEDED


@pytest.mark.parametrize("step", STEPS)
async def test_what_changes_during_a_rebuild_is_in_the_new_collection(world: World, step: int) -> None:
    async def change() -> None:
        await world.write(a="# A\n\nAnnual leave is 30 days.", d="# D\n\nUnpaid leave.")
        await world.delete("b")

    await world.collections.rebuild(None)
    world.vectors.hooks[step] = change
    await world.run()
    assert not world.vectors.hooks
    assert world.vectors.aliases[CHUNKS] == "chunks_v2"
    assert world.held("chunks_v2") == world.live()
    assert all("30 days" in str(one.payload["text"]) for one in world.vectors.points() if one.payload["title"] == "A")


async def test_what_is_published_while_the_alias_moves_is_found_at_any_moment(world: World) -> None:
    """Searches look at the old collection for some seconds after the swap."""

    async def change() -> None:
        await world.write(e="# E\n\nSpecial leave.")
        for version in ("chunks_v1", "chunks_v2"):
            assert "e.md" in world.held(version)

    await world.collections.rebuild(None)
    world.vectors.hooks[4] = change  # behind `point_alias`
    await world.run()
    assert not world.vectors.hooks
    assert "e.md" in world.held()


async def test_a_source_that_is_closed_meanwhile_is_closed_in_the_new_collection(world: World) -> None:
    async def close() -> None:
        closed = replace(world.handbook, groups=frozenset({"board"}))
        world.store.database.state.sources[world.handbook.id] = closed
        await world.vectors.set_payload(CHUNKS, {"source_groups": ["board"]}, source_id=world.handbook.id)

    await world.collections.rebuild(None)
    world.vectors.hooks[2] = close  # in front of the first passages
    await world.run()
    assert {str(one.payload["source_groups"]) for one in world.vectors.points("chunks_v2")} == {"['board']"}


@pytest.mark.parametrize("groups", [[], ["board"]])
async def test_a_document_whose_readers_change_meanwhile_has_the_new_ones_in_the_new_collection(
    world: World, groups: list[str]
) -> None:
    changed = next(iter(world.registry.live))
    world.registry.live[changed] = world.registry.live[changed].model_copy(update={"groups": ["hr"]})

    async def regroup() -> None:
        world.registry.live[changed] = world.registry.live[changed].model_copy(update={"groups": groups})

    await world.collections.rebuild(None)
    world.vectors.hooks[2] = regroup  # in front of the first passages
    await world.run()
    kept = [one.payload for one in world.vectors.points("chunks_v2") if one.payload["document_id"] == str(changed)]
    assert {str(one["document_groups"]) for one in kept} == {str(groups or [EVERYONE])}


async def test_a_rebuild_waits_for_a_model_that_is_away(world: World) -> None:
    await world.collections.rebuild("new")
    world.new.error = UpstreamUnavailableError("away")
    assert await world.rebuilder.run_once()
    waiting = await world.store.transaction().__aenter__()
    rebuild = await waiting.rebuilds.active()
    assert rebuild is not None
    assert (rebuild.state, rebuild.problem) == (JobState.QUEUED, "Waiting: away")
    assert not await world.rebuilder.run_once()
    world.new.error = None
    world.store.now += 1_000
    await world.run()
    assert world.vectors.aliases[CHUNKS] == "chunks_v2"


async def test_syncs_go_on_when_only_the_next_model_is_away(world: World) -> None:
    await world.collections.rebuild("new")

    async def away() -> None:
        world.models.providers.remove(world.new)
        await world.write(d="# D\n\nUnpaid leave.")
        world.models.providers.append(world.new)

    world.vectors.hooks[2] = away
    await world.run()
    assert world.held() == world.live()
    assert "d.md" in world.live()


@pytest.mark.parametrize("error", [InvalidInputError("The model chokes."), ZeroDivisionError()])
async def test_a_rebuild_that_cannot_succeed_says_why_and_leaves_the_index_alone(
    world: World, error: Exception
) -> None:
    await world.collections.rebuild("new")
    world.new.error = error
    await world.rebuilder.run_once()
    world.new.error = None
    rebuild = (await world.collections.overview()).rebuild
    assert rebuild is not None
    assert rebuild.state is JobState.FAILED
    assert rebuild.problem
    assert world.vectors.aliases[CHUNKS] == "chunks_v1"


async def test_a_worker_that_stops_gives_its_rebuild_back(world: World) -> None:
    never = asyncio.Event()

    async def hang() -> None:
        await never.wait()

    await world.collections.rebuild("new")
    world.vectors.hooks[2] = hang
    running = asyncio.create_task(world.rebuilder.run())
    await eventually(lambda: not world.vectors.hooks)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    [rebuild] = world.store.rows.values()
    assert rebuild.state is JobState.QUEUED


async def test_a_worker_goes_on_when_the_services_are_away(world: World) -> None:
    world.vectors.error = UpstreamUnavailableError("away")
    running = asyncio.create_task(world.rebuilder.run())
    await asyncio.sleep(0.02)
    world.vectors.error = None
    await world.collections.rebuild("new")
    await eventually(lambda: world.vectors.aliases[CHUNKS] == "chunks_v2")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# When it begins by itself


async def test_a_model_that_is_not_served_any_more_is_replaced_by_the_one_that_is_set(world: World) -> None:
    world.models.providers = [world.new]
    with pytest.raises(UpstreamUnavailableError, match="it is being rebuilt for new"):
        await world.write(d="# D")
    await world.run()
    assert world.held() == world.live()
    assert world.vectors.aliases[CHUNKS] == "chunks_v2"


async def test_another_way_to_cut_is_a_rebuild_with_the_same_model(world: World) -> None:
    world.vectors.collections["chunks_v1"].chunker = "1/1000"
    await world.run()
    assert world.vectors.aliases[CHUNKS] == "chunks_v2"
    assert world.vectors.collections["chunks_v2"].model == "fake"
    await world.collections.rollback()
    await world.run()
    world.now += 1_000
    await world.run()
    assert world.vectors.aliases[CHUNKS] == "chunks_v1"  # somebody has gone back: it stays


async def test_what_was_cancelled_does_not_begin_again_by_itself(world: World) -> None:
    world.models.providers = [world.new]
    async with world.store.transaction() as work:
        assert await work.rebuilds.active() is None
    await world.collections.rebuild("new")
    await world.collections.cancel()
    await world.run()
    assert world.vectors.aliases[CHUNKS] == "chunks_v1"


async def test_nothing_begins_without_a_need_or_without_an_index(world: World) -> None:
    await world.run()
    assert not world.store.rows
    empty = World()
    await empty.run()
    assert not empty.store.rows
    with pytest.raises(ConflictError, match="Nothing was indexed"):
        await empty.collections.rebuild(None)


# Back, and off


async def test_going_back_brings_what_has_changed_since_and_then_points_the_alias(world: World) -> None:
    await world.collections.rebuild("new")
    await world.run()
    await world.write(a="# A\n\nAnnual leave is 30 days.", d="# D\n\nUnpaid leave.")
    assert "d.md" not in world.held("chunks_v1")
    calls = len(world.old.calls)
    back = await world.collections.rollback()
    assert back.collection == "chunks_v1"
    await world.run()
    assert world.vectors.aliases[CHUNKS] == "chunks_v1"
    assert world.held() == world.live()
    embedded = [text for texts, _, _ in world.old.calls[calls:] for text in texts]
    assert len(embedded) == 2  # what had not changed was still there
    await world.collections.rollback()
    await world.run()
    assert world.vectors.aliases[CHUNKS] == "chunks_v2"


async def test_one_cannot_go_back_without_a_collection_or_its_model(world: World) -> None:
    with pytest.raises(ConflictError, match="no collection to go back to"):
        await world.collections.rollback()
    await world.collections.rebuild("new")
    await world.run()
    world.models.providers.remove(world.old)
    with pytest.raises(ConflictError, match="EMBEDDING_NEXT_MODEL"):
        await world.collections.rollback()


async def test_collections_older_than_the_one_before_are_dropped(world: World) -> None:
    third = replace(world.new, name="third")
    for model in ("new", "third"):
        world.models.providers = [world.old, world.new, third]
        await world.collections.rebuild(model)
        await world.run()
    assert [one.version for one in await world.vectors.versions(CHUNKS)] == ["chunks_v2", "chunks_v3"]


async def test_a_cancelled_rebuild_leaves_nothing_and_stops_its_worker(world: World) -> None:
    async def cancel() -> None:
        overview = await world.collections.overview()
        assert [one.role for one in overview.collections] == ["live", "next"]
        assert overview.rebuild is not None
        assert overview.rebuild.phase == "building"
        await world.collections.cancel()

    await world.collections.rebuild("new")
    world.vectors.hooks[2] = cancel
    await world.run()
    assert list(world.vectors.collections) == ["chunks_v1"]
    [rebuild] = world.store.rows.values()
    assert rebuild.state is JobState.CANCELLED
    with pytest.raises(ConflictError):
        await world.collections.cancel()


async def test_a_rebuild_cannot_be_cancelled_once_the_alias_has_moved(world: World) -> None:
    async def look() -> None:
        with pytest.raises(ConflictError):
            await world.collections.cancel()
        overview = await world.collections.overview()
        assert overview.rebuild is not None
        assert overview.rebuild.phase == "settling"
        assert [one.role for one in overview.collections] == ["previous", "live"]

    await world.collections.rebuild("new")
    world.documents.index_changed = look  # type: ignore[method-assign]  # behind the swap
    await world.run()


async def test_a_cancelled_way_back_keeps_the_collection(world: World) -> None:
    await world.collections.rebuild("new")
    await world.run()
    await world.collections.rollback()
    await world.collections.cancel()
    assert set(world.vectors.collections) == {"chunks_v1", "chunks_v2"}


async def test_only_served_models_and_one_rebuild_at_a_time(world: World) -> None:
    with pytest.raises(InvalidInputError, match="No model other is served"):
        await world.collections.rebuild("other")
    await world.collections.rebuild("new")
    with pytest.raises(ConflictError):
        await world.collections.rebuild("new")
