"""Understanding by a model: what it returns is validated, what goes wrong is a clear error."""

import json
from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from ai_intent_service.providers.openai_analyser import OpenAIAnalyser
from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, QuestionKind
from flash_core.schemas.chat import Turn
from flash_core.testing.model_server import ModelServer, running_model_server

REQUEST = IntentRequest(question="And part-timers?", history=[Turn(role=Role.USER, content="Vacation days? " * 500)])
GOOD = {
    "kind": "follow_up",
    "standalone_question": "How many vacation days do part-timers get?",
    "language": "en",
    "entities": ["HR"],
}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as server:
        yield server


@pytest.fixture
async def analyser(server: ModelServer) -> AsyncIterator[OpenAIAnalyser]:
    async with AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0, timeout=1) as client:
        yield OpenAIAnalyser(client, "small", "Prompt.")


async def test_what_the_model_returns_is_the_understanding(server: ModelServer, analyser: OpenAIAnalyser) -> None:
    server.behave(text=json.dumps(GOOD))
    answer = await analyser.analyse(REQUEST)
    assert (answer.kind, answer.used_model, answer.entities) == (QuestionKind.FOLLOW_UP, True, ["HR"])
    assert answer.standalone_question == GOOD["standalone_question"]


async def test_the_conversation_goes_along_as_data_and_bounded(server: ModelServer, analyser: OpenAIAnalyser) -> None:
    server.behave(text=json.dumps(GOOD))
    await analyser.analyse(REQUEST)
    [body] = server.requests
    sent = json.loads(body["messages"][1]["content"])
    assert body["messages"][0] == {"role": "system", "content": "Prompt."}
    assert sent["question"] == "And part-timers?"
    assert len(sent["conversation"][0]["content"]) == 1_000
    assert body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "{}",
        json.dumps(GOOD | {"standalone_question": " "}),
        json.dumps(GOOD | {"kind": "other"}),
        json.dumps(GOOD | {"extra": 1}),
        json.dumps(GOOD | {"language": "English"}),
    ],
)
async def test_anything_else_is_not_believed(server: ModelServer, analyser: OpenAIAnalyser, text: str) -> None:
    server.behave(text=text)
    with pytest.raises(UpstreamUnavailableError):
        await analyser.analyse(REQUEST)


@pytest.mark.parametrize("status", [429, 500])
async def test_a_server_in_trouble_may_recover(server: ModelServer, analyser: OpenAIAnalyser, status: int) -> None:
    server.behave(status=status)
    with pytest.raises(UpstreamUnavailableError):
        await analyser.analyse(REQUEST)


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_server_that_refuses_does_not(server: ModelServer, analyser: OpenAIAnalyser, status: int) -> None:
    server.behave(status=status)
    with pytest.raises(UpstreamRejectedError, match="AI_INTENT_MODEL"):
        await analyser.analyse(REQUEST)
