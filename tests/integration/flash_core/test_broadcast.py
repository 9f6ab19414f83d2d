"""Pub/sub on a real Redis: who listens hears, and whoever may have missed something is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from flash_core.clients.redis import open_redis
from flash_core.messaging.broadcast import GAP, RedisBroadcast, open_broadcast
from flash_core.testing.waiting import eventually
from tests.integration.flash_core.conftest import Proxy, through


@pytest.fixture
async def proxied(redis_url: str, redis_proxy: Proxy) -> AsyncIterator[RedisBroadcast]:
    """A broadcast whose connections a test can break."""
    async with open_redis(through(redis_proxy, redis_url)) as client, open_broadcast(client) as broadcast:
        yield broadcast


async def test_nothing_published_after_subscribing_is_missed_by_anyone_however_they_come_and_go(bus: Redis) -> None:
    async with open_broadcast(bus) as broadcast:

        async def one_listener(number: int) -> bytes:
            async with broadcast.subscribe(f"channel {number % 3}") as messages:
                await bus.publish(f"channel {number % 3}", f"{number}")
                async for message in messages:
                    if message == f"{number}".encode():
                        return message
            raise AssertionError

        heard = await asyncio.gather(*(one_listener(number) for number in range(60)))
        assert heard == [f"{number}".encode() for number in range(60)]
        await eventually(lambda: _subscribers(bus, "channel 0", 0))


async def test_one_subscription_serves_all_listeners_of_a_channel(bus: Redis) -> None:
    async with (
        open_broadcast(bus) as broadcast,
        broadcast.subscribe("news") as first,
        broadcast.subscribe("news") as second,
    ):
        assert await _subscribers(bus, "news", 1)
        await bus.publish("news", "hello")
        assert [await anext(first), await anext(second)] == [b"hello", b"hello"]


async def test_a_broken_connection_is_rebuilt_and_every_listener_hears_of_the_gap(
    bus: Redis, proxied: RedisBroadcast, redis_proxy: Proxy
) -> None:
    async with proxied.subscribe("news") as messages:
        redis_proxy.cut()
        assert await anext(messages) == GAP
        await bus.publish("news", "after")
        assert await anext(messages) == b"after"


async def test_a_deaf_connection_is_noticed_and_rebuilt(
    bus: Redis, proxied: RedisBroadcast, redis_proxy: Proxy
) -> None:
    async with proxied.subscribe("news") as messages:
        redis_proxy.hold()
        next_message = asyncio.ensure_future(anext(messages))
        await eventually(lambda: proxied._heard and not proxied._channels["news"]._live.is_set())
        redis_proxy.release()
        assert await next_message == GAP
        await bus.publish("news", "after")
        assert await anext(messages) == b"after"


async def test_whoever_comes_while_redis_is_away_goes_on_and_hears_of_the_gap(
    bus: Redis, proxied: RedisBroadcast, redis_proxy: Proxy
) -> None:
    redis_proxy.hold()
    async with proxied.subscribe("news") as messages:
        redis_proxy.release()
        assert await anext(messages) == GAP
        await bus.publish("news", "after")
        assert await anext(messages) == b"after"


async def test_a_listener_that_does_not_read_loses_its_backlog_and_is_told(bus: Redis) -> None:
    async with open_broadcast(bus) as broadcast, broadcast.subscribe("news") as messages:
        async with bus.pipeline(transaction=False) as pipe:
            for number in range(1_001):
                pipe.publish("news", str(number))
            await pipe.execute()
        async with broadcast.subscribe("end") as end:
            await bus.publish("end", "x")
            await anext(end)
        assert await anext(messages) == GAP


async def _subscribers(bus: Redis, channel: str, expected: int) -> bool:
    [(_, count)] = await bus.pubsub_numsub(channel)
    return int(count) == expected
