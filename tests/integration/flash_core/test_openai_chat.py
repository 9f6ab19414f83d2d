"""The provider for OpenAI-compatible servers, against a real one that misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from flash_core.clients.openai_chat import ChatModel, OpenAIChatProvider, open_chat_model
from flash_core.errors import FlashError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import ChatTurn, Finished, TextPiece, WritingRequest
from flash_core.testing.model_server import ModelServer, running_model_server
from flash_core.testing.waiting import eventually

REQUEST = WritingRequest("Hi?", [ChatTurn("system", "Rules."), ChatTurn("user", "Hi?")], max_tokens=99, temperature=0.5)
KEY = "sk-very-secret"


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as server:
        yield server


@pytest.fixture
async def provider(server: ModelServer) -> AsyncIterator[OpenAIChatProvider]:
    model = ChatModel(server.base_url, KEY, "test-model", first_token_seconds=2, idle_seconds=0.1, total_seconds=5)
    async with open_chat_model(model) as provider:
        yield provider


async def written(provider: OpenAIChatProvider) -> tuple[str, Finished]:
    items = [item async for item in provider.stream(REQUEST)]
    assert isinstance(items[-1], Finished)
    return "".join(item.text for item in items if isinstance(item, TextPiece)), items[-1]


async def failure(provider: OpenAIChatProvider) -> FlashError:
    with pytest.raises(FlashError) as caught:
        await written(provider)
    assert KEY not in str(caught.value)
    return caught.value


async def test_a_text_is_streamed_with_its_usage(server: ModelServer, provider: OpenAIChatProvider) -> None:
    server.behave(text="Grüße, one two — three.", key=KEY)
    text, finished = await written(provider)
    assert text == "Grüße, one two — three."
    assert finished == Finished("test-model", 100, 5, {"finish_reason": "stop"})


async def test_the_request_says_what_was_asked_for(server: ModelServer, provider: OpenAIChatProvider) -> None:
    await written(provider)
    [body] = server.requests
    assert body["messages"] == [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Hi?"}]
    assert (body["model"], body["stream"], body["max_tokens"], body["temperature"]) == ("test-model", True, 99, 0.5)


@pytest.mark.parametrize("status", [429, 500, 503, 408])
async def test_what_may_pass_is_tried_again(server: ModelServer, provider: OpenAIChatProvider, status: int) -> None:
    server.behave(status=status, retry_after="0", times=1)
    text, _ = await written(provider)
    assert text == "You asked: Hi?"
    assert len(server.requests) == 2


async def test_tries_are_bounded(server: ModelServer) -> None:
    server.behave(status=503)
    async with open_chat_model(ChatModel(server.base_url, "", "m", tries=2)) as provider:
        error = await failure(provider)
    assert isinstance(error, UpstreamUnavailableError)
    assert len(server.requests) == 2


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(
    server: ModelServer, provider: OpenAIChatProvider
) -> None:
    server.behave(status=429, retry_after="60")
    assert (await failure(provider)).retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "OPENAI_API_KEY"),
        (403, "OPENAI_API_KEY"),
        (404, "AI_MAIN_MODEL"),
        (400, "AI_MAIN_MODEL"),
        (422, "AI_MAIN_MODEL"),
        (418, "418"),
    ],
)
async def test_what_will_not_pass_says_what_to_check(
    server: ModelServer, provider: OpenAIChatProvider, status: int, hint: str
) -> None:
    server.behave(status=status)
    error = await failure(provider)
    assert isinstance(error, UpstreamRejectedError)
    assert hint in str(error)
    assert len(server.requests) == 1


async def test_a_server_that_is_not_there(server: ModelServer) -> None:
    async with open_chat_model(ChatModel("http://127.0.0.1:9/v1", KEY, "m", tries=1)) as provider:
        assert isinstance(await failure(provider), UpstreamUnavailableError)
    async with open_chat_model(ChatModel("no address", KEY, "m")) as provider:
        assert isinstance(await failure(provider), UpstreamRejectedError)


async def test_a_server_that_thinks_too_long(server: ModelServer) -> None:
    server.behave(first_seconds=60)
    async with open_chat_model(ChatModel(server.base_url, KEY, "m", first_token_seconds=0.05)) as provider:
        assert "paused" in str(await failure(provider))


async def test_a_server_that_never_answers() -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_chat_model(ChatModel(address, KEY, "m", first_token_seconds=0.05)) as provider:
            assert "did not begin" in str(await failure(provider))
        await left.wait()


async def test_a_line_without_an_end_is_not_collected_for_ever(
    server: ModelServer, provider: OpenAIChatProvider
) -> None:
    server.behave(text="x" * (1 << 21))
    assert "without an end" in str(await failure(provider))


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"hang_after": 2}, "paused"),
        ({"cut_after": 2}, "broke"),
        ({"garbage_after": 2}, "not the chat protocol"),
        ({"stop_after": 2}, "in the middle"),
    ],
)
async def test_a_stream_that_breaks_in_the_middle_is_an_error_and_not_a_short_text(
    server: ModelServer, provider: OpenAIChatProvider, behaviour: dict[str, int], said: str
) -> None:
    server.behave(text="one two three four", token_seconds=0.01, **behaviour)
    items: list[object] = []
    with pytest.raises(UpstreamUnavailableError, match=said):
        items.extend([item async for item in provider.stream(REQUEST)])
    assert len(server.requests) == 1


async def test_a_stream_that_breaks_before_the_first_word_is_tried_again(
    server: ModelServer, provider: OpenAIChatProvider
) -> None:
    server.behave(stop_after=0, times=1)
    text, _ = await written(provider)
    assert text == "You asked: Hi?"


async def test_a_trickle_is_bounded_by_the_total_time(server: ModelServer) -> None:
    server.behave(text="word " * 1_000, token_seconds=0.01)
    model = ChatModel(server.base_url, KEY, "m", idle_seconds=5, total_seconds=0.15)
    async with open_chat_model(model) as provider:
        assert isinstance(await failure(provider), UpstreamUnavailableError)


@pytest.mark.parametrize("parameter", ["temperature", "max_tokens", "stream_options"])
async def test_a_parameter_that_the_model_refuses_is_left_out_from_then_on(
    server: ModelServer, provider: OpenAIChatProvider, parameter: str
) -> None:
    server.behave(refuses=parameter)
    for _ in range(2):
        await written(provider)
    assert [parameter in body for body in server.requests] == [True, False, False]
    assert ("max_completion_tokens" in server.requests[-1]) == (parameter == "max_tokens")


async def test_leaving_early_closes_the_connection(server: ModelServer, provider: OpenAIChatProvider) -> None:
    server.behave(text="one two three", hang_after=2)
    stream = provider.stream(REQUEST)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]  # a generator, as the promise says
    await eventually(lambda: server.disconnects)


async def test_the_server_is_told_what_to_do_over_http(server: ModelServer, provider: OpenAIChatProvider) -> None:
    async with aiohttp.ClientSession() as session:
        address = server.base_url.removesuffix("/v1")
        async with session.put(f"{address}/behaviour", json={"text": "As told."}) as response:
            assert response.status == 200
        async with session.put(f"{address}/behaviour", json={"unknown": 1}) as response:
            assert response.status == 400
        async with session.get(f"{address}/v1/models") as response:
            assert (await response.json())["data"][0]["id"] == "test-model"
        async with session.post(f"{address}/v1/chat/completions", json={"messages": [{"content": ""}]}) as response:
            assert (await response.json())["choices"][0]["message"]["content"] == "As told."
    assert (await written(provider))[0] == "As told."
