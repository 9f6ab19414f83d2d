"""The intent service as a whole, with a real Redis and a model server that can be told what to do."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from asgi_lifespan import LifespanManager
from httpx2 import ASGITransport, AsyncClient

from ai_intent_service.composition import compose
from ai_intent_service.config import AiIntentSettings
from ai_intent_service.main import SPEC
from flash_core.clients.identity import ServiceTokens
from flash_core.testing.model_server import running_model_server
from flash_core.web.app import create_app
from flash_core.web.identity import SERVICE_TOKEN_HEADER

KEY = "k" * 32
HISTORY = [{"role": "user", "content": "How many vacation days do I get?"}]

UNDERSTOOD: dict[str, object] = {
    "kind": "follow_up",
    "standalone_question": "Part-timers' days?",
    "language": "en",
    "entities": [],
    "source_names": [],
    "updated_after": None,
}


@asynccontextmanager
async def running(settings: AiIntentSettings) -> AsyncIterator[AsyncClient]:
    app = create_app(replace(SPEC, compose=partial(compose, settings)))
    headers = {SERVICE_TOKEN_HEADER: ServiceTokens(KEY, "ai-main").issue()}
    async with (
        LifespanManager(app) as manager,
        AsyncClient(transport=ASGITransport(app=manager.app), base_url="http://intent", headers=headers) as client,
    ):
        yield client


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with running(AiIntentSettings(internal_key=KEY, redis_url=redis_url)) as client:
        yield client


async def test_a_question_is_understood(client: AsyncClient) -> None:
    response = await client.post("/internal/intent", json={"question": "And part-timers?", "history": HISTORY})
    assert response.status_code == 200
    assert response.json() == {
        "kind": "follow_up",
        "standalone_question": "How many vacation days do I get: part-timers?",
        "language": "en",
        "entities": [],
        "filters": None,
        "calls": [],
    }


async def test_only_the_fleet_may_ask(client: AsyncClient) -> None:
    response = await client.post(
        "/internal/intent", json={"question": "Hi"}, headers={SERVICE_TOKEN_HEADER: "something else"}
    )
    assert response.status_code == 401


async def test_an_empty_question_is_a_problem(client: AsyncClient) -> None:
    response = await client.post("/internal/intent", json={"question": ""})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "question"


async def test_a_model_is_asked_once_for_the_same_follow_up(redis_url: str) -> None:
    async with running_model_server() as server:
        server.behave(text=json.dumps(UNDERSTOOD))
        settings = AiIntentSettings(
            internal_key=KEY,
            redis_url=redis_url,
            ai_provider="openai,extractive",
            openai_base_url=server.base_url,
            ai_intent_model="small",
            ai_intent_seconds=5,
        )
        async with running(settings) as client:
            for calls in (1, 0):
                response = await client.post(
                    "/internal/intent", json={"question": "And part-timers?", "history": HISTORY}
                )
                assert response.json()["standalone_question"] == "Part-timers' days?"
                assert len(response.json()["calls"]) == calls
        assert len(server.requests) == 1


async def test_a_slow_model_is_waited_for_as_long_as_is_set(redis_url: str) -> None:
    async with running_model_server() as server:
        server.behave(text=json.dumps(UNDERSTOOD), first_seconds=0.4)
        settings = AiIntentSettings(
            internal_key=KEY,
            redis_url=redis_url,
            ai_provider="anthropic,extractive",
            anthropic_base_url=server.root_url,
            ai_intent_model="thorough",
            ai_intent_seconds=10,
        )
        async with running(settings) as client:
            response = await client.post("/internal/intent", json={"question": "And part-timers?", "history": HISTORY})
        assert response.json()["standalone_question"] == "Part-timers' days?"
        assert [call["model"] for call in response.json()["calls"]] == ["thorough"]


async def test_a_model_that_hangs_costs_its_part_of_the_budget_and_soon_nothing(redis_url: str) -> None:
    async with running_model_server() as server:
        server.behave(first_seconds=60)
        settings = AiIntentSettings(
            internal_key=KEY,
            redis_url=redis_url,
            ai_provider="openai",
            openai_base_url=server.base_url,
            ai_intent_model="slow",
        )
        async with running(settings) as client:
            for number in range(8):
                body = {"question": f"And the {number} part-timers?", "history": HISTORY}
                response = await client.post("/internal/intent", json=body)
                assert "vacation days" in response.json()["standalone_question"]
        assert len(server.requests) <= 5
