"""The indexing database, in memory and for real."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from flash_core.database.context import ServiceDatabaseContext, open_database
from indexing_service.database.tables import METADATA
from indexing_service.database.unit_of_work import SqlIndexingUnitOfWork
from indexing_service.interfaces import UnitOfWorkFactory
from tests.unit.indexing_service.fakes import FakeDatabase

_PASS_TIME = text(
    "UPDATE jobs SET lease_until = lease_until - make_interval(secs => :by),"
    " not_before = not_before - make_interval(secs => :by),"
    " heartbeat_at = heartbeat_at - make_interval(secs => :by),"
    " finished_at = finished_at - make_interval(secs => :by)"
)


@dataclass(frozen=True)
class Store:
    """`pass_time` lets leases and pauses run out; `events` are those that left with a commit."""

    unit_of_work: UnitOfWorkFactory
    pass_time: Callable[[float], Awaitable[None]]
    events: Callable[[], Awaitable[list[str]]]


@pytest.fixture(params=["fake", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "fake":
        yield _in_memory(FakeDatabase())
        return
    async with open_database(request.getfixturevalue("postgres_url")) as database:
        async with database.sessions() as session:
            connection = await session.connection()
            await connection.run_sync(METADATA.create_all)
            await session.commit()
        yield _in_postgres(database)


def _in_memory(database: FakeDatabase) -> Store:
    async def pass_time(seconds: float) -> None:
        database.later += timedelta(seconds=seconds)

    async def events() -> list[str]:
        return [event.topic for event in database.events]

    return Store(database.unit_of_work, pass_time, events)


def _in_postgres(database: ServiceDatabaseContext) -> Store:
    async def pass_time(seconds: float) -> None:
        async with database.sessions.begin() as session:
            await session.execute(_PASS_TIME, {"by": seconds})

    async def events() -> list[str]:
        async with database.sessions() as session:
            return list(await session.scalars(text("SELECT topic FROM outbox ORDER BY event_id")))

    return Store(partial(SqlIndexingUnitOfWork, database.sessions), pass_time, events)
