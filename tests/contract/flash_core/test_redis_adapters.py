"""What caches, idempotency stores, answer logs, broadcasts and queues promise: the fakes, and those on Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from flash_core.clients.cache import RedisCache
from flash_core.clients.idempotency import RedisIdempotencyStore
from flash_core.errors import ConflictError, FencedError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import (
    BEGINNING,
    TERMINAL_SEQUENCE,
    AnswerLogInterface,
    LoggedFrame,
    Position,
    wake_channel,
)
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.idempotency import IdempotencyStoreInterface, StoredResponse
from flash_core.interfaces.queue import MessageQueueInterface
from flash_core.messaging.answer_log import RedisAnswerLog
from flash_core.messaging.broadcast import RedisBroadcast, open_broadcast
from flash_core.messaging.events import JobQueued, QuestionAccepted
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.testing.fakes import FakeAnswerLog, FakeBroadcast, FakeCache, FakeIdempotencyStore, FakeQueue

KINDS = ["fake", "redis"]

# Caches


@pytest.fixture(params=KINDS)
def cache(request: pytest.FixtureRequest, bus: Redis) -> CacheInterface:
    return FakeCache() if request.param == "fake" else RedisCache(bus)


async def test_a_cache_returns_what_was_set_and_nothing_for_the_rest(cache: CacheInterface) -> None:
    await cache.set_many({"kind:a": b"1", "kind:b": b"\x00\xff"}, ttl_seconds=60)
    await cache.set("kind:c", b"3", ttl_seconds=60)
    assert await cache.get_many(["kind:b", "kind:missing", "kind:a"]) == [b"\x00\xff", None, b"1"]
    assert [await cache.get("kind:c"), await cache.get("kind:missing")] == [b"3", None]
    assert await cache.get_many([]) == []


async def test_a_cached_value_can_be_replaced(cache: CacheInterface) -> None:
    await cache.set("kind:a", b"1", ttl_seconds=60)
    await cache.set("kind:a", b"2", ttl_seconds=60)
    assert await cache.get("kind:a") == b"2"


async def test_what_redis_caches_lives_as_long_as_was_asked(bus: Redis) -> None:
    await RedisCache(bus).set("kind:a", b"1", ttl_seconds=60)
    assert 0 < await bus.ttl("kind:a") <= 60


async def test_a_cache_that_is_away_misses_and_raises_nothing(gone: Redis) -> None:
    cache = RedisCache(gone)
    await cache.set("kind:a", b"1", ttl_seconds=60)
    assert await cache.get_many(["kind:a", "kind:b"]) == [None, None]


# Idempotency stores

CREATED = StoredResponse(201, "application/json", b"{}")


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, bus: Redis) -> IdempotencyStoreInterface:
    return FakeIdempotencyStore() if request.param == "fake" else RedisIdempotencyStore(bus, "tests", "secret")


async def test_the_first_request_with_a_key_goes_on_and_the_next_gets_its_response(
    store: IdempotencyStoreInterface,
) -> None:
    assert await store.begin("key", "body") is None
    await store.complete("key", "body", CREATED)
    assert await store.begin("key", "body") == CREATED
    assert await store.begin("other", "body") is None


async def test_another_body_under_the_same_key_is_a_conflict(store: IdempotencyStoreInterface) -> None:
    await store.begin("key", "body")
    with pytest.raises(ConflictError):
        await store.begin("key", "another")
    await store.complete("key", "body", CREATED)
    with pytest.raises(ConflictError):
        await store.begin("key", "another")


async def test_a_request_still_being_answered_is_a_conflict(store: IdempotencyStoreInterface) -> None:
    await store.begin("key", "body")
    with pytest.raises(ConflictError):
        await store.begin("key", "body")


async def test_an_abandoned_key_is_free_again(store: IdempotencyStoreInterface) -> None:
    await store.begin("key", "body")
    await store.abandon("key")
    assert await store.begin("key", "another") is None


async def test_what_is_held_stays_reserved_and_what_is_completed_stays_so(store: IdempotencyStoreInterface) -> None:
    await store.begin("key", "body")
    await store.hold("key")
    with pytest.raises(ConflictError):
        await store.begin("key", "body")
    await store.complete("key", "body", CREATED)
    await store.hold("key")
    assert await store.begin("key", "body") == CREATED
    await store.hold("unknown")
    assert await store.begin("unknown", "body") is None


async def test_a_key_that_nobody_holds_any_more_is_free_again(bus: Redis) -> None:
    store = RedisIdempotencyStore(bus, "one", "secret", held_seconds=0.2)
    await asyncio.gather(store.begin("dead", "body"), store.begin("alive", "body"))
    while await bus.exists("idempotency:one:dead"):
        await store.hold("alive")
    assert await store.begin("dead", "body") is None
    with pytest.raises(ConflictError):
        await store.begin("alive", "body")


async def test_holding_does_not_shorten_what_is_kept(bus: Redis) -> None:
    store = RedisIdempotencyStore(bus, "one", "secret")
    await store.begin("key", "body")
    await store.complete("key", "body", CREATED)
    await store.hold("key")
    [key] = await bus.keys("idempotency:one:*")
    assert await bus.ttl(key) > 86_000


async def test_of_many_at_once_one_goes_on(store: IdempotencyStoreInterface) -> None:
    begun = await asyncio.gather(*(store.begin("key", "body") for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in begun].count(type(None)) == 1
    assert [type(one) for one in begun].count(ConflictError) == 9


async def test_stores_of_two_services_are_apart_and_their_entries_expire(bus: Redis) -> None:
    store = RedisIdempotencyStore(bus, "one", "secret")
    await store.begin("key", "body")
    assert await RedisIdempotencyStore(bus, "two", "secret").begin("key", "another") is None
    [key] = await bus.keys("idempotency:one:*")
    assert 0 < await bus.ttl(key) <= 15
    await store.complete("key", "body", CREATED)
    assert 86_000 < await bus.ttl(key) <= 86_400


async def test_a_remembered_response_is_readable_with_the_secret_only(bus: Redis) -> None:
    shown_once = StoredResponse(201, "application/json", b'{"key": "ask_once"}')
    store = RedisIdempotencyStore(bus, "one", "secret")
    await store.begin("key", "body")
    await store.complete("key", "body", shown_once)
    assert b"ask_once" not in (await bus.dump("idempotency:one:key") or b"ask_once")
    with pytest.raises(ConflictError):
        await RedisIdempotencyStore(bus, "one", "another").begin("key", "body")


async def test_a_store_that_is_away_remembers_nothing_and_raises_nothing(gone: Redis) -> None:
    store = RedisIdempotencyStore(gone, "tests", "secret")
    assert await store.begin("key", "body") is None
    await store.hold("key")
    await store.complete("key", "body", CREATED)
    await store.abandon("key")


# Answer logs


@pytest.fixture(params=KINDS)
def log(request: pytest.FixtureRequest, bus: Redis) -> AnswerLogInterface:
    return FakeAnswerLog() if request.param == "fake" else RedisAnswerLog(bus)


def frames(attempt: int, *sequences: int) -> list[LoggedFrame]:
    return [LoggedFrame(Position(attempt, one), f'{{"n":{attempt * 100 + one}}}'.encode()) for one in sequences]


async def test_a_log_is_read_in_order_from_any_position(log: AnswerLogInterface) -> None:
    answer = uuid4()
    await log.append(answer, frames(1, 1, 2))
    await log.append(answer, frames(1, 3))
    assert await log.read(answer, BEGINNING) == frames(1, 1, 2, 3)
    assert await log.read(answer, Position(1, 2)) == frames(1, 3)
    assert await log.read(answer, Position(1, 3)) == []
    assert await log.read(uuid4(), BEGINNING) == []


async def test_many_readers_at_once_each_get_their_own_log(log: AnswerLogInterface) -> None:
    answers = [uuid4() for _ in range(150)]
    for number, answer in enumerate(answers, 1):
        await log.append(answer, frames(1, number))
    impatient = asyncio.create_task(log.read(answers[0], BEGINNING))
    reading = asyncio.gather(*(log.read(answer, BEGINNING) for answer in answers))
    impatient.cancel()
    assert await reading == [frames(1, number) for number in range(1, 151)]
    assert await log.read(answers[7], BEGINNING) == frames(1, 8)


async def test_a_newer_attempt_goes_on_in_the_same_log_and_fences_the_older(log: AnswerLogInterface) -> None:
    answer = uuid4()
    await log.append(answer, frames(1, 1, 2))
    await log.append(answer, frames(2, 1))
    with pytest.raises(FencedError):
        await log.append(answer, frames(1, 3))
    assert await log.read(answer, BEGINNING) == [*frames(1, 1, 2), *frames(2, 1)]


async def test_nothing_comes_behind_the_last_frame_of_an_attempt(log: AnswerLogInterface) -> None:
    answer = uuid4()
    await log.append(answer, frames(1, 1, TERMINAL_SEQUENCE))
    with pytest.raises(FencedError):
        await log.append(answer, frames(1, 2))
    assert len(await log.read(answer, BEGINNING)) == 2


async def test_the_same_frames_again_change_nothing(log: AnswerLogInterface) -> None:
    answer = uuid4()
    await log.append(answer, frames(1, 1, 2))
    await log.append(answer, frames(1, 1, 2))
    await log.append(answer, frames(1, 2, 3))
    assert await log.read(answer, BEGINNING) == frames(1, 1, 2, 3)


async def test_another_frame_at_the_same_position_is_fenced(log: AnswerLogInterface) -> None:
    answer = uuid4()
    await log.append(answer, frames(1, 1))
    with pytest.raises(FencedError):
        await log.append(answer, [LoggedFrame(Position(1, 1), b"{}")])


async def test_an_append_wakes_those_who_listen(bus: Redis) -> None:
    answer = uuid4()
    async with open_broadcast(bus) as real:
        fake = FakeBroadcast()
        for log, broadcast in ((RedisAnswerLog(bus), real), (FakeAnswerLog(broadcast=fake), fake)):
            async with broadcast.subscribe(wake_channel(answer)) as messages:
                await log.append(answer, frames(1, 1, 2))
                assert await anext(messages) == str(Position(1, 2)).encode()


async def test_a_log_in_redis_disappears_after_a_while_and_outlives_a_restart_of_its_script(bus: Redis) -> None:
    log, answer = RedisAnswerLog(bus), uuid4()
    await log.append(answer, frames(1, 1))
    await bus.script_flush()  # as a restarted Redis has it
    await log.append(answer, frames(1, 2))
    [key] = await bus.keys("*")
    assert 890 < await bus.ttl(key) <= 900


async def test_a_log_that_is_no_log_is_not_taken_for_a_fence(bus: Redis) -> None:
    answer = uuid4()
    await bus.set(f"genlog:{{{answer}}}", "a string", ex=60)
    with pytest.raises(UpstreamUnavailableError):
        await RedisAnswerLog(bus).append(answer, frames(1, 1))


async def test_a_log_that_is_away_is_unavailable(gone: Redis) -> None:
    log = RedisAnswerLog(gone)
    with pytest.raises(UpstreamUnavailableError):
        await log.append(uuid4(), frames(1, 1))
    refusals = await asyncio.gather(*(log.read(uuid4(), BEGINNING) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in refusals] == [UpstreamUnavailableError] * 3


# Broadcasts


@pytest.fixture(params=KINDS)
async def broadcast(request: pytest.FixtureRequest, bus: Redis) -> AsyncIterator[BroadcastInterface]:
    if request.param == "fake":
        yield FakeBroadcast()
        return
    async with open_broadcast(bus) as real:
        yield real


async def test_everyone_who_listens_hears_in_order_and_nobody_else(broadcast: BroadcastInterface) -> None:
    await broadcast.publish("news", b"before anyone listened")
    async with broadcast.subscribe("news") as first, broadcast.subscribe("news") as second:
        await broadcast.publish("other", b"not for us")
        await broadcast.publish("news", b"1")
        await broadcast.publish("news", b"2")
        for messages in (first, second):
            assert [await anext(messages), await anext(messages)] == [b"1", b"2"]


async def test_whoever_left_may_come_again(broadcast: BroadcastInterface) -> None:
    for turn in (b"1", b"2"):
        async with broadcast.subscribe("news") as messages:
            await broadcast.publish("news", turn)
            assert await anext(messages) == turn


async def test_a_broadcast_that_is_away_is_unavailable(gone: Redis) -> None:
    with pytest.raises(UpstreamUnavailableError):
        await RedisBroadcast(gone).publish("news", b"1")


# Queues


@pytest.mark.parametrize("make", [lambda _: FakeQueue(), RedisMessageQueue], ids=KINDS)
async def test_a_queue_takes_any_number_of_events(make: Callable[[Redis], MessageQueueInterface], bus: Redis) -> None:
    queue = make(bus)
    await queue.publish([])
    await queue.publish([JobQueued(job_id=uuid4()), QuestionAccepted(conversation_id=uuid4(), generation_id=uuid4())])


async def test_events_lie_in_the_stream_of_their_partition_as_they_were(bus: Redis) -> None:
    events = [QuestionAccepted(conversation_id=uuid4(), generation_id=uuid4()) for _ in range(8)]
    await RedisMessageQueue(bus).publish(events)
    for event in events:
        entries: Any = await bus.xrange(event.stream)
        found = [QuestionAccepted.model_validate_json(fields[b"event"]) for _, fields in entries]
        assert event in found


async def test_a_queue_that_is_away_is_unavailable(gone: Redis) -> None:
    with pytest.raises(UpstreamUnavailableError):
        await RedisMessageQueue(gone).publish([JobQueued(job_id=uuid4())])
