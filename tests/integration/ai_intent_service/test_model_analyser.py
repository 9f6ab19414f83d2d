"""Understanding by a model: what it returns is validated, what goes wrong is a clear error."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from ai_intent_service.providers.model_analyser import ModelAnalyser
from flash_core.clients.anthropic_chat import AnthropicProtocol
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, QuestionKind
from flash_core.schemas.chat import Fact, Turn
from flash_core.schemas.search import SearchFilters
from flash_core.testing.fakes import FrozenClock
from flash_core.testing.model_server import ModelServer, running_model_server
from flash_core.utils.ids import new_id

CLOCK = FrozenClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
REQUEST = IntentRequest(
    question="And part-timers?",
    history=[Turn(role=Role.USER, content="Vacation days? " * 500), Turn(role=Role.ASSISTANT, content="25 [1]")],
    facts=[Fact(question="How many?", statement="Full-timers get 25.", document_ids=[new_id()], titles=["Leave"])],
)
GOOD = {
    "kind": "follow_up",
    "standalone_question": "How many vacation days do part-timers get?",
    "language": "en",
    "entities": ["HR"],
    "source_names": ["HR wiki"],
    "updated_after": "2026-03-01",
}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as server:
        yield server


@pytest.fixture
async def analyser(server: ModelServer) -> AsyncIterator[ModelAnalyser]:
    model = ChatModel(base_url=server.base_url, api_key="k", model="small", tries=1)
    async with open_chat_model(OpenAIProtocol(), model) as provider:
        yield ModelAnalyser(provider, "Prompt.", CLOCK)


@pytest.fixture
async def by_anthropic(server: ModelServer) -> AsyncIterator[ModelAnalyser]:
    model = ChatModel(base_url=server.root_url, api_key="k", model="small", tries=1)
    async with open_chat_model(AnthropicProtocol(), model) as provider:
        yield ModelAnalyser(provider, "Prompt.", CLOCK)


async def test_what_the_model_returns_is_the_understanding(server: ModelServer, analyser: ModelAnalyser) -> None:
    server.behave(text=json.dumps(GOOD))
    answer = await analyser.analyse(REQUEST)
    assert (answer.kind, answer.entities) == (QuestionKind.FOLLOW_UP, ["HR"])
    assert answer.standalone_question == GOOD["standalone_question"]
    assert answer.filters == SearchFilters(source_names=["HR wiki"], updated_after=datetime(2026, 3, 1, tzinfo=UTC))


async def test_what_the_call_has_used_is_told(server: ModelServer, analyser: ModelAnalyser) -> None:
    server.behave(text=json.dumps(GOOD))
    [call] = (await analyser.analyse(REQUEST)).calls
    assert (call.asked, call.model, call.prompt_tokens) == ("small", "small", 100)
    assert call.completion_tokens > 0
    assert not call.estimated


async def test_what_the_server_does_not_count_is_estimated(server: ModelServer, analyser: ModelAnalyser) -> None:
    server.behave(text=json.dumps(GOOD), usage=False)
    [call] = (await analyser.analyse(REQUEST)).calls
    assert call.estimated
    assert call.completion_tokens > 0


async def test_a_server_that_knows_no_schemas_is_asked_without(server: ModelServer, analyser: ModelAnalyser) -> None:
    server.behave(text=json.dumps(GOOD), refuses="response_format")
    for _ in range(2):
        assert (await analyser.analyse(REQUEST)).entities == ["HR"]
    assert ["response_format" in body for body in server.requests] == [True, False, False]


async def test_anthropic_has_the_prompt_to_go_by_and_may_put_a_fence_around_it(
    server: ModelServer, by_anthropic: ModelAnalyser
) -> None:
    server.behave(text=f"```json\n{json.dumps(GOOD)}\n```")
    answer = await by_anthropic.analyse(REQUEST)
    assert answer.standalone_question == GOOD["standalone_question"]
    [body] = server.requests
    assert body["system"] == "Prompt."
    assert "response_format" not in body


@pytest.mark.parametrize("since", [None, "2027-01-01"])
async def test_a_filter_that_is_not_said_or_would_hide_everything_is_none(
    server: ModelServer, analyser: ModelAnalyser, since: str | None
) -> None:
    server.behave(text=json.dumps(GOOD | {"source_names": [], "updated_after": since}))
    assert (await analyser.analyse(REQUEST)).filters is None


async def test_the_conversation_goes_along_as_data_and_bounded(server: ModelServer, analyser: ModelAnalyser) -> None:
    server.behave(text=json.dumps(GOOD))
    await analyser.analyse(REQUEST)
    [body] = server.requests
    sent = json.loads(body["messages"][1]["content"])
    assert body["messages"][0] == {"role": "system", "content": "Prompt."}
    assert sent["question"] == "And part-timers?"
    assert sent["today"] == "2026-11-23"
    assert [len(question) for question in sent["earlier_questions"]] == [500]
    assert sent["established"] == [{"question": "How many?", "answer": "Full-timers get 25."}]
    assert "25 [1]" not in body["messages"][1]["content"]
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
        json.dumps(GOOD | {"source_names": ["x" * 81]}),
        json.dumps(GOOD | {"source_names": ["a", "b", "c", "d"]}),
        json.dumps(GOOD | {"updated_after": "March"}),
    ],
)
async def test_anything_else_is_not_believed(server: ModelServer, analyser: ModelAnalyser, text: str) -> None:
    server.behave(text=text)
    with pytest.raises(UpstreamUnavailableError):
        await analyser.analyse(REQUEST)


@pytest.mark.parametrize("status", [429, 500])
async def test_a_server_in_trouble_may_recover(server: ModelServer, analyser: ModelAnalyser, status: int) -> None:
    server.behave(status=status)
    with pytest.raises(UpstreamUnavailableError):
        await analyser.analyse(REQUEST)


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_server_that_refuses_does_not(server: ModelServer, analyser: ModelAnalyser, status: int) -> None:
    server.behave(status=status)
    with pytest.raises(UpstreamRejectedError, match="AI_INTENT_MODEL"):
        await analyser.analyse(REQUEST)
