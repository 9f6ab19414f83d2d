"""What every probe promises, the fake and the real one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from redis.asyncio import Redis

from flash_core.clients.http import HttpClient, Sibling
from flash_core.clients.redis import open_redis
from flash_core.errors import UpstreamUnavailableError
from flash_core.messaging.events import Event, JobQueued, QuestionAccepted, dead_stream
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.schemas.monitoring import HealthDetail, QueueStatus
from flash_core.testing.fakes import FakeAuthenticator, FrozenClock
from monitoring_service.interfaces import QueueProbeInterface, ServiceProbeInterface
from monitoring_service.providers.queue_probe import RedisQueueProbe
from monitoring_service.providers.service_probe import HttpJobProbe, HttpServiceProbe
from tests.unit.monitoring_service.fakes import FakeQueueProbe, FakeServiceProbe, check

Answer = httpx2.Response | Exception
DOCUMENT: dict[str, Any] = {"paths": {"/api/v1/x": {"get": {}}}}
HEALTH = HealthDetail(name="chat", version="1.0", status="degraded", checks=[check("redis", "away")])


def sibling(stack: AsyncExitStack, answers: dict[str, Answer]) -> Sibling:
    def handle(request: httpx2.Request) -> httpx2.Response:
        answer = answers[request.url.path]
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(handle))
    stack.push_async_callback(client.aclose)
    return HttpClient(client, FakeAuthenticator()).sibling("http://sibling")


def http_probe(stack: AsyncExitStack, answers: dict[str, Answer]) -> ServiceProbeInterface:
    return HttpServiceProbe("chat", sibling(stack, answers))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture(params=["fake", "http"])
def alive(request: pytest.FixtureRequest, stack: AsyncExitStack) -> ServiceProbeInterface:
    if request.param == "fake":
        return FakeServiceProbe("chat", [check("redis", "away")], DOCUMENT)
    health = httpx2.Response(200, content=HEALTH.model_dump_json())
    return http_probe(stack, {"/health/detail": health, "/internal/openapi.json": httpx2.Response(200, json=DOCUMENT)})


@pytest.fixture(params=["fake", "gone", "silent", "odd"])
def away(request: pytest.FixtureRequest, stack: AsyncExitStack) -> ServiceProbeInterface:
    if request.param == "fake":
        return FakeServiceProbe("chat", error=UpstreamUnavailableError("away"))
    answers: dict[str, Answer] = {
        "gone": httpx2.ConnectError("refused"),
        "silent": httpx2.ReadTimeout("no answer"),
        "odd": httpx2.Response(200, text="<html>"),
    }
    answer = answers[str(request.param)]
    return http_probe(stack, {"/health/detail": answer, "/internal/openapi.json": answer})


async def test_a_service_that_answers_tells_its_checks_and_its_api(alive: ServiceProbeInterface) -> None:
    assert alive.name == "chat"
    assert await alive.health() == HEALTH
    assert await alive.openapi() == DOCUMENT


async def test_a_service_that_is_away_is_unavailable(away: ServiceProbeInterface) -> None:
    with pytest.raises(UpstreamUnavailableError):
        await away.health()
    with pytest.raises(UpstreamUnavailableError):
        await away.openapi()


# Queues

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK = FrozenClock(WRITTEN)


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url) as client:
        await client.flushall()
        yield client


def idle() -> list[QueueStatus]:
    return [
        QueueStatus(name=event.queue, waiting=0, in_progress=0, oldest_seconds=0.0, dead=0)
        for event in Event.by_topic.values()
    ]


async def fake_queues(_: Redis) -> QueueProbeInterface:
    return FakeQueueProbe(idle())


async def redis_queues(bus: Redis) -> QueueProbeInterface:
    return RedisQueueProbe(bus, CLOCK)


@pytest.mark.parametrize("make", [fake_queues, redis_queues])
async def test_every_queue_has_a_line_even_before_anything_was_written(
    bus: Redis, make: Callable[[Redis], Awaitable[QueueProbeInterface]]
) -> None:
    assert list(await (await make(bus)).queues()) == idle()


async def test_jobs_are_told_as_indexing_counts_them(stack: AsyncExitStack) -> None:
    jobs = QueueStatus(name="indexing", waiting=2, in_progress=1, oldest_seconds=7.5, dead=0)
    answer = httpx2.Response(200, content=jobs.model_dump_json())
    assert list(await HttpJobProbe(sibling(stack, {"/internal/jobs/queue": answer})).queues()) == [jobs]


@pytest.mark.parametrize("kind", ["fake", "redis", "http"])
async def test_queues_that_cannot_be_asked_are_unavailable(kind: str, stack: AsyncExitStack) -> None:
    async with open_redis("redis://127.0.0.1:1/0") as gone:
        probe: QueueProbeInterface = RedisQueueProbe(gone, CLOCK)
        if kind == "fake":
            probe = FakeQueueProbe(error=UpstreamUnavailableError("away"))
        if kind == "http":
            probe = HttpJobProbe(sibling(stack, {"/internal/jobs/queue": httpx2.ConnectError("refused")}))
        with pytest.raises(UpstreamUnavailableError):
            await probe.queues()


async def test_a_line_counts_what_waits_what_is_worked_on_and_what_was_given_up(bus: Redis) -> None:
    events = [QuestionAccepted(conversation_id=UUID(int=part), generation_id=uuid4()) for part in range(4)]
    await RedisMessageQueue(bus).publish([*events, JobQueued(job_id=uuid4())])
    stream = events[0].stream
    await bus.xgroup_create(stream, "ai", id="0")
    await bus.xreadgroup("ai", "somebody", {stream: ">"})
    await bus.xadd(dead_stream(stream), {"event": "{}"})
    clock = FrozenClock(datetime.now(UTC))
    clock.advance(seconds=30)
    lines = {line.name: line for line in await RedisQueueProbe(bus, clock).queues()}
    assert (lines["ai"].waiting, lines["ai"].in_progress, lines["ai"].dead) == (3, 1, 1)
    assert 25 < lines["ai"].oldest_seconds < 35
    assert (lines["indexing"].waiting, lines["indexing"].in_progress) == (1, 0)
