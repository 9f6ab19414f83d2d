"""`CacheInterface` on Redis."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flash_core.clients.redis import for_a_moment
from flash_core.interfaces.cache import CacheInterface

log = structlog.get_logger(__name__)
LOOKUPS = Counter("flash_cache_lookups_total", "Cache look-ups by kind of key and result.", ["kind", "result"])


class RedisCache(CacheInterface):
    """The part of a key before its first colon is its kind, for the metrics."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        try:
            # Not MGET: in a cluster the keys lie on several nodes.
            async with for_a_moment(), self._redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.get(key)
                values: list[Any] = await pipe.execute()
        except RedisError as error:
            log.warning("cache.away", error=type(error).__name__)
            values = [None] * len(keys)
        kind = keys[0].partition(":")[0]
        hits = sum(value is not None for value in values)
        LOOKUPS.labels(kind, "hit").inc(hits)
        LOOKUPS.labels(kind, "miss").inc(len(values) - hits)
        return values

    async def set_many(self, values: Mapping[str, bytes], ttl_seconds: int) -> None:
        try:
            async with for_a_moment(), self._redis.pipeline(transaction=False) as pipe:
                for key, value in values.items():
                    pipe.set(key, value, ex=ttl_seconds)
                await pipe.execute()
        except RedisError as error:
            log.warning("cache.away", error=type(error).__name__)
