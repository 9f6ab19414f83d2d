"""Connections to Redis, by any of the URLs that the settings allow."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.health import HealthCheckInterface

_SENTINEL_PORT = 26379
_SOCKET_SECONDS = 5.0
_CONNECT_SECONDS = 2.0
_POOL_SECONDS = 5.0
_CONNECTIONS = 200
_MOMENT_SECONDS = 1.0
_NOT_WRITING = "Redis can't write to its disk, which may be full. Make room."


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client that answers in bytes and reconnects by itself; connects at the first command.

    `redis+sentinel://[user:password@]h1:26379,h2:26379/master-name[/db]` follows the master that the sentinels name.
    """
    async with AsyncExitStack() as stack:
        if url.startswith("redis+sentinel://"):
            yield await _by_sentinel(url, stack)
        else:
            pool = BlockingConnectionPool.from_url(
                url, max_connections=_CONNECTIONS, timeout=_POOL_SECONDS, **_options()
            )
            yield await stack.enter_async_context(Redis.from_pool(pool))


def _options() -> dict[str, Any]:
    return {
        "protocol": 2,
        "socket_timeout": _SOCKET_SECONDS,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError],
    }


async def _by_sentinel(url: str, stack: AsyncExitStack) -> Redis:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    master, _, database = parts.path.strip("/").partition("/")
    if not master:
        raise ValueError("REDIS_URL must name the master: redis+sentinel://host1:26379,host2:26379/master-name")
    addresses = [urlsplit(f"//{one}") for one in hosts.split(",")]
    # The sentinels' own time-outs: given to Sentinel(...) they would leak into the clients and break blocking reads.
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]  # redis-py gives it no types
        [(one.hostname, one.port or _SENTINEL_PORT) for one in addresses],
        sentinel_kwargs={
            "protocol": 2,
            "socket_timeout": _CONNECT_SECONDS,
            "socket_connect_timeout": _CONNECT_SECONDS,
            "retry": Retry(NoBackoff(), 0),  # the next sentinel is asked instead
        },
    )
    for one in sentinel.sentinels:
        await stack.enter_async_context(one)
    options = _options() | {"max_connections": _CONNECTIONS}
    if password:
        options |= {"username": unquote(user) or None, "password": unquote(password)}
    client: Redis = await stack.enter_async_context(sentinel.master_for(master, db=int(database or 0), **options))
    return client


@asynccontextmanager
async def for_a_moment() -> AsyncIterator[None]:
    """A time limit for what a request can do without: a Redis that hangs must not hold it up.

    Raises redis-py's own time-out, as a Redis that is away does.
    """
    try:
        async with asyncio.timeout(_MOMENT_SECONDS):
            yield
    except TimeoutError as error:
        raise RedisTimeoutError(f"no answer within {_MOMENT_SECONDS:g} s") from error


@contextmanager
def translated_errors() -> Iterator[None]:
    """Keep redis-py's exceptions inside the adapters."""
    try:
        yield
    except RedisError as error:
        detail = _NOT_WRITING if str(error).startswith("MISCONF") else "Redis did not answer."
        raise UpstreamUnavailableError(detail) from error


class RedisHealth(HealthCheckInterface):
    name = "redis"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def check(self) -> None:
        with translated_errors():
            await self._redis.ping()
