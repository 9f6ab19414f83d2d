"""When sources are looked at without anybody asking."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flash_core.errors import FieldError, InvalidInputError, UpstreamUnavailableError
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from flash_core.testing.fakes import FrozenClock
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import Job, Source
from indexing_service.services.connections import Providers
from indexing_service.services.scheduled_syncs import ScheduledSyncs
from indexing_service.services.schedules import next_after, understood
from indexing_service.services.sources import NewSource, SourceChanges, SourceManager
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.fakes import FakeDatabase, FakeDocumentRegistry, FakeVault
from tests.unit.indexing_service.world import ADMIN, NOON, job, source, stored

NO_ONE = frozenset[str]()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("15m", "2026-01-01 12:15"),
        ("1h", "2026-01-01 13:00"),
        ("1d", "2026-01-02 12:00"),
        ("30d", "2026-01-31 12:00"),
        ("hourly", "2026-01-01 13:00"),
        ("0 12 * * *", "2026-01-02 12:00"),
        ("*/15 * * * *", "2026-01-01 12:15"),
        ("5/20 11-12 * * *", "2026-01-01 12:05"),
        ("30 2 * * 1-5", "2026-01-02 02:30"),
        ("0 6 * * 0,6", "2026-01-03 06:00"),
        ("0 6 * * 7", "2026-01-04 06:00"),
        ("0 0 13 * 5", "2026-01-02 00:00"),
        ("0 0 13 */2 *", "2026-01-13 00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
    ],
)
def test_a_schedule_names_the_next_moment(schedule: str, expected: str) -> None:
    assert understood(f" {schedule.upper()} ") == schedule
    assert next_after(schedule, NOON) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "schedule",
    [
        "banana", "0m", "-1h", "31d", "1.5h", "5", "m", "90s", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *", "0 0 31 2 *", "1,,2 * * * *", "5\x00m",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused_with_what_one_looks_like(schedule: str) -> None:
    with pytest.raises(InvalidInputError, match="as 5m, 1h or 1d") as refused:
        understood(schedule)
    assert [one.field for one in refused.value.errors] == ["schedule"]
    assert isinstance(refused.value.errors[0], FieldError)


@pytest.mark.parametrize("schedule", [None, "never", "banana"])
def test_without_a_schedule_there_is_no_next_moment(schedule: str | None) -> None:
    assert next_after(schedule, NOON) is None


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def sources(database: FakeDatabase) -> SourceManager:
    providers: Providers = {
        one: FakeProvider() for one in (SourceType.FOLDER, SourceType.CONFLUENCE, SourceType.UPLOAD)
    }
    return SourceManager(
        database.unit_of_work,
        FakeDocumentRegistry(),
        providers,
        FakeVault(),
        FrozenClock(NOON),
        default_schedule="7m",
        restricted_schedule="2m",
    )


@pytest.mark.parametrize(
    ("new", "schedule", "after"),
    [
        (NewSource("folder", "x", {}, NO_ONE), "7m", timedelta(minutes=7)),
        (NewSource("confluence", "x", {}, NO_ONE), "2m", timedelta(minutes=2)),
        (NewSource("confluence", "x", {}, NO_ONE, "1h"), "1h", timedelta(hours=1)),
        (NewSource("folder", "x", {}, NO_ONE, "1h"), "1h", timedelta(hours=1)),
        (NewSource("folder", "x", {}, NO_ONE, None), None, None),
        (NewSource("upload", "x", {}, NO_ONE, "1h"), None, None),
        (NewSource("upload", "x", {}, NO_ONE), None, None),
    ],
)
async def test_a_source_has_the_usual_schedule_or_its_own(
    sources: SourceManager, new: NewSource, schedule: str | None, after: timedelta | None
) -> None:
    made = await sources.create(new, ADMIN)
    assert (made.schedule, made.next_sync_at) == (schedule, after and NOON + after)
    assert (await sources.get(made.id, ADMIN)).next_sync_at == made.next_sync_at


async def test_a_schedule_is_changed_ended_and_left_as_it_is(sources: SourceManager) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE), ADMIN)
    with pytest.raises(InvalidInputError):
        await sources.update(made.id, SourceChanges(schedule="banana"), ADMIN)
    renamed = await sources.update(made.id, SourceChanges(name="y"), ADMIN)
    assert (renamed.schedule, renamed.next_sync_at) == (made.schedule, made.next_sync_at)
    hourly = await sources.update(made.id, SourceChanges(schedule="1h"), ADMIN)
    assert (hourly.schedule, hourly.next_sync_at) == ("1h", NOON + timedelta(hours=1))
    ended = await sources.update(made.id, SourceChanges(schedule="never"), ADMIN)
    assert (ended.schedule, ended.next_sync_at) == (None, None)
    assert (await sources.update(made.id, SourceChanges(schedule="default"), ADMIN)).schedule == "7m"


async def test_a_sync_that_is_asked_for_puts_the_next_one_off(sources: SourceManager, database: FakeDatabase) -> None:
    made = await sources.create(NewSource("folder", "x", {}, NO_ONE), ADMIN)
    database.state.sources[made.id] = replace(made, next_sync_at=NOON)
    await sources.sync(made.id, full=False)
    assert (await sources.get(made.id, ADMIN)).next_sync_at == NOON + timedelta(minutes=7)


def due(schedule: str | None = "5m", at: datetime | None = NOON) -> Source:
    return replace(source(), schedule=schedule, next_sync_at=at)


def jobs_of(database: FakeDatabase, of: Source) -> list[Job]:
    return [row.job for row in database.state.jobs.values() if row.job.source_id == of.id]


async def test_a_source_is_looked_at_again_when_it_is_due(database: FakeDatabase) -> None:
    now, later, never = due(), due(at=NOON + timedelta(days=10_000)), due(None, None)
    for one in (now, later, never):
        await stored(database.unit_of_work, one)
    syncs = ScheduledSyncs(database.unit_of_work)
    began = database.now()
    assert [await syncs.run_once(), await syncs.run_once()] == [1, 0]
    assert [len(jobs_of(database, one)) for one in (now, later, never)] == [1, 0, 0]
    planned = database.state.sources[now.id].next_sync_at
    assert planned is not None
    assert began <= planned - timedelta(minutes=5) <= database.now()
    assert len(database.events) == 1


async def test_a_source_whose_sync_has_not_ended_is_left_until_it_is_due_again(database: FakeDatabase) -> None:
    one = due()
    first = job(one)
    await stored(database.unit_of_work, one, first)
    syncs = ScheduledSyncs(database.unit_of_work)
    assert await syncs.run_once() == 1
    assert jobs_of(database, one) == [first]
    async with database.unit_of_work() as work:
        await work.jobs.finish(first.id, JobState.SUCCEEDED, JobCounts(), None)
        await work.commit()
    database.later += timedelta(minutes=6)
    await syncs.run_once()
    assert len(jobs_of(database, one)) == 2


async def test_schedules_go_on_after_the_database_was_away(database: FakeDatabase) -> None:
    many = [due() for _ in range(45)]
    for one in many:
        await stored(database.unit_of_work, one)
    database.error = UpstreamUnavailableError("away")
    running = asyncio.create_task(ScheduledSyncs(database.unit_of_work, poll_seconds=0.001).run())
    await asyncio.sleep(0.01)
    database.error = None
    await eventually(all_started(database, many))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def all_started(database: FakeDatabase, sources: list[Source]) -> Callable[[], bool]:
    return lambda: all(len(jobs_of(database, one)) == 1 for one in sources)
