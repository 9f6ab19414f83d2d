"""Every analyser keeps the promise of `IntentInterface`."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from ai_intent_service.composition import EXEMPLARS, PROMPT, read_exemplars, read_prompt
from ai_intent_service.providers.bounded import BoundedIntent
from ai_intent_service.providers.model_analyser import ModelAnalyser
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.meaning_analyser import MeaningAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.clients.breaker import CircuitBreaker
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, QuestionKind
from flash_core.schemas.chat import Turn
from flash_core.testing.ai_fakes import FakeIntent
from flash_core.testing.fakes import FakeCache, FakeEmbeddingProvider, FrozenClock
from flash_core.testing.model_server import running_model_server

QUESTION = "How many vacation days do part-timers get?"
UNDERSTOOD: dict[str, object] = {
    "kind": "documentation",
    "standalone_question": QUESTION,
    "language": "en",
    "entities": [],
} | {
    "source_names": [],
    "updated_after": None,
}
CLOCK = FrozenClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
RULES = RuleAnalyser(CLOCK)
MEANING = MeaningAnalyser(FakeEmbeddingProvider(), read_exemplars(EXEMPLARS), CLOCK)


@pytest.fixture(params=["fake", "rules", "meaning", "bounded", "analyser", "cached", "model"])
async def intent(request: pytest.FixtureRequest) -> AsyncIterator[IntentInterface]:
    if request.param == "model":
        async with running_model_server() as server:
            server.behave(text=json.dumps(UNDERSTOOD))
            model = ChatModel(base_url=server.base_url, api_key="k", model="test-model")
            async with open_chat_model(OpenAIProtocol(), model) as provider:
                yield ModelAnalyser(provider, read_prompt(PROMPT), CLOCK)
        return
    made = {
        "fake": FakeIntent(),
        "rules": RULES,
        "meaning": MEANING,
        "bounded": BoundedIntent(RULES, CircuitBreaker("rules"), seconds=1),
        "analyser": IntentAnalyser(RULES, MEANING, None),
        "cached": CachedIntent(RULES, FakeCache(), CLOCK, version=lambda: "v1"),
    }
    await MEANING.prepare()
    yield made[request.param]


async def test_a_plain_question_is_for_the_documentation_and_stands_alone(intent: IntentInterface) -> None:
    answer = await intent.analyse(IntentRequest(question=QUESTION))
    assert (answer.kind, answer.standalone_question) == (QuestionKind.DOCUMENTATION, QUESTION)
    assert answer.language == "en"


async def test_the_same_request_is_understood_in_the_same_way(intent: IntentInterface) -> None:
    request = IntentRequest(question=QUESTION, history=[Turn(role=Role.USER, content="Hello")])
    assert await intent.analyse(request) == await intent.analyse(request)
