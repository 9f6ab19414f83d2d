"""What reading a model's stream costs: processor time a token, by this project's reader and by the openai SDK.

`python -m tests.load.bench_model_stream`. The server is a process of its own and not counted.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx2
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.interfaces.ai_provider import ChatTurn, WritingRequest
from tests.e2e.model import ModelProcess, running_model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tokens", type=int, default=2_000, help="tokens of one answer (default: 2,000)")
    parser.add_argument("--rounds", type=int, default=5, help="answers that are measured, after one that is not")
    options = parser.parse_args()
    with running_model() as model:
        for pause in (0.0, 0.001):
            asyncio.run(compare(model, pause, options.tokens, options.rounds))


async def compare(model: ModelProcess, pause: float, tokens: int, rounds: int) -> None:
    model.behave(text="word " * tokens, token_seconds=pause)
    async with (
        open_chat_model(OpenAIProtocol(), ChatModel(model.base_url, "key", "m", total_seconds=600)) as own,
        httpx2.AsyncClient(trust_env=False) as http,
        AsyncOpenAI(base_url=model.base_url, api_key="key", max_retries=0, http_client=http) as sdk,
    ):

        async def read_own() -> int:
            return len([item async for item in own.stream(WritingRequest("?", [ChatTurn("user", "?")]))])

        async def read_sdk() -> int:
            asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": "?"}]
            chunks = await sdk.chat.completions.create(model="m", messages=asked, stream=True)
            return len([chunk async for chunk in chunks])

        for name, read in (("this project", read_own), ("openai SDK", read_sdk)):
            cost = await microseconds(read, rounds) / tokens
            print(f"{pause * 1_000:g} ms between tokens, {name}: {cost:.1f} µs of processor time a token")


async def microseconds(read: Callable[[], Awaitable[int]], rounds: int) -> float:
    """Of this process, for one answer."""
    assert await read(), "nothing was read"
    began = time.process_time()
    for _ in range(rounds):
        await read()
    return (time.process_time() - began) / rounds * 1e6


if __name__ == "__main__":
    main()
