"""What is remembered of a rebuild of the index, in memory and in PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

import pytest
from sqlalchemy import text

from flash_core.database.context import open_database
from flash_core.errors import ConflictError, FencedError
from flash_core.schemas.indexing import JobState
from flash_core.utils.ids import new_id
from indexing_service.database.rebuild_transaction import SqlRebuildTransaction
from indexing_service.database.tables import METADATA
from indexing_service.interfaces.rebuilds import Rebuild, RebuildTransactionFactory
from tests.unit.indexing_service.fake_rebuilds import FakeRebuilds
from tests.unit.indexing_service.world import NOON, source

_PASS_TIME = text("UPDATE rebuilds SET lease_until = lease_until - make_interval(secs => :by)")


@dataclass(frozen=True)
class Store:
    """`pass_time` lets leases and pauses run out."""

    transaction: RebuildTransactionFactory
    pass_time: Callable[[float], Awaitable[None]]

    async def added(self, rebuild: Rebuild) -> Rebuild:
        async with self.transaction() as work:
            await work.rebuilds.add(rebuild)
            await work.commit()
        return rebuild

    async def claimed(self) -> Rebuild | None:
        async with self.transaction() as work:
            found = await work.rebuilds.claim(60)
            await work.commit()
        return found

    async def held(self) -> Rebuild:
        found = await self.claimed()
        assert found is not None
        return found

    async def newest(self, state: JobState | None = None) -> Rebuild | None:
        async with self.transaction() as work:
            return await work.rebuilds.newest(state)

    async def finished(self, rebuild: Rebuild, state: JobState, problem: str | None = None) -> None:
        async with self.transaction() as work:
            await work.rebuilds.finish(rebuild, state, problem)
            await work.commit()

    async def cancelled(self) -> Rebuild | None:
        async with self.transaction() as work:
            found = await work.rebuilds.cancel()
            await work.commit()
        return found


@pytest.fixture(params=["fake", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "fake":
        fake = FakeRebuilds()

        async def pass_fake_time(seconds: float) -> None:
            fake.now += seconds

        yield Store(fake.transaction, pass_fake_time)
        return
    async with open_database(request.getfixturevalue("postgres_url")) as database:
        async with database.sessions() as session:
            connection = await session.connection()
            await connection.run_sync(METADATA.create_all)
            await session.commit()

        async def pass_time(seconds: float) -> None:
            async with database.sessions.begin() as session:
                await session.execute(_PASS_TIME, {"by": seconds})

        yield Store(partial(SqlRebuildTransaction, database.sessions), pass_time)


def rebuild(version: str = "chunks_v2") -> Rebuild:
    return Rebuild(new_id(), version, "model", "chunker", 384, "chunks_v1", NOON)


async def test_there_is_one_that_has_not_ended(store: Store) -> None:
    first = await store.added(rebuild())
    with pytest.raises(ConflictError):
        await store.added(rebuild("chunks_v3"))
    await store.finished(await store.held(), JobState.FAILED, "The model chokes.")
    second = await store.added(rebuild("chunks_v3"))
    async with store.transaction() as work:
        assert await work.rebuilds.active() == second
        assert await work.rebuilds.newest() == second
        failed = await work.rebuilds.newest(JobState.FAILED)
    assert failed is not None
    assert (failed.id, failed.problem) == (first.id, "The model chokes.")
    assert await store.newest(JobState.SUCCEEDED) is None


async def test_a_claim_is_held_until_its_lease_runs_out_and_fences_who_had_it(store: Store) -> None:
    await store.added(rebuild())
    first = await store.held()
    assert (first.state, first.attempt) == (JobState.RUNNING, 1)
    assert await store.claimed() is None
    await store.pass_time(61)
    second = await store.held()
    assert (second.id, second.attempt) == (first.id, 2)
    async with store.transaction() as work:
        for step in (
            work.rebuilds.save(first, 60),
            work.rebuilds.release(first),
            work.rebuilds.finish(first, JobState.SUCCEEDED, None),
        ):
            with pytest.raises(FencedError):
                await step
    assert await store.newest() == second


async def test_how_far_it_is_survives_its_worker(store: Store) -> None:
    await store.added(rebuild())
    held = await store.held()
    far = replace(held, swapped=True, walk=2, after=new_id(), documents=30, fresh=20, embedded=50)
    async with store.transaction() as work:
        await work.rebuilds.save(far, 60)
        await work.commit()
    await store.pass_time(30)
    assert await store.claimed() is None
    await store.pass_time(31)
    assert replace(await store.held(), attempt=held.attempt, heartbeat_at=None) == replace(far, heartbeat_at=None)


async def test_what_is_given_back_waits_and_says_why(store: Store) -> None:
    await store.added(rebuild())
    held = await store.held()
    async with store.transaction() as work:
        await work.rebuilds.release(held, after_seconds=5, problem="Waiting: away")
        await work.commit()
    waiting = await store.newest()
    assert waiting is not None
    assert (waiting.state, waiting.problem) == (JobState.QUEUED, "Waiting: away")
    assert await store.claimed() is None
    await store.pass_time(6)
    assert (await store.held()).problem is None


async def test_one_that_has_moved_the_alias_is_not_cancelled(store: Store) -> None:
    assert await store.cancelled() is None
    await store.added(rebuild())
    held = await store.held()
    async with store.transaction() as work:
        await work.rebuilds.save(replace(held, swapped=True), 60)
        await work.commit()
    assert await store.cancelled() is None
    await store.finished(held, JobState.SUCCEEDED)
    await store.added(rebuild("chunks_v3"))
    gone = await store.cancelled()
    assert gone is not None
    assert (gone.version, gone.state) == ("chunks_v3", JobState.CANCELLED)
    assert await store.claimed() is None


async def test_what_is_not_committed_is_forgotten(store: Store) -> None:
    async with store.transaction() as work:
        await work.rebuilds.add(rebuild())
        await work.sources.add(source())
    assert await store.newest() is None
    async with store.transaction() as work:
        assert await work.sources.page(None, None, 10) == []
