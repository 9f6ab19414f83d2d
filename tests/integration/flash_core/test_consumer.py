"""What the consumer promises, on a real Redis: every event is handled at least once, whoever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from redis.asyncio import Redis

from flash_core.clients.redis import open_redis
from flash_core.errors import DuplicateEventError, UpstreamUnavailableError
from flash_core.messaging.consumer import RetryPolicy, StreamConsumer, Subscription
from flash_core.messaging.events import Event, JobQueued, QuestionAccepted, dead_stream
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.testing.waiting import eventually
from flash_core.utils.tasks import end
from tests.integration.flash_core.conftest import Proxy, through

GROUP = "workers"
IMPATIENT = RetryPolicy(max_deliveries=3, retry_after_ms=60, block_ms=20)
PATIENT = RetryPolicy(retry_after_ms=60_000, block_ms=20)
STREAM = JobQueued.streams()[0]

Handler = Callable[[Any], Awaitable[None]]


@dataclass
class Worker:
    """A handler that a test can hold, and that remembers what it saw."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    began: list[UUID] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    cancelled: list[UUID] = field(default_factory=list)
    most: int = 0

    async def __call__(self, event: Event) -> None:
        self.began.append(event.event_id)
        self.most = max(self.most, len(self.began) - len(self.ended) - len(self.cancelled))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(event.event_id)
            raise
        self.ended.append(event.event_id)

    def has_begun(self, times: int) -> bool:
        return len(self.began) == times


def free_worker() -> Worker:
    worker = Worker()
    worker.gate.set()
    return worker


def consumer(
    bus: Redis,
    handler: Handler,
    *,
    member: str = "one",
    event: type[Event] = JobQueued,
    policy: RetryPolicy = IMPATIENT,
    concurrency: int = 16,
) -> StreamConsumer[Any]:
    subscription: Subscription[Any] = Subscription(event, handler)
    return StreamConsumer(bus, subscription, group=GROUP, member=member, policy=policy, concurrency=concurrency)


@asynccontextmanager
async def running(*consumers: StreamConsumer[Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.run()) for one in consumers]
    try:
        yield
    finally:
        await end(tasks)
        assert [task.exception() for task in tasks if not task.cancelled()] == []


async def published(bus: Redis, *events: Event) -> list[UUID]:
    await RedisMessageQueue(bus).publish(events)
    return [event.event_id for event in events]


async def pending(bus: Redis, stream: str = STREAM) -> list[Any]:
    entries: list[Any] = await bus.xpending_range(stream, GROUP, "-", "+", 100)
    return entries


async def buried(bus: Redis) -> list[Any]:
    entries: Any = await bus.xrange(dead_stream(STREAM))
    return list(entries)


async def read_as_another(bus: Redis) -> list[bytes]:
    """Take what is new and never speak of it again, as a member that is killed does."""
    reply: Any = await bus.xreadgroup(GROUP, "killed", {STREAM: ">"})
    return [entry_id for _, entries in reply for entry_id, _ in entries]


async def nothing_left(bus: Redis, stream: str = STREAM) -> bool:
    return not await bus.xlen(stream) and not await pending(bus, stream)


async def test_an_event_published_before_any_consumer_existed_is_handled_and_removed(bus: Redis) -> None:
    ids = await published(bus, JobQueued(job_id=uuid4()), JobQueued(job_id=uuid4()))
    worker = free_worker()
    async with running(consumer(bus, worker)):
        await eventually(lambda: worker.ended == ids)
        await eventually(lambda: nothing_left(bus))


async def test_every_partition_is_read(bus: Redis) -> None:
    events = [QuestionAccepted(conversation_id=UUID(int=part), generation_id=uuid4()) for part in range(4)]
    assert len({event.stream for event in events}) == 4
    ids = await published(bus, *events)
    worker = free_worker()
    async with running(consumer(bus, worker, event=QuestionAccepted)):
        await eventually(lambda: sorted(worker.ended) == sorted(ids))


@pytest.mark.parametrize("concurrency", [1, 3, 5])
async def test_a_member_never_holds_more_than_it_has_room_for(bus: Redis, concurrency: int) -> None:
    events = [QuestionAccepted(conversation_id=UUID(int=n), generation_id=uuid4()) for n in range(12)]
    ids = await published(bus, *events)
    worker = Worker()
    reader = consumer(bus, worker, event=QuestionAccepted, concurrency=concurrency)
    async with running(reader):
        await eventually(lambda: len(worker.began) == concurrency)
        held = [len(await pending(bus, stream)) for stream in QuestionAccepted.streams()]
        assert sum(held) == concurrency
        worker.gate.set()
        await eventually(lambda: sorted(worker.ended) == sorted(ids))
    assert worker.most == concurrency


async def test_a_full_member_leaves_new_work_to_others(bus: Redis) -> None:
    busy, idle = Worker(), free_worker()
    [first] = await published(bus, JobQueued(job_id=uuid4()))
    async with running(consumer(bus, busy, member="busy", concurrency=1, policy=PATIENT)):
        await eventually(lambda: busy.began == [first])
        [second] = await published(bus, JobQueued(job_id=uuid4()))
        async with running(consumer(bus, idle, member="idle", policy=PATIENT)):
            await eventually(lambda: idle.ended == [second])
        assert busy.began == [first]


async def test_what_a_handler_raises_is_tried_again_and_buried_after_the_last_delivery(bus: Redis) -> None:
    attempts: list[UUID] = []

    async def handler(event: Event) -> None:
        attempts.append(event.event_id)
        raise UpstreamUnavailableError("away")

    event = JobQueued(job_id=uuid4())
    await published(bus, event)
    async with running(consumer(bus, handler)):
        await eventually(lambda: nothing_left(bus))
    assert attempts == [event.event_id] * IMPATIENT.max_deliveries
    [(_, dead)] = await buried(bus)
    assert JobQueued.model_validate_json(dead[b"event"]) == event


async def test_a_handler_that_failed_once_may_succeed_the_next_time(bus: Redis) -> None:
    attempts = 0

    async def handler(_: Event) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ValueError("not this time")

    await published(bus, JobQueued(job_id=uuid4()))
    async with running(consumer(bus, handler)):
        await eventually(lambda: attempts == 2)
        await eventually(lambda: nothing_left(bus))
    assert not await bus.exists(dead_stream(STREAM))


async def test_a_duplicate_is_acknowledged(bus: Redis) -> None:
    async def handler(_: Event) -> None:
        raise DuplicateEventError("again")

    await published(bus, JobQueued(job_id=uuid4()))
    async with running(consumer(bus, handler)):
        await eventually(lambda: nothing_left(bus))
    assert not await bus.exists(dead_stream(STREAM))


@pytest.mark.parametrize("fields", [{"event": "{}"}, {"event": b"\xff\x00"}, {"other": "field"}])
async def test_what_cannot_be_read_is_buried_at_once_and_the_queue_moves_on(bus: Redis, fields: dict[Any, Any]) -> None:
    await bus.xadd(STREAM, fields)
    [good] = await published(bus, JobQueued(job_id=uuid4()))
    worker = free_worker()
    async with running(consumer(bus, worker, policy=PATIENT)):
        await eventually(lambda: worker.ended == [good])
        await eventually(lambda: nothing_left(bus))
    assert await bus.xlen(dead_stream(STREAM)) == 1


async def test_what_a_dead_member_left_is_taken_over(bus: Redis) -> None:
    ids = await published(bus, *(JobQueued(job_id=uuid4()) for _ in range(3)))
    worker = free_worker()
    heir = consumer(bus, worker, member="heir")
    await heir.ensure_groups()
    await read_as_another(bus)
    async with running(heir):
        await eventually(lambda: sorted(worker.ended) == sorted(ids))
        await eventually(lambda: nothing_left(bus))


async def test_an_event_that_kills_its_handlers_is_buried_without_being_tried_again(bus: Redis) -> None:
    await published(bus, JobQueued(job_id=uuid4()))
    worker = free_worker()
    heir = consumer(bus, worker, member="heir")
    await heir.ensure_groups()
    [entry_id] = await read_as_another(bus)
    await bus.xclaim(STREAM, GROUP, "killed", 0, [entry_id], retrycount=IMPATIENT.max_deliveries)
    async with running(heir):
        await eventually(lambda: nothing_left(bus))
    assert worker.began == []
    assert await bus.xlen(dead_stream(STREAM)) == 1


async def test_a_living_member_keeps_its_work_however_long_it_takes(bus: Redis) -> None:
    slow, other = Worker(), free_worker()
    [event_id] = await published(bus, JobQueued(job_id=uuid4()))
    async with running(consumer(bus, slow, member="slow")):
        await eventually(lambda: slow.began == [event_id])
        async with running(consumer(bus, other, member="other")):
            written = (await bus.time())[0]

            async def much_later() -> bool:
                [entry] = await pending(bus)
                assert entry["consumer"] == b"slow"
                assert entry["times_delivered"] == 1
                return bool((await bus.time())[0] > written)

            await eventually(much_later)
        slow.gate.set()
        await eventually(lambda: nothing_left(bus))
    assert (slow.ended, other.began) == ([event_id], [])


async def test_a_cancelled_consumer_neither_acknowledges_nor_loses_its_work(bus: Redis) -> None:
    worker, heir = Worker(), free_worker()
    [event_id] = await published(bus, JobQueued(job_id=uuid4()))
    async with running(consumer(bus, worker, policy=PATIENT)):
        await eventually(lambda: worker.began == [event_id])
    assert worker.cancelled == [event_id]
    [entry] = await pending(bus)
    assert entry["time_since_delivered"] >= PATIENT.retry_after_ms
    async with running(consumer(bus, heir, member="heir", policy=PATIENT)):
        await eventually(lambda: heir.ended == [event_id])


async def test_restarts_do_not_count_as_failures(bus: Redis) -> None:
    worker = Worker()
    [event_id] = await published(bus, JobQueued(job_id=uuid4()))
    for restart in range(IMPATIENT.max_deliveries + 2):
        async with running(consumer(bus, worker, member=f"member {restart}")):
            await eventually(partial(worker.has_begun, restart + 1))
    assert set(worker.cancelled) == {event_id}
    assert not await bus.exists(dead_stream(STREAM))


async def test_a_wiped_redis_costs_the_entries_but_not_the_consumer(bus: Redis) -> None:
    worker = free_worker()
    async with running(consumer(bus, worker, policy=PATIENT)):
        [first] = await published(bus, JobQueued(job_id=uuid4()))
        await eventually(lambda: worker.ended == [first])
        await bus.flushall()
        [second] = await published(bus, JobQueued(job_id=uuid4()))
        await eventually(lambda: worker.ended == [first, second])


async def test_a_consumer_outlives_a_redis_that_goes_away(bus: Redis, redis_url: str, redis_proxy: Proxy) -> None:
    worker = free_worker()
    async with open_redis(through(redis_proxy, redis_url)) as proxied, running(consumer(proxied, worker)):
        [first] = await published(bus, JobQueued(job_id=uuid4()))
        await eventually(lambda: worker.ended == [first])
        redis_proxy.cut()
        [second] = await published(bus, JobQueued(job_id=uuid4()))
        await eventually(lambda: second in worker.ended)


async def test_an_effect_whose_acknowledgement_got_lost_is_delivered_again(
    bus: Redis, redis_url: str, redis_proxy: Proxy
) -> None:
    handled: list[UUID] = []

    async def handler(event: Event) -> None:
        handled.append(event.event_id)
        if len(handled) == 1:
            await bus.config_set("min-replicas-to-write", 1)  # writes are refused from here on

    [event_id] = await published(bus, JobQueued(job_id=uuid4()))
    try:
        async with running(consumer(bus, handler)):
            await eventually(lambda: handled == [event_id])
            assert await pending(bus)
            await bus.config_set("min-replicas-to-write", 0)
            await eventually(lambda: handled == [event_id, event_id])
            await eventually(lambda: nothing_left(bus))
    finally:
        await bus.config_set("min-replicas-to-write", 0)


async def test_the_worker_in_the_logs_carries_the_request_that_caused_the_event(bus: Redis) -> None:
    seen: list[object] = []

    async def handler(_: Event) -> None:
        seen.append(structlog.contextvars.get_contextvars()["request_id"])

    with structlog.contextvars.bound_contextvars(request_id="from-the-gateway"):
        event = JobQueued(job_id=uuid4())
    await published(bus, event)
    async with running(consumer(bus, handler)):
        await eventually(lambda: seen == ["from-the-gateway"])


async def test_a_bug_in_the_loop_is_not_swallowed(bus: Redis) -> None:
    reader = consumer(bus, free_worker())

    async def broken() -> None:
        raise RuntimeError("a bug")

    reader._read_new = broken  # type: ignore[method-assign]  # the failure under test
    with pytest.raises(RuntimeError, match="a bug"):
        await reader.run()
