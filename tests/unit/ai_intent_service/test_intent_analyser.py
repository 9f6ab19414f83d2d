"""A model is asked only where it can help, within its budget, and never needed."""

import asyncio
from datetime import timedelta

import pytest

from ai_intent_service.config import AiIntentSettings
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import Turn
from flash_core.testing.ai_fakes import FakeIntent
from flash_core.testing.fakes import FakeCache

HISTORY = [
    Turn(role=Role.USER, content="How many vacation days do I get?"),
    Turn(role=Role.ASSISTANT, content="25 [1]"),
]
FOLLOW_UP = IntentRequest(question="And part-timers?", history=HISTORY)
BY_MODEL = IntentResponse(
    kind=QuestionKind.FOLLOW_UP, standalone_question="How many vacation days do part-timers get?", used_model=True
)


class Hanging(IntentInterface):
    async def analyse(self, request: IntentRequest) -> IntentResponse:
        await asyncio.Event().wait()
        raise AssertionError("never")


async def test_a_first_question_costs_no_call() -> None:
    model = FakeIntent(BY_MODEL)
    await IntentAnalyser(RuleAnalyser(), model, seconds=1).analyse(IntentRequest(question="How do I book travel?"))
    assert model.requests == []


async def test_a_greeting_costs_no_call_either() -> None:
    model = FakeIntent(BY_MODEL)
    await IntentAnalyser(RuleAnalyser(), model, seconds=1).analyse(IntentRequest(question="Thanks!", history=HISTORY))
    assert model.requests == []


async def test_a_follow_up_is_given_to_the_model() -> None:
    assert await IntentAnalyser(RuleAnalyser(), FakeIntent(BY_MODEL), seconds=1).analyse(FOLLOW_UP) == BY_MODEL


@pytest.mark.parametrize("model", [None, FakeIntent(error=UpstreamUnavailableError("away")), Hanging()])
async def test_without_the_model_the_rules_count(model: IntentInterface | None) -> None:
    answer = await IntentAnalyser(RuleAnalyser(), model, seconds=0.01).analyse(FOLLOW_UP)
    assert answer.kind is QuestionKind.FOLLOW_UP
    assert not answer.used_model
    assert "vacation days" in answer.standalone_question


async def test_the_same_question_in_the_same_conversation_is_understood_once() -> None:
    model, cache = FakeIntent(BY_MODEL), FakeCache()
    cached = CachedIntent(model, cache, version="v1")
    assert await cached.analyse(FOLLOW_UP) == await cached.analyse(FOLLOW_UP) == BY_MODEL
    assert len(model.requests) == 1
    await cached.analyse(IntentRequest(question="And part-timers?"))
    await CachedIntent(model, cache, version="v2").analyse(FOLLOW_UP)
    assert len(model.requests) == 3
    assert set(cache.times_to_live.values()) == {int(timedelta(minutes=30).total_seconds())}


async def test_an_entry_of_another_version_is_understood_anew() -> None:
    model, cache = FakeIntent(BY_MODEL), FakeCache()
    cached = CachedIntent(model, cache, version="v1")
    await cached.analyse(FOLLOW_UP)
    cache.values = dict.fromkeys(cache.values, b"{}")
    assert await cached.analyse(FOLLOW_UP) == BY_MODEL
    assert len(model.requests) == 2


@pytest.mark.parametrize(
    ("values", "uses"),
    [
        ({}, False),
        ({"ai_intent_model": "m"}, False),
        ({"ai_provider": "openai, extractive", "ai_intent_model": "m"}, True),
        ({"ai_provider": "openai"}, False),
    ],
)
def test_a_model_is_used_where_it_is_set_up(values: dict[str, str], *, uses: bool) -> None:
    assert AiIntentSettings(internal_key="k" * 32, **values).uses_model is uses  # type: ignore[arg-type]  # pydantic coerces
