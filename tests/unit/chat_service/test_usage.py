"""Who may see what was used, and for which days."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chat_service.interfaces import Period
from chat_service.services.usage import UsageReport
from flash_core.errors import ForbiddenError, InvalidInputError
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import FinishRequest, ReleaseRequest, Usage, WrittenAnswer
from flash_core.testing.fakes import FrozenClock
from tests.unit.chat_service.fakes import FakeChatDatabase
from tests.unit.chat_service.people import ALICE, BOB
from tests.unit.chat_service.world import World

NOW = datetime(2026, 3, 31, 23, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def report() -> UsageReport:
    clock = FrozenClock(NOW)
    return UsageReport(FakeChatDatabase(clock), clock)


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        (None, None, Period(date(2026, 3, 2), TODAY)),
        (date(2026, 1, 1), None, Period(date(2026, 1, 1), TODAY)),
        (None, date(2026, 1, 31), Period(date(2026, 1, 2), date(2026, 1, 31))),
        (TODAY, TODAY, Period(TODAY, TODAY)),
        (TODAY - timedelta(days=365), TODAY, Period(TODAY - timedelta(days=365), TODAY)),
    ],
)
def test_the_usual_period_is_the_last_thirty_days(
    report: UsageReport, first: date | None, last: date | None, period: Period
) -> None:
    assert report.period(first, last) == period


@pytest.mark.parametrize("first", [TODAY + timedelta(days=1), TODAY - timedelta(days=366)])
def test_a_period_goes_forwards_and_is_a_year_at_most(report: UsageReport, first: date) -> None:
    with pytest.raises(InvalidInputError) as caught:
        report.period(first, TODAY)
    assert [one.field for one in caught.value.errors] == ["from"]


async def test_others_usage_is_for_administrators(report: UsageReport) -> None:
    period = report.period(None, None)
    for user in (None, ALICE.user_id):
        assert await report.by_day(ALICE, user, period, limit=9, after=None) == []
    with pytest.raises(ForbiddenError):
        await report.by_day(ALICE, BOB.user_id, period, limit=9, after=None)
    with pytest.raises(ForbiddenError):
        await report.by_user(ALICE, None, period, limit=9, after=None)
    assert await report.by_day(BOB, ALICE.user_id, period, limit=9, after=None) == []
    assert await report.by_user(BOB, None, period, limit=9, after=None) == []


@pytest.mark.parametrize("state", [GenerationState.DONE, GenerationState.CANCELLED, GenerationState.FAILED])
async def test_whatever_ends_with_a_model_s_work_is_counted(state: GenerationState) -> None:
    world = World()
    by_model = WrittenAnswer(content="", model="m", usage=Usage(prompt_tokens=5, completion_tokens=2))
    for written in (by_model, WrittenAnswer(content="Hello!")):
        asked = await world.ask()
        work = await world.generations.claim(asked.answer_id, "worker")
        outcome = FinishRequest(attempt=work.attempt, state=state, answer=written)
        await world.generations.finish(asked.answer_id, outcome)
        await world.generations.finish(asked.answer_id, outcome)
    rows = world.database.tables.usage.values()
    assert [(row.user_id, row.model, row.usage.prompt_tokens) for row in rows] == [(ALICE.user_id, "m", 5)]


async def test_what_a_given_back_attempt_has_used_is_paid_for() -> None:
    world = World()
    asked = await world.ask()
    work = await world.generations.claim(asked.answer_id, "worker")
    spent = Usage(prompt_tokens=5, completion_tokens=2)
    await world.generations.release(asked.answer_id, ReleaseRequest(attempt=work.attempt, model="m", usage=spent))
    work = await world.generations.claim(asked.answer_id, "worker")
    written = WrittenAnswer(content="Yes.", model="m", usage=spent)
    outcome = FinishRequest(attempt=work.attempt, state=GenerationState.DONE, answer=written)
    await world.generations.finish(asked.answer_id, outcome)
    [row] = world.database.tables.usage.values()
    assert (row.usage.prompt_tokens, row.usage.completion_tokens) == (10, 4)
