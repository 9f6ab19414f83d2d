"""The unit of work, the outbox and its relay on a real PostgreSQL."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import String, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flash_core.database.base import OutboxColumns, service_metadata
from flash_core.database.context import ServiceDatabaseContext, open_database
from flash_core.database.unit_of_work import SqlOutbox, SqlTransaction, SqlUnitOfWork
from flash_core.errors import ConflictError, InvalidInputError, UpstreamUnavailableError
from flash_core.interfaces.queue import MessageQueueInterface
from flash_core.messaging.events import Event, JobQueued
from flash_core.messaging.outbox_relay import OutboxRelay
from flash_core.testing.fakes import FakeQueue
from flash_core.testing.waiting import eventually
from flash_core.utils.tasks import end
from tests.integration.flash_core.conftest import Proxy, through


class Base(DeclarativeBase):
    metadata = service_metadata()


class OutboxRow(OutboxColumns, Base):
    pass


class Thing(Base):
    __tablename__ = "thing"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)


class Work(SqlUnitOfWork):
    session: AsyncSession

    def _bind(self, session: AsyncSession) -> None:
        self.session = session
        self.outbox = SqlOutbox(session, OutboxRow)

    def add(self, name: str) -> None:
        self.session.add(Thing(id=uuid4(), name=name))


class Reading(SqlTransaction):
    session: AsyncSession

    def _bind(self, session: AsyncSession) -> None:
        self.session = session


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[ServiceDatabaseContext]:
    async with open_database(postgres_url) as database:
        async with database._engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield database


async def names(database: ServiceDatabaseContext) -> list[str]:
    async with database.sessions() as session:
        return list((await session.scalars(select(Thing.name).order_by(Thing.name))).all())


async def waiting_events(database: ServiceDatabaseContext) -> int:
    async with database.sessions() as session:
        return len((await session.scalars(select(OutboxRow))).all())


async def test_what_was_committed_stays_and_what_was_not_is_gone(database: ServiceDatabaseContext) -> None:
    async with Work(database.sessions) as work:
        work.add("kept")
        await work.commit()
    async with Work(database.sessions) as work:
        work.add("forgotten")
    with pytest.raises(ValueError, match="a bug"):  # noqa: PT012  # leaving the block is what is tested
        async with Work(database.sessions) as work:
            work.add("undone")
            work.outbox.add(JobQueued(job_id=uuid4()))
            await work.session.flush()
            raise ValueError("a bug")
    assert (await names(database), await waiting_events(database)) == (["kept"], 0)


async def test_a_use_cases_own_error_keeps_its_trace(database: ServiceDatabaseContext) -> None:
    def the_guilty_line() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug") as caught:
        async with Work(database.sessions):
            the_guilty_line()
    assert "the_guilty_line" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("when", ["flush", "commit"])
async def test_a_broken_constraint_is_a_conflict(database: ServiceDatabaseContext, when: str) -> None:
    with pytest.raises(ConflictError):  # noqa: PT012  # leaving the block is what is tested
        async with Work(database.sessions) as work:
            work.add("same")
            work.add("same")
            await (work.session.flush() if when == "flush" else work.commit())
    assert await names(database) == []


@pytest.mark.parametrize("name", ["a\x00b", "much too long for its column"])
async def test_a_value_that_cannot_be_stored_is_wrong_input(database: ServiceDatabaseContext, name: str) -> None:
    with pytest.raises(InvalidInputError):  # noqa: PT012  # leaving the block is what is tested
        async with Work(database.sessions) as work:
            work.add(name)
            await work.commit()


async def test_a_number_out_of_range_is_wrong_input(database: ServiceDatabaseContext) -> None:
    with pytest.raises(InvalidInputError):
        async with Reading(database.sessions) as work:
            await work.session.execute(text("SELECT CAST(:number AS integer)"), {"number": 1 << 40})


async def test_wrong_sql_is_a_bug_and_no_lost_database(database: ServiceDatabaseContext) -> None:
    with pytest.raises(ProgrammingError):
        async with Reading(database.sessions) as work:
            await work.session.execute(text("SELECT * FROM missing"))


async def test_errors_never_show_values(database: ServiceDatabaseContext) -> None:
    secret = str(uuid4())
    with pytest.raises(InvalidInputError) as caught:
        async with Reading(database.sessions) as work:
            await work.session.execute(text("SELECT CAST(:word AS text)"), {"word": f"{secret}\x00"})
    assert secret not in "".join(traceback.format_exception(caught.value))


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    async with open_database("postgresql+asyncpg://nobody@127.0.0.1:1/none") as database:
        with pytest.raises(UpstreamUnavailableError):
            async with Reading(database.sessions) as work:
                await work.session.execute(text("SELECT 1"))
        with pytest.raises(UpstreamUnavailableError):
            await database.check()


async def test_a_connection_lost_in_the_middle_is_unavailable_and_the_pool_heals(
    postgres_url: str, postgres_proxy: Proxy
) -> None:
    async with open_database(through(postgres_proxy, postgres_url)) as database:
        with pytest.raises(UpstreamUnavailableError):  # noqa: PT012  # leaving the block is what is tested
            async with Reading(database.sessions) as work:
                await work.session.execute(text("SELECT 1"))
                postgres_proxy.cut()
                await work.session.execute(text("SELECT 1"))
        await database.check()
        async with Reading(database.sessions) as work:
            await work.session.execute(text("SELECT 1"))
            postgres_proxy.cut()  # nobody asks anything any more: leaving is no error
        await database.check()


async def test_a_cancelled_use_case_leaves_no_connection_behind(database: ServiceDatabaseContext) -> None:
    inside = asyncio.Event()

    async def use_case() -> None:
        async with Work(database.sessions) as work:
            work.add("never")
            await work.session.flush()
            inside.set()
            await work.session.execute(text("SELECT pg_sleep(10)"))

    task = asyncio.create_task(use_case())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: database._engine.pool.checkedout() == 0)  # type: ignore[attr-defined]  # a queue pool has it
    assert await names(database) == []


class FlakyQueue(FakeQueue):
    down = True

    async def publish(self, events: Sequence[Event]) -> None:
        if self.down:
            raise UpstreamUnavailableError("down")
        await super().publish(events)


async def announce(database: ServiceDatabaseContext, *events: Event) -> None:
    async with Work(database.sessions) as work:
        for event in events:
            work.outbox.add(event)
        await work.commit()


async def test_an_event_outlives_a_queue_that_is_down(database: ServiceDatabaseContext) -> None:
    queue, event = FlakyQueue(), JobQueued(job_id=uuid4())
    relay = OutboxRelay(database, OutboxRow, queue)
    await announce(database, event)
    with pytest.raises(UpstreamUnavailableError):
        await relay.run_once()
    assert await waiting_events(database) == 1
    queue.down = False
    assert [await relay.run_once(), await relay.run_once()] == [1, 0]
    assert (queue.events, await waiting_events(database)) == ([event], 0)


async def test_a_relay_killed_between_publishing_and_deleting_repeats_and_loses_nothing(
    database: ServiceDatabaseContext,
) -> None:
    killed, event = FakeQueue(), JobQueued(job_id=uuid4())
    published = asyncio.Event()

    class Stuck(MessageQueueInterface):
        async def publish(self, events: Sequence[Event]) -> None:
            await killed.publish(events)
            published.set()
            await asyncio.Event().wait()

    await announce(database, event)
    task = asyncio.create_task(OutboxRelay(database, OutboxRow, Stuck()).run_once())
    await published.wait()
    await end([task])
    successor = FakeQueue()
    await OutboxRelay(database, OutboxRow, successor).run_once()
    assert killed.events == successor.events == [event]


async def test_two_relays_share_the_work(database: ServiceDatabaseContext) -> None:
    events = [JobQueued(job_id=uuid4()) for _ in range(40)]
    await announce(database, *events)
    queue = FakeQueue()
    relays = [OutboxRelay(database, OutboxRow, queue) for _ in range(2)]
    while sum(await asyncio.gather(*(relay.run_once(batch=7) for relay in relays))):
        pass
    assert sorted(event.event_id for event in queue.events) == sorted(event.event_id for event in events)


async def test_a_commit_wakes_the_relay_long_before_its_poll(database: ServiceDatabaseContext) -> None:
    queue = FakeQueue()
    relay = OutboxRelay(database, OutboxRow, queue, poll_seconds=60)
    task = asyncio.create_task(relay.run())
    try:
        await eventually(lambda: _listeners(database))
        event = JobQueued(job_id=uuid4())
        await announce(database, event)
        await eventually(lambda: queue.events == [event])
    finally:
        await end([task])


async def test_the_relay_goes_on_after_its_connections_broke(
    database: ServiceDatabaseContext, postgres_url: str, postgres_proxy: Proxy
) -> None:
    queue = FakeQueue()
    async with open_database(through(postgres_proxy, postgres_url)) as proxied:
        task = asyncio.create_task(OutboxRelay(proxied, OutboxRow, queue, poll_seconds=0.02).run())
        try:
            await eventually(lambda: _listeners(database))
            postgres_proxy.cut()
            event = JobQueued(job_id=uuid4())
            await announce(database, event)
            await eventually(lambda: queue.events == [event])
            await eventually(lambda: _listeners(database))
        finally:
            await end([task])


async def test_a_queue_that_is_down_does_not_end_the_relay(database: ServiceDatabaseContext) -> None:
    queue, event = FlakyQueue(), JobQueued(job_id=uuid4())
    await announce(database, event)
    task = asyncio.create_task(OutboxRelay(database, OutboxRow, queue, poll_seconds=0.02).run())
    try:
        await eventually(lambda: _listeners(database))
        queue.down = False
        await eventually(lambda: queue.events == [event])
    finally:
        await end([task])


async def test_a_topic_of_a_newer_version_is_left_to_its_own_relay(database: ServiceDatabaseContext) -> None:
    queue, event = FakeQueue(), JobQueued(job_id=uuid4())
    async with database.sessions.begin() as session:
        session.add(OutboxRow(event_id=UUID(int=1), topic="indexing.job-queued.v9", payload="{}"))
    await announce(database, event)
    assert await OutboxRelay(database, OutboxRow, queue).run_once() == 1
    assert (queue.events, await waiting_events(database)) == ([event], 1)


async def _listeners(database: ServiceDatabaseContext) -> bool:
    async with database.sessions() as session:
        found = await session.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
        )
        return bool(found)


async def test_a_reading_session_opens_no_transaction(postgres_url: str) -> None:
    """PostgreSQL's `now()` is the beginning of the transaction: the same within one, another in the next."""
    async with open_database(postgres_url) as context:
        async with context.sessions() as session:
            assert await session.scalar(select(func.now())) == await session.scalar(select(func.now()))
        async with context.reading_sessions() as session:
            assert await session.scalar(select(func.now())) != await session.scalar(select(func.now()))
        async with context.sessions() as session:  # the same connection again
            assert await session.scalar(select(func.now())) == await session.scalar(select(func.now()))
