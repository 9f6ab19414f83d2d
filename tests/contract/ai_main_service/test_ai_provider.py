"""Every provider keeps the promise of `AIProviderInterface`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from ai_main_service.providers.extractive import ExtractiveProvider
from flash_core.clients.anthropic_chat import AnthropicProtocol
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.guarded_model import GuardedModel
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.interfaces.ai_provider import AIProviderInterface, ChatTurn, Finished, TextPiece, WritingRequest
from flash_core.testing.ai_fakes import ScriptedProvider
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.model_server import running_model_server
from tests.unit.ai_main_service.builders import passage

REQUEST = WritingRequest("How many days of leave?", [ChatTurn("user", "How many days of leave?")], [passage()])


@pytest.fixture(params=["scripted", "extractive", "openai", "anthropic", "guarded"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[AIProviderInterface]:
    if request.param == "scripted":
        yield ScriptedProvider(["One", " two"])
        return
    if request.param == "extractive":
        yield ExtractiveProvider(FakeEmbeddingProvider())
        return
    protocol = AnthropicProtocol() if request.param == "anthropic" else OpenAIProtocol()
    async with running_model_server() as server:
        address = server.root_url if request.param == "anthropic" else server.base_url
        async with open_chat_model(protocol, ChatModel(address, "", "test-model")) as model:
            yield GuardedModel(model) if request.param == "guarded" else model


async def test_text_comes_in_pieces_and_ends_with_exactly_one_finish(provider: AIProviderInterface) -> None:
    items = [item async for item in provider.stream(REQUEST)]
    pieces = [item for item in items if isinstance(item, TextPiece)]
    assert pieces
    assert all(piece.text for piece in pieces)
    assert [isinstance(item, Finished) for item in items] == [False] * len(pieces) + [True]
    assert isinstance(items[-1], Finished)
    assert items[-1].model


async def test_it_can_be_left_in_the_middle_and_used_again(provider: AIProviderInterface) -> None:
    async with aclosing(provider.stream(REQUEST)) as items:  # type: ignore[type-var]  # a generator, as the promise says
        assert isinstance(await anext(items), TextPiece)
    assert [item async for item in provider.stream(REQUEST)]


def test_it_has_a_name(provider: AIProviderInterface) -> None:
    assert provider.name


async def test_what_was_used_stands_in_the_request_also_when_nobody_waits_for_the_end(
    provider: AIProviderInterface,
) -> None:
    whole, left = WritingRequest("Q?", REQUEST.turns, REQUEST.passages), WritingRequest("Q?", REQUEST.turns)
    finished = [item async for item in provider.stream(whole)][-1]
    assert isinstance(finished, Finished)
    assert sum(call.prompt_tokens for call in whole.calls) == finished.prompt_tokens
    assert sum(call.completion_tokens for call in whole.calls) == finished.completion_tokens
    assert not any(call.estimated for call in whole.calls)
    async with aclosing(provider.stream(left)) as items:  # type: ignore[type-var]  # a generator, as the promise says
        await anext(items, None)
    assert len(left.calls) == len(whole.calls)
