"""What interrupted work left in the index goes at night, and what it lost comes back."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from flash_core.errors import UpstreamUnavailableError
from flash_core.models.vector import CHUNKS, ChunkPoint
from flash_core.testing.fakes import FrozenClock
from flash_core.testing.waiting import eventually
from indexing_service.interfaces.rebuilds import Rebuild
from indexing_service.services.index_upkeep import IndexUpkeep
from tests.unit.indexing_service.rebuild_world import World
from tests.unit.indexing_service.world import NOON, claimed, job, stored


@pytest.fixture
async def world() -> World:
    world = World()
    await world.write(a="# A\n\nThe first page.", b="# B\n\nThe second page.")
    return world


def upkeep(world: World, **options: Any) -> IndexUpkeep:
    return IndexUpkeep(
        world.store.database.unit_of_work,
        world.store.transaction,
        world.documents,
        world.models,
        world.vectors,
        FrozenClock(NOON),
        **options,
    )


async def left_behind(world: World, count: int = 1, **payload: Any) -> list[ChunkPoint]:
    """Copies of a passage under other ids, with another content hash."""
    [point, *_] = world.vectors.points()
    about = {**point.payload, "content_hash": "another.version", **payload}
    points = [replace(point, id=uuid4(), payload=about) for _ in range(count)]
    await world.vectors.upsert(CHUNKS, points)
    return points


def ids(points: Sequence[ChunkPoint]) -> set[object]:
    return {point.id for point in points}


async def test_what_is_right_stays_and_nothing_is_embedded(world: World) -> None:
    before, embedded = ids(world.vectors.points()), len(world.old.calls)
    await upkeep(world).run_once()
    assert (ids(world.vectors.points()), len(world.old.calls)) == (before, embedded)


async def test_passages_of_other_versions_and_of_documents_that_are_gone_go(world: World) -> None:
    before = ids(world.vectors.points())
    await left_behind(world, 1_500)
    await left_behind(world, document_id=str(uuid4()))
    await upkeep(world).run_once()
    assert ids(world.vectors.points()) == before


async def test_documents_without_passages_get_them_back(world: World) -> None:
    before = world.held()
    lost = next(point for point in world.vectors.points() if point.payload["external_id"] == "a.md")
    await world.vectors.delete(CHUNKS, document_ids=[UUID(str(lost.payload["document_id"]))])
    assert set(world.held()) == {"b.md"}
    await upkeep(world).run_once()
    assert world.held() == before


async def test_passages_that_are_described_otherwise_than_their_document_are_set_right(world: World) -> None:
    [point, *_] = world.vectors.points()
    name, content_hash = str(point.payload["external_id"]), str(point.payload["content_hash"])
    other = content_hash.partition(".")[0] + ".other"
    await world.vectors.set_payload(
        CHUNKS, {"content_hash": other}, document_ids=[UUID(str(point.payload["document_id"]))]
    )
    before = ids(world.vectors.points())
    await upkeep(world).run_once()
    assert (world.held()[name], ids(world.vectors.points())) == (content_hash, before)


async def test_what_a_running_job_has_written_is_left_alone_until_it_is_over(world: World) -> None:
    await stored(world.store.database.unit_of_work, world.handbook, job(world.handbook))
    running = await claimed(world.store.database.unit_of_work)
    assert running is not None
    under_way = await left_behind(world, fence=running.fence)
    await left_behind(world, fence=running.fence - 1)
    await upkeep(world).run_once()
    assert ids(under_way) <= ids(world.vectors.points())
    assert len(world.vectors.points()) == 3
    async with world.store.database.unit_of_work() as work:
        await work.jobs.release(running)
        await work.commit()
    await upkeep(world).run_once()
    assert len(world.vectors.points()) == 2


async def test_a_rebuild_is_not_disturbed(world: World) -> None:
    rebuild = Rebuild(uuid4(), "chunks_v2", "new", "1", 32, "chunks_v1", NOON)
    world.store.rows[rebuild.id] = rebuild
    await left_behind(world)
    await upkeep(world).run_once()
    assert len(world.vectors.points()) == 3


async def test_an_index_of_a_model_that_is_not_served_is_cleaned_but_not_completed(world: World) -> None:
    await left_behind(world)
    world.models.providers.remove(world.old)
    await upkeep(world).run_once()
    assert len(world.vectors.points()) == 2


async def test_an_index_that_was_cut_another_way_is_not_completed(world: World) -> None:
    world.vectors.collections["chunks_v1"].chunker = "older/500"
    await world.vectors.delete(CHUNKS, source_id=world.handbook.id)
    await upkeep(world).run_once()
    assert world.vectors.points() == []


async def test_before_anything_is_indexed_there_is_nothing_to_do() -> None:
    await upkeep(World()).run_once()


async def test_it_is_done_some_time_after_the_start_and_a_failure_waits_for_the_night(world: World) -> None:
    await left_behind(world)
    world.vectors.error = UpstreamUnavailableError("away")
    first = asyncio.create_task(upkeep(world, first_after_seconds=0).run())
    world.vectors.error = None
    second = asyncio.create_task(upkeep(world, first_after_seconds=0.01).run())
    await eventually(lambda: len(world.vectors.points()) == 2)
    assert not first.done()
    for task in (first, second):
        task.cancel()
