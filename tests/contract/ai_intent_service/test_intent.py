"""Every analyser keeps the promise of `IntentInterface`."""

import json
from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from ai_intent_service.composition import PROMPT, read_prompt
from ai_intent_service.providers.openai_analyser import OpenAIAnalyser
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.interfaces.intent import IntentInterface
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, QuestionKind
from flash_core.schemas.chat import Turn
from flash_core.testing.ai_fakes import FakeIntent
from flash_core.testing.fakes import FakeCache
from flash_core.testing.model_server import running_model_server

QUESTION = "How many vacation days do part-timers get?"
UNDERSTOOD = {"kind": "documentation", "standalone_question": QUESTION, "language": "en", "entities": []}


@pytest.fixture(params=["fake", "rules", "analyser", "cached", "openai"])
async def intent(request: pytest.FixtureRequest) -> AsyncIterator[IntentInterface]:
    if request.param == "openai":
        async with running_model_server() as server, AsyncOpenAI(base_url=server.base_url, api_key="k") as client:
            server.behave(text=json.dumps(UNDERSTOOD))
            yield OpenAIAnalyser(client, "test-model", read_prompt(PROMPT))
        return
    made = {
        "fake": FakeIntent(),
        "rules": RuleAnalyser(),
        "analyser": IntentAnalyser(RuleAnalyser(), None, seconds=1),
        "cached": CachedIntent(RuleAnalyser(), FakeCache(), version="v1"),
    }
    yield made[request.param]


async def test_a_plain_question_is_for_the_documentation_and_stands_alone(intent: IntentInterface) -> None:
    answer = await intent.analyse(IntentRequest(question=QUESTION))
    assert (answer.kind, answer.standalone_question) == (QuestionKind.DOCUMENTATION, QUESTION)
    assert answer.language == "en"


async def test_the_same_request_is_understood_in_the_same_way(intent: IntentInterface) -> None:
    request = IntentRequest(question=QUESTION, history=[Turn(role=Role.USER, content="Hello")])
    assert await intent.analyse(request) == await intent.analyse(request)
