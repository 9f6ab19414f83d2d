"""What transactions and outboxes promise. The services hold their own repositories to more than this."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase

from flash_core.database.base import OutboxColumns, service_metadata
from flash_core.database.context import open_database
from flash_core.database.unit_of_work import SqlOutbox, SqlUnitOfWork
from flash_core.interfaces.persistence import OutboxInterface, UnitOfWorkInterface
from flash_core.messaging.events import Event, JobQueued
from flash_core.testing.fakes import FakeUnitOfWork


class Base(DeclarativeBase):
    metadata = service_metadata()


class OutboxRow(OutboxColumns, Base):
    pass


class Work(SqlUnitOfWork):
    def _bind(self, session: AsyncSession) -> None:
        self.outbox = SqlOutbox(session, OutboxRow)


class Fakes:
    """One unit of work that is entered again and again, as the fakes of the services are."""

    def __init__(self) -> None:
        self.work = FakeUnitOfWork()

    def __call__(self) -> UnitOfWorkInterface:
        return self.work

    async def committed(self) -> list[Event]:
        return self.work.outbox.events if self.work.commits else []


class Sql:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    def __call__(self) -> UnitOfWorkInterface:
        return Work(self._sessions)

    async def committed(self) -> list[Event]:
        async with self._sessions() as session:
            rows = (await session.scalars(select(OutboxRow).order_by(OutboxRow.event_id))).all()
        return [Event.by_topic[row.topic].model_validate_json(row.payload) for row in rows]


@asynccontextmanager
async def _sql(postgres_url: str) -> AsyncIterator[Sql]:
    async with open_database(postgres_url) as database:
        async with database._engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield Sql(database.sessions)


@pytest.fixture(params=["fake", "sql"])
async def store(request: pytest.FixtureRequest, postgres_url: str) -> AsyncIterator[Fakes | Sql]:
    if request.param == "fake":
        yield Fakes()
        return
    async with _sql(postgres_url) as store:
        yield store


async def test_events_leave_with_the_commit(store: Fakes | Sql) -> None:
    events = [JobQueued(job_id=uuid4()), JobQueued(job_id=uuid4())]
    async with store() as work:
        outbox: OutboxInterface = work.outbox
        for event in events:
            outbox.add(event)
        assert await store.committed() == []
        await work.commit()
    assert await store.committed() == events


async def test_without_a_commit_nothing_leaves(store: Fakes | Sql) -> None:
    async with store() as work:
        work.outbox.add(JobQueued(job_id=uuid4()))
    assert await store.committed() == []


async def test_what_a_use_case_raises_comes_out(store: Fakes | Sql) -> None:
    with pytest.raises(ValueError, match="a bug"):
        await _failing(store)
    assert await store.committed() == []


async def _failing(store: Fakes | Sql) -> None:
    async with store() as work:
        work.outbox.add(JobQueued(job_id=uuid4()))
        raise ValueError("a bug")
