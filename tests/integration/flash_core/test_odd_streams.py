"""What servers send that the protocol does not know: nothing, null, thoughts, bytes of another encoding."""

from collections.abc import AsyncIterator

import pytest

from flash_core.clients.chat_model import ChatModel, ChatModelProvider, open_chat_model
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.ai_provider import ChatTurn, Finished, TextPiece, WritingRequest
from flash_core.testing.model_server import ModelServer, running_model_server

END = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = "data: [DONE]\n\n"


def said(content: str) -> str:
    return f'data: {{"choices":[{{"index":0,"delta":{{"content":"{content}"}}}}]}}\n\n'


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as server:
        yield server


@pytest.fixture
async def provider(server: ModelServer) -> AsyncIterator[ChatModelProvider]:
    model = ChatModel(server.base_url, "", "test-model", first_token_seconds=2, idle_seconds=0.5, tries=1)
    async with open_chat_model(OpenAIProtocol(), model) as provider:
        yield provider


async def written(provider: ChatModelProvider, request: WritingRequest | None = None) -> tuple[str, Finished]:
    asked = request or WritingRequest("Hi?", [ChatTurn("user", "Hi?")])
    items = [item async for item in provider.stream(asked)]
    assert isinstance(items[-1], Finished)
    return "".join(item.text for item in items if isinstance(item, TextPiece)), items[-1]


@pytest.mark.parametrize(
    "raw",
    [
        said("Hi.") + "data:\n\ndata: \n\n: a comment\n\n" + END + DONE,
        'data: {"choices":[{"delta":null}]}\n\n' + said("Hi.") + END + DONE,
        'data: {"choices":null,"model":null,"usage":null}\n\n' + said("Hi.") + END + DONE,
        said("Hi.") + END + 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":null}}\n\n' + DONE,
        said("Hi.") + END + 'data: {"choices":[],"usage":{"completion_tokens":"?"}}\n\n' + DONE,
        said("Hi.") + END + "data: \xff\xfe\n\n" + DONE,
        said("Hi.") + END,
        said("Hi.") + DONE,
        said("Hi.") + END + "data: {nonsense",
        'data: {"error":null,"choices":[]}\n\n' + said("Hi.") + END + DONE,
        said("Hi.").replace("\n", "\r\n") + END + DONE,
    ],
)
async def test_what_means_nothing_is_passed_over(server: ModelServer, provider: ChatModelProvider, raw: str) -> None:
    server.behave(raw=raw)
    assert (await written(provider))[0] == "Hi."


@pytest.mark.parametrize(
    "raw",
    [
        said("Hi") + "data: \xff\xfe\n\n",
        said("Hi") + 'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n',
        said("Hi") + 'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n' + END + DONE,
        "data: " + "[" * 100_000 + "\n\n",
        'data: {"error":"out of memory"}\n\n' + DONE,
        "<html>Bad gateway</html>",
        "",
    ],
)
async def test_what_can_not_be_read_is_the_server_s_failure(
    server: ModelServer, provider: ChatModelProvider, raw: str
) -> None:
    server.behave(raw=raw)
    with pytest.raises(UpstreamUnavailableError):
        await written(provider)


@pytest.mark.parametrize(
    "raw",
    [
        END + DONE,
        'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}\n\n'
        'data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\n\n' + DONE,
        'data: {"choices":[{"delta":{"reasoning_content":"Hm"},"finish_reason":"length"}]}\n\n' + DONE,
        said("<think>never ") + said("ending") + 'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\n' + DONE,
        said("<think>Hm</think>\\n\\n") + END + DONE,
    ],
    ids=["nothing", "a tool call", "reasoning", "an endless thought", "a thought"],
)
async def test_a_reply_without_text_is_no_answer_and_is_not_asked_for_again(
    server: ModelServer, provider: ChatModelProvider, raw: str
) -> None:
    server.behave(raw=raw)
    with pytest.raises(UpstreamUnavailableError, match="no text"):
        await written(provider)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>Is it 25?</think>It is 25.", "It is 25."),
        ("\n<think>\nIs it 25? <b>1</b>\n</think>\n\nIt is 25.", "It is 25."),
        ("<Thinking>a</Thinking><reasoning>b</reasoning> It is.", "It is."),
        ("<think></think>It is.", "It is."),
        ("It is <think>not</think>.", "It is <think>not</think>."),
        ("<thin", "<thin"),
        ("<b>It</b>", "<b>It</b>"),
        ("</think> It is.", "</think> It is."),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
async def test_thoughts_are_no_text(
    server: ModelServer, provider: ChatModelProvider, text: str, shown: str, size: int
) -> None:
    pieces = [text[at : at + size].replace("\n", "\\n") for at in range(0, len(text), size)]
    server.behave(raw="".join(map(said, pieces)) + END + DONE)
    assert (await written(provider))[0] == shown


async def test_thoughts_are_paid_for(server: ModelServer, provider: ChatModelProvider) -> None:
    request = WritingRequest("Hi?", [ChatTurn("user", "Hi?")])
    server.behave(raw=said("<think>" + "x" * 400 + "</think>It is.") + END + DONE)
    assert (await written(provider, request))[0] == "It is."
    assert request.calls[0].estimated
    assert request.calls[0].completion_tokens > 100


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_why_the_model_stopped_is_told(server: ModelServer, provider: ChatModelProvider, reason: str) -> None:
    server.behave(text="It is", reason=reason)
    assert (await written(provider))[1].details["finish_reason"] == reason


async def test_a_pause_until_the_end_of_time_is_not_waited_for(
    server: ModelServer, provider: ChatModelProvider
) -> None:
    server.behave(status=429, retry_after="Wed, 21 Oct 99999999999 07:28:00 GMT")
    with pytest.raises(UpstreamUnavailableError, match="429"):
        await written(provider)
