"""`SingleFlightInterface` on Redis: a cache, and a lock that ends by itself beside every key that is being made."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flash_core.clients.cache import RedisCache
from flash_core.clients.redis import for_a_moment
from flash_core.interfaces.single_flight import Fetched, Made, Origin, SingleFlightInterface
from flash_core.utils.ids import new_id
from flash_core.utils.shared_calls import SharedCalls

log = structlog.get_logger(__name__)

_FIRST_LOOK_SECONDS: Final = 0.005
_SLOWEST_LOOK_SECONDS: Final = 0.1
_SLOWER: Final = 1.5
_LEASE_SECONDS: Final = 10.0
_RENEWALS_A_LEASE: Final = 4
_UNLOCK: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_KEEP: Final = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)


class RedisSingleFlight(SingleFlightInterface):
    """The value is stored before the lock goes, so whoever waited for the lock finds it.

    A process renews the lock while it makes the value; one that dies holds others up for `lease_seconds`, not longer.
    """

    def __init__(self, redis: Redis, *, lease_seconds: float = _LEASE_SECONDS) -> None:
        self._redis = redis
        self._lease_ms = round(lease_seconds * 1_000)
        self._cache = RedisCache(redis)
        self._calls: SharedCalls[Fetched] = SharedCalls()

    async def fetch(self, key: str, origin: Origin, *, ttl_seconds: int, patience_seconds: float = 10.0) -> Fetched:
        call = partial(self._fetch, key, origin, ttl_seconds, patience_seconds)
        fetched, joined = await self._calls.run(key, call)
        return Fetched(fetched.value, shared=True) if joined else fetched

    async def _fetch(self, key: str, origin: Origin, ttl_seconds: int, patience_seconds: float) -> Fetched:
        deadline = asyncio.get_running_loop().time() + patience_seconds
        value = await self._cache.get(key)
        while value is None:
            holder = str(new_id())
            locked, value = await self._lock(key, holder)
            if value is None and (locked or not await self._unlocked(key, deadline)):
                return Fetched(await self._made(key, origin, ttl_seconds, holder), shared=False)
            if locked:
                await self._release(key, holder)
        return Fetched(value, shared=True)

    async def _made(self, key: str, origin: Origin, ttl_seconds: int, holder: str) -> bytes:
        value: bytes | None = None
        renewing = asyncio.create_task(self._renewed(key, holder))
        try:
            made: Made = await origin()
            value = made.value if made.keep else None
        finally:
            renewing.cancel()
            await self._release(key, holder, value, ttl_seconds)
        return made.value

    async def _renewed(self, key: str, holder: str) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / _RENEWALS_A_LEASE / 1_000)
            with suppress(RedisError):
                async with for_a_moment():
                    await self._redis.eval(_KEEP, 1, _lock_key(key), holder, self._lease_ms)

    async def _lock(self, key: str, holder: str) -> tuple[bool, bytes | None]:
        """Whether this process may make the value now; and the value, if somebody has made it in between."""
        try:
            async with for_a_moment(), self._redis.pipeline(transaction=False) as pipe:
                pipe.set(_lock_key(key), holder, nx=True, get=True, px=self._lease_ms)
                pipe.get(key)
                held_by, value = await pipe.execute()
        except RedisError as error:
            log.warning("single_flight.alone", error=type(error).__name__)
            return True, None
        # Its own name: redis-py repeated a command whose answer got lost.
        return held_by is None or held_by == holder.encode(), value

    async def _unlocked(self, key: str, deadline: float) -> bool:
        """Wait until nobody makes the value any more; False if that takes too long, or Redis is away."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_LOOK_SECONDS
        while loop.time() < deadline:
            await asyncio.sleep(pause)
            pause = min(pause * _SLOWER, _SLOWEST_LOOK_SECONDS)
            try:
                async with for_a_moment():
                    if not await self._redis.exists(_lock_key(key)):
                        return True
            except RedisError:
                return False
        return False

    async def _release(self, key: str, holder: str, value: bytes | None = None, ttl_seconds: int = 0) -> None:
        """Store `value`, if there is one, and then give the lock back, in one go."""
        try:
            async with for_a_moment(), self._redis.pipeline(transaction=False) as pipe:
                if value is not None:
                    pipe.set(key, value, ex=ttl_seconds)
                pipe.eval(_UNLOCK, 1, _lock_key(key), holder)
                await pipe.execute()
        except RedisError as error:
            log.warning("single_flight.unlock_failed", error=type(error).__name__)


def _lock_key(key: str) -> str:
    return f"making:{key}"
