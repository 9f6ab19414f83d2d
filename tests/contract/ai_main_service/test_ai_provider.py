"""Every provider keeps the promise of `AIProviderInterface`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from ai_main_service.providers.extractive import ExtractiveProvider
from flash_core.clients.openai_chat import ChatModel, open_chat_model
from flash_core.interfaces.ai_provider import AIProviderInterface, ChatTurn, Finished, TextPiece, WritingRequest
from flash_core.testing.ai_fakes import ScriptedProvider
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.model_server import running_model_server
from tests.unit.ai_main_service.builders import passage

REQUEST = WritingRequest("How many days of leave?", [ChatTurn("user", "How many days of leave?")], [passage()])


@pytest.fixture(params=["scripted", "extractive", "openai"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[AIProviderInterface]:
    if request.param == "scripted":
        yield ScriptedProvider(["One", " two"])
    elif request.param == "extractive":
        yield ExtractiveProvider(FakeEmbeddingProvider())
    else:
        async with (
            running_model_server() as server,
            open_chat_model(ChatModel(server.base_url, "", "test-model")) as model,
        ):
            yield model


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
