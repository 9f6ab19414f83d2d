"""Limits are the same on Redis and in the fake."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from flash_core.clients.rate_limit import RedisRateLimiter
from flash_core.interfaces.rate_limit import RateLimit, RateLimiterInterface
from flash_core.testing.fakes import FakeRateLimiter, FrozenClock
from flash_core.utils.clock import SystemClock

SLOW = RateLimit(count=1, seconds=3_600, burst=3)
FAST = RateLimit(count=1_000, seconds=1, burst=2)

Make = Callable[[Redis], RateLimiterInterface]
BOTH = pytest.mark.parametrize(
    "make", [lambda _: FakeRateLimiter(SystemClock()), RedisRateLimiter], ids=["fake", "redis"]
)


@BOTH
async def test_a_burst_passes_and_then_one_has_to_wait(make: Make, redis: Redis) -> None:
    limiter = make(redis)
    assert [await limiter.take("ann", SLOW) for _ in range(3)] == [0, 0, 0]
    for _ in range(2):  # being refused costs nothing
        assert 3_590 < await limiter.take("ann", SLOW) <= 3_600
    assert await limiter.take("bob", SLOW) == 0


@BOTH
async def test_what_costs_more_uses_more(make: Make, redis: Redis) -> None:
    limiter = make(redis)
    assert await limiter.take("ann", SLOW, cost=2) == 0
    assert await limiter.take("ann", SLOW, cost=2) > 0
    assert await limiter.take("ann", SLOW) == 0


@BOTH
async def test_what_is_given_back_can_be_taken_again(make: Make, redis: Redis) -> None:
    limiter = make(redis)
    for _ in range(10):
        assert await limiter.take("ann", SLOW) == 0
        await limiter.give_back("ann", SLOW)
    await limiter.give_back("ann", SLOW)  # more than was taken is not saved up
    assert [await limiter.take("ann", SLOW) == 0 for _ in range(4)] == [True, True, True, False]


@BOTH
async def test_time_earns_again(make: Make, redis: Redis) -> None:
    limiter = make(redis)
    taken = 0
    while taken < 10:  # five times the burst
        taken += await limiter.take("ann", FAST) == 0


async def test_counters_in_redis_disappear_by_themselves(redis: Redis) -> None:
    limiter = RedisRateLimiter(redis)
    await limiter.take("ann", SLOW)
    assert 3_590 < await redis.ttl("rate:{ann}") <= 3_601
    await limiter.give_back("ann", SLOW)
    assert not await redis.exists("rate:{ann}")


async def test_without_redis_everything_is_allowed() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as away:
        limiter = RedisRateLimiter(away)
        assert [await limiter.take("ann", SLOW) for _ in range(10)] == [0] * 10


@given(
    waits=st.lists(st.floats(0, 5), min_size=1, max_size=60),
    count=st.integers(1, 20),
    burst=st.integers(1, 10),
)
async def test_in_no_span_of_time_more_passes_than_the_limit_says(waits: list[float], count: int, burst: int) -> None:
    clock = FrozenClock(SystemClock().now())
    limit = RateLimit(count=count, seconds=10, burst=burst)
    limiter = FakeRateLimiter(clock)
    passed: list[float] = []
    for wait in waits:
        clock.advance(seconds=wait)
        if await limiter.take("ann", limit) == 0:
            passed.append(clock.at.timestamp())
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            span = passed[last] - passed[first]
            assert last - first + 1 <= burst + span / limit.interval + 1e-3
