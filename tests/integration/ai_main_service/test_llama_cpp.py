"""The `openai` provider against llama.cpp's own server. Opt-in: `uv sync --group llama` brings it with a small model.

What that model says is no use. What is tried is whether its words come as they are written, are counted, and are
replaced when the server goes away.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import pytest

from ai_main_service.providers.extractive import ExtractiveProvider
from flash_core.clients.chat_model import ChatModel, ChatModelProvider, open_chat_model
from flash_core.clients.guarded_model import GuardedModel
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.interfaces.ai_provider import ChatTurn, Finished, TextPiece, WritingRequest
from flash_core.models.conversation import GenerationState, Mode
from flash_core.schemas.chat import WrittenAnswer
from flash_core.testing.ai_fakes import FakeGenerationLeases
from tests.servers.llama_cpp import weights
from tests.unit.ai_main_service.builders import Desk
from tests.unit.ai_main_service.test_injection import lively

pytestmark = pytest.mark.skipif(weights() is None, reason="llama.cpp is not installed (uv sync --group llama)")
SECONDS = 120.0


@pytest.fixture
async def server() -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.servers.llama_cpp", stdout=PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    yield process
    if process.returncode is None:
        process.terminate()
    await process.wait()


@pytest.fixture
async def model(server: Process) -> AsyncIterator[ChatModelProvider]:
    assert server.stdout is not None
    async with asyncio.timeout(SECONDS):
        address = (await server.stdout.readline()).decode().strip()
    asked = ChatModel(f"{address}/v1", "", "smollm2", SECONDS, SECONDS, SECONDS, tries=1)
    async with open_chat_model(OpenAIProtocol(), asked) as provider:
        yield provider


async def test_its_words_come_one_by_one_and_are_counted(model: ChatModelProvider) -> None:
    request = WritingRequest("Hello?", [ChatTurn("user", "Count from one to ten in words.")], max_tokens=24)
    items = [item async for item in model.stream(request)]
    assert len([item for item in items if isinstance(item, TextPiece)]) > 5
    assert isinstance(items[-1], Finished)
    assert items[-1].details["finish_reason"] in {"length", "stop"}
    [call] = request.calls
    assert not call.estimated
    assert (call.prompt_tokens > 0, 0 < call.completion_tokens <= 24) == (True, True)


async def answered(model: ChatModelProvider, mode: Mode = Mode.COMPANY) -> WrittenAnswer:
    desk = Desk(leases=FakeGenerationLeases(mode=mode))
    desk.providers = [GuardedModel(model), ExtractiveProvider(desk.embeddings)]
    answer = await desk.answer()
    assert desk.leases.outcomes[-1].state is GenerationState.DONE
    assert answer.content == desk.shown
    assert lively(answer.content) == []
    return answer


@pytest.mark.parametrize("mode", [Mode.COMPANY, Mode.GENERAL])
async def test_it_writes_an_answer(model: ChatModelProvider, mode: Mode) -> None:
    answer = await answered(model, mode)
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0
    assert not answer.usage.estimated


async def test_quotations_take_over_when_it_is_gone(server: Process, model: ChatModelProvider) -> None:
    server.kill()
    await server.wait()
    answer = await answered(model)
    assert answer.model == "extractive"
    assert "25 days of leave" in answer.content
    assert "language model does not answer" in answer.content
