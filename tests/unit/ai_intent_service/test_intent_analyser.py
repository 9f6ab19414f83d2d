"""Vectors and a model are asked only where they can help, within their time, and never needed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ai_intent_service.composition import seconds_to_answer
from ai_intent_service.config import AiIntentSettings
from ai_intent_service.providers.bounded import BoundedIntent
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.clients.breaker import CircuitBreaker
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import Fact, Turn
from flash_core.schemas.search import SearchFilters
from flash_core.testing.ai_fakes import FakeIntent
from flash_core.testing.fakes import FakeCache, FrozenClock
from flash_core.utils.ids import new_id
from flash_core.utils.packing import packed

HISTORY = [
    Turn(role=Role.USER, content="How many vacation days do I get?"),
    Turn(role=Role.ASSISTANT, content="25 [1]"),
]
FOLLOW_UP = IntentRequest(question="And part-timers?", history=HISTORY)
FACT = Fact(question="How many?", statement="Part-timers get 12.", document_ids=[new_id()], titles=["Leave"])
BY_MODEL = IntentResponse(kind=QuestionKind.FOLLOW_UP, standalone_question="How many vacation days do part-timers get?")


CLOCK = FrozenClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
RULES = RuleAnalyser(CLOCK)
AWAY = UpstreamUnavailableError("away")


class Hanging(IntentInterface):
    """Never answers; counts who asked."""

    asked = 0

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError("never")


def analyser(model: IntentInterface | None, meaning: IntentInterface = RULES) -> IntentAnalyser:
    return IntentAnalyser(RULES, meaning, model)


@pytest.mark.parametrize(
    "request_",
    [
        IntentRequest(question="How do I book travel?"),
        IntentRequest(question="Thanks!", history=HISTORY),
        IntentRequest(question="Which chapter explains the architecture of the billing service?", history=HISTORY),
    ],
)
async def test_what_stands_alone_costs_no_call_of_the_model(request_: IntentRequest) -> None:
    model = FakeIntent(BY_MODEL)
    await analyser(model).analyse(request_)
    assert model.requests == []


async def test_a_greeting_costs_no_vectors_either() -> None:
    meaning = FakeIntent(BY_MODEL)
    await analyser(None, meaning).analyse(IntentRequest(question="Thanks!"))
    assert meaning.requests == []


async def test_a_follow_up_is_given_to_the_model() -> None:
    assert await analyser(FakeIntent(BY_MODEL)).analyse(FOLLOW_UP) == BY_MODEL


async def test_what_may_lean_on_the_conversation_is_given_to_the_model_too() -> None:
    model = FakeIntent(BY_MODEL)
    await analyser(model).analyse(IntentRequest(question="Does a standing desk count?", history=HISTORY))
    assert len(model.requests) == 1


async def test_what_the_question_says_to_look_in_holds_when_the_model_does_not_see_it() -> None:
    question = IntentRequest(question="And part-timers, in the HR wiki?", history=HISTORY)
    answer = await analyser(FakeIntent(BY_MODEL)).analyse(question)
    assert answer.standalone_question == BY_MODEL.standalone_question
    assert answer.filters == SearchFilters(source_names=["HR wiki"])


async def test_a_name_or_an_identifier_that_the_model_loses_is_sought_all_the_same() -> None:
    question = IntentRequest(question="And what about ERR-4711 for part-timers in the HR wiki?", history=HISTORY)
    answer = await analyser(FakeIntent(BY_MODEL)).analyse(question)
    assert answer.standalone_question == f"{BY_MODEL.standalone_question} (ERR-4711)"
    assert answer.entities == ["ERR-4711"]
    kept = BY_MODEL.model_copy(update={"standalone_question": "What does err-4711 mean for part-timers?"})
    assert await analyser(FakeIntent(kept)).analyse(question) == kept.model_copy(update={"filters": answer.filters})


@pytest.mark.parametrize("model", [None, FakeIntent(error=AWAY)])
async def test_without_the_model_the_rules_count(model: IntentInterface | None) -> None:
    answer = await analyser(model, FakeIntent(error=AWAY)).analyse(FOLLOW_UP)
    assert answer.kind is QuestionKind.FOLLOW_UP
    assert "vacation days" in answer.standalone_question


async def test_an_analyser_that_hangs_costs_its_part_of_the_time_and_after_some_questions_nothing() -> None:
    hanging = Hanging()
    bounded = BoundedIntent(hanging, CircuitBreaker("model", threshold=2, open_seconds=60), seconds=0.01)
    for _ in range(3):
        with pytest.raises(UpstreamUnavailableError):
            await bounded.analyse(FOLLOW_UP)
    assert hanging.asked == 2


async def test_the_same_question_in_the_same_conversation_is_understood_once() -> None:
    model, cache = FakeIntent(BY_MODEL), FakeCache()
    cached = CachedIntent(model, cache, CLOCK, version=lambda: "v1")
    assert await cached.analyse(FOLLOW_UP) == await cached.analyse(FOLLOW_UP) == BY_MODEL
    assert len(model.requests) == 1
    await cached.analyse(IntentRequest(question="And part-timers?"))
    await CachedIntent(model, cache, CLOCK, version=lambda: "v2").analyse(FOLLOW_UP)
    await cached.analyse(FOLLOW_UP.model_copy(update={"facts": [FACT]}))
    assert len(model.requests) == 4
    assert set(cache.times_to_live.values()) == {int(timedelta(minutes=30).total_seconds())}


async def test_the_same_words_mean_another_day_tomorrow() -> None:
    model, clock = FakeIntent(BY_MODEL), FrozenClock(datetime(2026, 11, 23, 23, tzinfo=UTC))
    cached = CachedIntent(model, FakeCache(), clock, version=lambda: "v1")
    for hours in (0, 2, 1):
        clock.advance(hours=hours)
        await cached.analyse(FOLLOW_UP)
    assert len(model.requests) == 2


async def test_an_entry_of_another_version_is_understood_anew() -> None:
    model, cache = FakeIntent(BY_MODEL), FakeCache()
    cached = CachedIntent(model, cache, CLOCK, version=lambda: "v1")
    await cached.analyse(FOLLOW_UP)
    cache.values = dict.fromkeys(cache.values, packed(FOLLOW_UP))
    assert await cached.analyse(FOLLOW_UP) == BY_MODEL
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    ("values", "provider"),
    [
        ({}, None),
        ({"ai_intent_model": "m"}, None),
        ({"ai_provider": "openai, extractive", "ai_intent_model": "m"}, "openai"),
        ({"ai_provider": "anthropic", "ai_intent_model": "m"}, "anthropic"),
        ({"ai_provider": "anthropic,openai", "ai_intent_model": "m"}, "openai"),
        ({"ai_provider": "openai"}, None),
    ],
)
def test_a_model_is_used_where_it_is_set_up(values: dict[str, str], provider: str | None) -> None:
    assert AiIntentSettings(internal_key="k" * 32, **values).model_provider == provider  # type: ignore[arg-type]  # pydantic coerces


@pytest.mark.parametrize(("budget", "seconds"), [(0.3, 0.24), (2.0, 1.9)])
def test_vectors_and_a_model_each_have_nearly_the_whole_budget(budget: float, seconds: float) -> None:
    assert seconds_to_answer(budget) == pytest.approx(seconds)


class Meeting(FakeIntent):
    """Answers once the other has been asked, too: alone it would wait for ever."""

    def __init__(self, answer: IntentResponse, asked: asyncio.Event, other: asyncio.Event) -> None:
        super().__init__(answer)
        self._asked = asked
        self._other = other

    async def analyse(self, request: IntentRequest) -> IntentResponse:
        self._asked.set()
        await self._other.wait()
        return await super().analyse(request)


async def test_the_model_and_the_vectors_work_side_by_side() -> None:
    first, second = asyncio.Event(), asyncio.Event()
    by_meaning = await RULES.analyse(FOLLOW_UP)
    both = analyser(Meeting(BY_MODEL, first, second), Meeting(by_meaning, second, first))
    async with asyncio.timeout(5):
        assert await both.analyse(FOLLOW_UP) == BY_MODEL


async def test_nobody_waits_for_the_model_where_meaning_sees_no_question() -> None:
    greeting = IntentResponse(kind=QuestionKind.GREETING, standalone_question="And part-timers?")
    async with asyncio.timeout(5):
        assert await analyser(Hanging(), FakeIntent(greeting)).analyse(FOLLOW_UP) == greeting


async def test_a_model_that_is_late_leaves_what_rules_and_vectors_have_ready() -> None:
    late = BoundedIntent(Hanging(), CircuitBreaker("model"), seconds=0.01)
    assert await analyser(late).analyse(FOLLOW_UP) == await RULES.analyse(FOLLOW_UP)
