"""What answers have used is kept and summed up in PostgreSQL as in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import text

from chat_service.database.tables import METADATA
from chat_service.database.unit_of_work import SqlChatUnitOfWork
from chat_service.interfaces import ChatUnitOfWorkFactory, Generation, Period, UsagePosition
from flash_core.database.context import open_database
from flash_core.models.conversation import Conversation, Mode
from flash_core.schemas.chat import Usage
from flash_core.schemas.usage import UsageLine
from flash_core.testing.fakes import FrozenClock
from flash_core.utils.ids import new_id
from tests.unit.chat_service.fakes import FakeChatDatabase

FIRST, SECOND = sorted([new_id(), new_id()])
TODAY = datetime.now(UTC).date()


@dataclass
class Database:
    """`open` begins a transaction; `ended` moves an answer's end."""

    open: ChatUnitOfWorkFactory
    ended: Callable[[UUID, datetime], Awaitable[None]]


@pytest.fixture(params=["memory", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if request.param == "memory":
        memory = FakeChatDatabase(FrozenClock(datetime.now(UTC)))

        async def moved_row(answer_id: UUID, moment: datetime) -> None:
            rows = memory.tables.usage
            rows[answer_id] = replace(rows[answer_id], ended_at=moment)

        yield Database(memory, moved_row)
        return
    async with open_database(request.getfixturevalue("postgres_url")) as postgres:
        async with postgres.sessions.begin() as session:
            await (await session.connection()).run_sync(METADATA.create_all)

        async def moved(answer_id: UUID, moment: datetime) -> None:
            async with postgres.sessions.begin() as session:
                statement = text("UPDATE usage SET ended_at = :moment WHERE answer_id = :id")
                await session.execute(statement, {"moment": moment, "id": answer_id})

        yield Database(partial(SqlChatUnitOfWork, postgres.sessions), moved)


async def used(
    database: Database,
    usage: Usage,
    *,
    user: UUID = FIRST,
    model: str = "m",
    ended_at: datetime | None = None,
) -> Generation:
    generation = Generation(new_id(), new_id(), new_id(), user, (), (), Mode.COMPANY, None, "")
    async with database.open() as work:
        await work.usage.add(generation, model, usage)
        await work.commit()
    if ended_at is not None:
        await database.ended(generation.id, ended_at)
    return generation


async def days(
    database: Database, period: Period, *, user: UUID = FIRST, limit: int = 99, after: UsagePosition | None = None
) -> list[UsageLine]:
    async with database.open() as work:
        return [*await work.usage.by_day(user, period, limit=limit, after=after)]


def around(day: date, days_more: int = 1) -> Period:
    return Period(day - timedelta(days=days_more), day + timedelta(days=days_more))


async def test_a_model_s_day_is_summed_up(database: Database) -> None:
    await used(database, Usage(prompt_tokens=100, completion_tokens=10, cost=0.25))
    await used(database, Usage(prompt_tokens=1, completion_tokens=2, cost=0.5, estimated=True))
    await used(database, Usage(), model="extractive")
    await used(database, Usage(prompt_tokens=7), user=SECOND)
    other, mine = await days(database, around(TODAY))
    assert (other.model, other.answers, other.cost) == ("extractive", 1, None)
    assert mine == UsageLine(
        day=mine.day,
        user_id=FIRST,
        model="m",
        answers=2,
        prompt_tokens=101,
        completion_tokens=12,
        estimated=True,
        cost=0.75,
    )


async def test_answers_without_a_price_do_not_hide_the_cost_of_others(database: Database) -> None:
    for cost in (None, 0.5):
        await used(database, Usage(cost=cost))
    assert [line.cost for line in await days(database, around(TODAY))] == [0.5]


async def test_a_day_begins_and_ends_at_midnight_utc(database: Database) -> None:
    day = date(2026, 3, 29)
    midnight = datetime(2026, 3, 29, tzinfo=UTC)
    for moment in (
        midnight - timedelta(microseconds=1),
        midnight,
        midnight + timedelta(hours=23, minutes=59, seconds=59.999),
        midnight + timedelta(days=1),
    ):
        await used(database, Usage(), ended_at=moment)
    assert [(line.day, line.answers) for line in await days(database, Period(day, day))] == [(day, 2)]
    assert [line.answers for line in await days(database, around(day))] == [1, 2, 1]


async def test_days_come_newest_first_and_page_by_page(database: Database) -> None:
    for day in (1, 2, 2, 3):
        for model in ("a", "b"):
            await used(database, Usage(), model=model, ended_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    period, seen = Period(date(2026, 3, 1), date(2026, 3, 3)), list[UsageLine]()
    while len(seen) % 2 == 0 and len(seen) < 6:
        last = seen[-1] if seen else None
        after = UsagePosition(last.day, last.user_id, last.model) if last and last.day else None
        seen += await days(database, period, limit=2, after=after)
    assert [(line.day.day, line.model) for line in seen if line.day] == [
        (3, "a"),
        (3, "b"),
        (2, "a"),
        (2, "b"),
        (1, "a"),
        (1, "b"),
    ]
    assert [line.answers for line in seen] == [1, 1, 2, 2, 1, 1]


async def test_users_are_summed_up_over_the_whole_time(database: Database) -> None:
    for user, model, day in ((SECOND, "a", 1), (FIRST, "b", 1), (FIRST, "b", 2), (FIRST, "a", 2), (FIRST, "a", 9)):
        await used(
            database,
            Usage(prompt_tokens=10),
            user=user,
            model=model,
            ended_at=datetime(2026, 3, day, 12, tzinfo=UTC),
        )
    async with database.open() as work:
        period = Period(date(2026, 3, 1), date(2026, 3, 2))
        first = [*await work.usage.by_user(None, period, limit=2, after=None)]
        rest = await work.usage.by_user(None, period, limit=2, after=UsagePosition(date.min, FIRST, "b"))
        assert list(await work.usage.by_user(FIRST, period, limit=9, after=None)) == first
    lines = [(line.user_id, line.model, line.prompt_tokens, line.day) for line in (*first, *rest)]
    assert lines == [(FIRST, "a", 10, None), (FIRST, "b", 20, None), (SECOND, "a", 10, None)]


@pytest.mark.parametrize(("costs", "total"), [((0.5, 0.25), 0.75), ((None, 0.25), None), ((0.5, None), None)])
async def test_the_attempts_at_an_answer_add_up_and_are_one_answer(
    database: Database, costs: tuple[float | None, float | None], total: float | None
) -> None:
    generation = await used(database, Usage(prompt_tokens=10, completion_tokens=1, estimated=True, cost=costs[0]))
    async with database.open() as work:
        await work.usage.add(generation, "other", Usage(prompt_tokens=20, completion_tokens=2, cost=costs[1]))
        await work.commit()
    [line] = await days(database, around(TODAY))
    assert (line.answers, line.model, line.prompt_tokens, line.completion_tokens) == (1, "other", 30, 3)
    assert line.estimated
    assert (None if line.cost is None else float(line.cost)) == total


async def test_it_outlives_the_conversation(database: Database) -> None:
    now = datetime.now(UTC)
    conversation = Conversation(new_id(), FIRST, "", Mode.COMPANY, now, now)
    generation = Generation(new_id(), conversation.id, new_id(), FIRST, (), (), Mode.COMPANY, None, "")
    async with database.open() as work:
        await work.conversations.add(conversation, client_id=None)
        await work.usage.add(generation, "m", Usage())
        await work.conversations.delete(conversation.id)
        await work.commit()
    assert [line.answers for line in await days(database, around(TODAY))] == [1]
