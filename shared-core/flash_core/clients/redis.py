"""Connections to Redis, by any of the URLs that the settings allow."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.health import HealthCheckInterface

_SENTINEL_PORT = 26379
_SOCKET_SECONDS = 5.0
_CONNECT_SECONDS = 2.0


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client that answers in bytes and reconnects by itself; connects at the first command.

    `redis+sentinel://[user:password@]h1:26379,h2:26379/master-name[/db]` follows the master that the sentinels name.
    """
    client = _by_sentinel(url) if url.startswith("redis+sentinel://") else Redis.from_url(url, **_options())
    try:
        yield client
    finally:
        await client.aclose()


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


def _by_sentinel(url: str) -> Redis:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    master, _, database = parts.path.strip("/").partition("/")
    sentinels = [
        (host, int(port or _SENTINEL_PORT)) for host, _, port in (one.partition(":") for one in hosts.split(","))
    ]
    # The sentinels' own time-outs: given to Sentinel(...) they would leak into the clients and break blocking reads.
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]  # redis-py gives it no types
        sentinels, sentinel_kwargs={"socket_timeout": _CONNECT_SECONDS, "socket_connect_timeout": _CONNECT_SECONDS}
    )
    options = _options()
    if password:
        options |= {"username": unquote(user) or None, "password": unquote(password)}
    client: Redis = sentinel.master_for(master, db=int(database or 0), **options)
    return client


@contextmanager
def translated_errors() -> Iterator[None]:
    """Keep redis-py's exceptions inside the adapters."""
    try:
        yield
    except RedisError as error:
        raise UpstreamUnavailableError("Redis did not answer.") from error


class RedisHealth(HealthCheckInterface):
    name = "redis"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def check(self) -> None:
        with translated_errors():
            await self._redis.ping()
