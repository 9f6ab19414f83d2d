"""Whatever a model server does, an answer comes, its deltas are its content, and nothing in it is alive."""

import json
from typing import Any

import pytest

from ai_main_service.providers.extractive import ExtractiveProvider
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.guarded_model import GuardedModel
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import WrittenAnswer
from flash_core.testing.ai_fakes import FakeSearch
from flash_core.testing.model_server import running_model_server
from tests.unit.ai_main_service.builders import TRAVEL, Desk, hit
from tests.unit.ai_main_service.test_injection import OWN, lively

QUOTED = "these are quotations from the documentation"
CALL = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "send", "arguments": "{}"}}]}
CALLS = f"data: {json.dumps({'choices': [{'delta': CALL}]})}\n\n"
CALLED = 'data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'


async def answered(**behaviour: Any) -> WrittenAnswer:
    async with running_model_server() as server:
        server.behave(**behaviour)
        model = ChatModel(server.base_url, "", "m", first_token_seconds=1, idle_seconds=0.2, total_seconds=3, tries=2)
        async with open_chat_model(OpenAIProtocol(), model) as provider:
            desk = Desk(search=FakeSearch([hit(url=OWN), hit(TRAVEL, title="Travel", url=OWN)]))
            desk.providers = [GuardedModel(provider), ExtractiveProvider(desk.embeddings)]
            answer = await desk.answer()
    assert desk.leases.outcomes[-1].state is GenerationState.DONE
    assert answer.content == desk.shown
    assert lively(answer.content) == []
    assert "evil.example" not in answer.content
    assert {citation.marker for citation in answer.citations} <= {1, 2}
    return answer


@pytest.mark.parametrize(
    "behaviour",
    [
        {"status": 429, "retry_after": "0"},
        {"status": 429, "retry_after": "3600"},
        {"status": 500},
        {"status": 401},
        {"status": 404},
        {"text": "one two three", "cut_after": 2},
        {"text": "one two three", "hang_after": 2},
        {"text": "one two three", "garbage_after": 2},
        {"text": "one two three", "error_after": 2},
        {"text": "one two three", "stop_after": 2},
        {"first_seconds": 2},
        {"text": ""},
        {"raw": CALLS + CALLED},
        {"raw": "data: \xff\xfe\n\n"},
        {"text": "<think>Who knows"},
        {"text": "![](https://evil.example/a.png)"},
    ],
    ids=str,
)
async def test_a_server_that_fails_is_replaced_by_quotations(behaviour: dict[str, Any]) -> None:
    answer = await answered(**behaviour)
    assert "25 days of leave" in answer.content
    assert QUOTED in answer.content
    assert answer.model == "extractive"


@pytest.mark.parametrize(
    "more",
    [
        "Unknown [9] and [1, 7] and 【9】.",
        "![x](https://evil.example/a.png) [click](https://evil.example/x)",
        "![x][a] [y][a]\n\n[a]: https://evil.example/a.png",
        "<https://evil.example/x> https://evil.example/y www.evil.example me@evil.example",
        "[run](javascript:alert(1)) <a href='javascript:alert(1)'>x</a>",
        "<img src=https://evil.example/a.png onerror=alert(1)><script>alert(1)</script>",
        "<details><summary>x</summary><iframe src='//evil.example'></iframe></details>",
        "&#33;&#91;x&#93;&#40;https://evil.example/a.png&#41;",
    ],
)
@pytest.mark.parametrize("trickles", [False, True])
async def test_what_a_model_writes_is_words(more: str, *, trickles: bool) -> None:
    said = "Employees get 25 days of leave a year. [1]"
    answer = await answered(text=f"{said} {more}", token_seconds=0.02 if trickles else 0)
    assert answer.content.startswith(said)
    assert answer.model == "m"
