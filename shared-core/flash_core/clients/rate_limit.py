"""`RateLimiterInterface` on Redis: the generic cell rate algorithm in one call, on Redis' own clock.

A key holds the theoretical arrival time (TAT) in microseconds: when the caller's whole burst is free again. A request
of cost c moves it c intervals ahead and is allowed if that is at most a burst ahead of now (ITU-T I.371, GCRA).
"""

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flash_core.clients.redis import for_a_moment
from flash_core.interfaces.rate_limit import RateLimit, RateLimiterInterface

log = structlog.get_logger(__name__)

_MICROSECONDS = 1_000_000
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval * cost
local wait = arrival - interval * burst - now
if wait > 0 then return string.format('%.0f', wait) end
if arrival <= now then redis.call('DEL', KEYS[1]) return '0' end
redis.call('SET', KEYS[1], string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000) + 1)
return '0'
"""


class RedisRateLimiter(RateLimiterInterface):
    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_TAKE)

    async def take(self, key: str, limit: RateLimit, cost: int = 1) -> float:
        arguments = [round(limit.interval * _MICROSECONDS), limit.burst, cost]
        try:
            async with for_a_moment():
                wait = await self._script(keys=[f"rate:{{{key}}}"], args=arguments)
        except RedisError as error:
            log.warning("rate_limit.away", error=type(error).__name__)
            return 0.0
        return int(wait) / _MICROSECONDS

    async def give_back(self, key: str, limit: RateLimit, cost: int = 1) -> None:
        await self.take(key, limit, -cost)
