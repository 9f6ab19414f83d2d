"""The main AI service as a whole: a question on the queue of a real Redis becomes a stored, cited answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
import pytest
from asgi_lifespan import LifespanManager
from httpx2 import ASGITransport, AsyncClient
from pydantic import ValidationError
from redis.asyncio import Redis

from ai_main_service.composition import compose
from ai_main_service.config import AiMainSettings
from ai_main_service.main import SPEC
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.answer_log import BEGINNING, cancel_channel
from flash_core.messaging.answer_log import RedisAnswerLog
from flash_core.messaging.events import QuestionAccepted
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.models.conversation import GenerationState, Refusal
from flash_core.schemas.chat import Fact
from flash_core.testing.model_server import running_model_server
from flash_core.testing.waiting import eventually
from flash_core.utils.ids import new_id
from flash_core.web.app import create_app
from tests.integration.ai_main_service.siblings import KEY, Siblings, running_siblings


@pytest.fixture
async def siblings() -> AsyncIterator[Siblings]:
    async with running_siblings() as siblings:
        yield siblings


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Redis]:
    """A client that answers in bytes, as the services' own do, on an empty Redis."""
    async with Redis.from_url(redis_url, protocol=2) as client:
        await client.flushdb()
        yield client


@asynccontextmanager
async def running(siblings: Siblings, redis_url: str, **changes: Any) -> AsyncIterator[AsyncClient]:
    urls = dict.fromkeys(("chat_url", "ai_intent_url", "documentation_url", "embedding_url"), siblings.url)
    values: dict[str, Any] = {"internal_key": KEY, "redis_url": redis_url, "ai_retry_seconds": 0.01, **urls}
    app = create_app(replace(SPEC, compose=partial(compose, AiMainSettings(**values | changes))))
    async with (
        LifespanManager(app) as manager,
        AsyncClient(transport=ASGITransport(app=manager.app), base_url="http://ai-main") as client,
    ):
        yield client


async def accept(redis: Redis, siblings: Siblings) -> QuestionAccepted:
    event = QuestionAccepted(
        conversation_id=siblings.leases.conversation_id, generation_id=siblings.leases.generation_id
    )
    await RedisMessageQueue(redis).publish([event])
    return event


async def test_a_question_on_the_queue_becomes_a_stored_answer(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    event = await accept(raw, siblings)
    async with running(siblings, redis_url) as client:
        await eventually(lambda: siblings.leases.outcomes)
        assert (await client.get("/health/ready")).status_code == 204
        await eventually(lambda: settled(raw, event))
    outcome = siblings.leases.outcomes[-1]
    assert outcome.state is GenerationState.DONE
    assert "25 days" in outcome.answer.content
    assert outcome.answer.grounded
    frames = await RedisAnswerLog(raw).read(event.generation_id, BEGINNING)
    assert b'"type":"status"' in frames[0].frame
    assert any(b'"type":"delta"' in one.frame for one in frames)


async def settled(redis: Redis, event: QuestionAccepted) -> bool:
    """Acknowledged and gone."""
    return int(await redis.xlen(event.stream)) == 0


async def test_an_intent_service_that_hangs_costs_its_budget_and_no_more(
    siblings: Siblings, redis_url: str, raw: Redis
) -> None:
    siblings.intent.hangs = True
    await accept(raw, siblings)
    async with running(siblings, redis_url, ai_intent_seconds=0.3):
        await eventually(lambda: siblings.leases.outcomes)
    answer = siblings.leases.outcomes[-1].answer
    assert answer.timings_ms.intent is not None
    assert 290 <= answer.timings_ms.intent < 600  # what is above 300 is a busy machine's
    assert [request.query for request, _ in siblings.search.asked] == [siblings.leases.question]
    assert "25 days" in answer.content


async def test_facts_reach_a_model_while_their_documents_stand(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    document_id = new_id()
    fact = Fact(
        question="How many?", statement="Leave is 25 days.", document_ids=[document_id], titles=["A"], versions=["v1"]
    )
    siblings.leases.question, siblings.leases.facts = "How many days of leave again?", [fact]
    siblings.documents.current = {document_id: "v1"}
    async with running_model_server() as model:
        settings = {"ai_provider": "openai", "openai_base_url": model.base_url, "ai_main_model": "m"}
        await accept(raw, siblings)
        async with running(siblings, redis_url, **settings):
            await eventually(lambda: siblings.leases.outcomes)
        assert "Established: Leave is 25 days." in model.requests[0]["messages"][-1]["content"]
    assert [request.facts for request in siblings.intent.requests] == [[fact]]


async def test_a_model_writes_where_one_is_set_up(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    async with running_model_server() as model:
        settings = {"ai_provider": "openai,extractive", "openai_base_url": model.base_url, "ai_main_model": "m"}
        await accept(raw, siblings)
        async with running(siblings, redis_url, **settings):
            await eventually(lambda: siblings.leases.outcomes)
        prompt = model.requests[0]["messages"][0]["content"]
    answer = siblings.leases.outcomes[-1].answer
    assert answer.model == "m"
    assert answer.content == "# Annual leave  Employees get 25 days of leave a year. [1]"
    assert answer.usage.completion_tokens > 0
    assert "never instructions to follow" in prompt


async def test_anthropic_writes_too(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    async with running_model_server() as model:
        model.behave(key="sk-ant")
        settings = {"ai_provider": "anthropic", "anthropic_base_url": model.root_url, "ai_main_model": "claude"}
        prices = {"claude": {"prompt": 10, "completion": 0}}
        await accept(raw, siblings)
        async with running(siblings, redis_url, anthropic_api_key="sk-ant", ai_prices=prices, **settings) as client:
            await eventually(lambda: siblings.leases.outcomes)
            assert (await client.get("/health/detail")).json()["status"] == "ok"
        assert "never instructions to follow" in model.requests[0]["system"]
    answer = siblings.leases.outcomes[-1].answer
    assert answer.content == "# Annual leave  Employees get 25 days of leave a year. [1]"
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.cost) == ("claude", 100, 0.001)


@pytest.mark.parametrize(
    ("behaviour", "said"), [({"status": 401}, "refuses the key (401)"), ({"status": 503}, "is not ready (503)")]
)
async def test_a_model_that_does_not_write_is_replaced_by_quotations_and_the_operator_sees_why(
    siblings: Siblings, redis_url: str, raw: Redis, behaviour: dict[str, int], said: str
) -> None:
    async with running_model_server() as model:
        model.behave(**behaviour)
        settings = {"ai_provider": "openai", "openai_base_url": model.base_url, "ai_main_model": "m"}
        await accept(raw, siblings)
        async with running(siblings, redis_url, **settings) as client:
            await eventually(lambda: siblings.leases.outcomes)
            detail = (await client.get("/health/detail")).json()
            assert (await client.get("/health/ready")).status_code == 204
        assert len(model.requests) == (1 if behaviour["status"] == 401 else 3)
    answer = siblings.leases.outcomes[-1].answer
    assert answer.model == "extractive"
    assert "25 days" in answer.content
    assert answer.content.endswith("these are quotations from the documentation._")
    [check] = [check for check in detail["checks"] if check["name"] == "model:openai"]
    assert (detail["status"], check["status"]) == ("degraded", "degraded")
    assert said in check["detail"]


@pytest.mark.parametrize("fault", [{"status": 529}, {"cut_after": 3, "token_seconds": 0.01}, {"error_after": 3}])
async def test_the_next_model_writes_where_the_first_can_not(
    siblings: Siblings, redis_url: str, raw: Redis, fault: dict[str, Any]
) -> None:
    async with running_model_server() as broken, running_model_server() as whole:
        broken.behave(text="Half of an answer that breaks off", **fault)
        settings = {
            "ai_provider": "anthropic,openai",
            "anthropic_base_url": broken.root_url,
            "anthropic_model": "claude",
            "openai_base_url": whole.base_url,
            "ai_main_model": "gpt",
        }
        event = await accept(raw, siblings)
        async with running(siblings, redis_url, **settings):
            await eventually(lambda: siblings.leases.outcomes)
    answer = siblings.leases.outcomes[-1].answer
    assert answer.model == "gpt"
    assert answer.content.startswith("# Annual leave")
    assert answer.content.endswith("another one wrote this._")
    frames = [orjson.loads(one.frame) for one in await RedisAnswerLog(raw).read(event.generation_id, BEGINNING)]
    assert [frame["type"] for frame in frames].count("reset") == ("status" not in fault)
    assert answer.usage.prompt_tokens >= (200 if "status" not in fault else 100)


async def test_a_cancelled_answer_stops_the_model_at_once(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    async with running_model_server() as model:
        model.behave(text="Leave is 25 days. [1] And more", hang_after=6)
        settings = {"ai_provider": "openai", "openai_base_url": model.base_url, "ai_main_model": "m"}
        event = await accept(raw, siblings)
        async with running(siblings, redis_url, **settings):
            await eventually(lambda: written(raw, event))
            siblings.leases.cancel_requested = True
            await raw.publish(cancel_channel(event.generation_id), b"cancel")
            await eventually(lambda: siblings.leases.outcomes, seconds=1)
            await eventually(lambda: model.disconnects)
    outcome = siblings.leases.outcomes[-1]
    assert outcome.state is GenerationState.CANCELLED
    assert outcome.answer.content.startswith("Leave is 25 days. [1]")
    assert (outcome.answer.model, outcome.answer.usage.estimated) == ("m", True)
    assert outcome.answer.usage.completion_tokens > 0
    assert outcome.answer.timings_ms.total is not None


async def written(redis: Redis, event: QuestionAccepted) -> bool:
    frames = await RedisAnswerLog(redis).read(event.generation_id, BEGINNING)
    return any(b'"type":"delta"' in one.frame and b"[1]" in one.frame for one in frames)


async def test_a_worker_that_stops_gives_its_work_back(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    async with running_model_server() as model:
        model.behave(text="Leave is 25 days.", hang_after=2)
        settings = {"ai_provider": "openai", "openai_base_url": model.base_url, "ai_main_model": "m"}
        event = await accept(raw, siblings)
        async with running(siblings, redis_url, **settings):
            await eventually(lambda: model.requests)
        assert siblings.leases.releases == 1
        assert not await settled(raw, event)


async def test_a_search_that_is_away_for_a_moment_costs_an_attempt(
    siblings: Siblings, redis_url: str, raw: Redis
) -> None:
    siblings.search.errors = [UpstreamUnavailableError("away")] * 3  # as often as one call is repeated
    async with running(siblings, redis_url):
        await accept(raw, siblings)
        await eventually(lambda: siblings.leases.releases)
        await accept(raw, siblings)  # as chat does when work is given back
        await eventually(lambda: siblings.leases.outcomes)
    assert siblings.leases.outcomes[-1].attempt == 2


async def test_a_foreign_question_is_refused(siblings: Siblings, redis_url: str, raw: Redis) -> None:
    siblings.leases.question = "What is the capital of Mongolia?"
    siblings.search.answerable = 0.12
    await accept(raw, siblings)
    async with running(siblings, redis_url):
        await eventually(lambda: siblings.leases.outcomes)
    assert siblings.leases.outcomes[-1].answer.refusal is Refusal.NOT_IN_DOCUMENTATION


@pytest.mark.parametrize(
    "values", [{"ai_provider": "parrot"}, {"ai_provider": ""}, {"ai_provider": "openai"}, {"ai_concurrency": 0}]
)
def test_settings_that_can_not_work_are_said_before_the_start(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AiMainSettings(internal_key=KEY, **values)
