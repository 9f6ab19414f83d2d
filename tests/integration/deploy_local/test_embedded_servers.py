"""The embedded servers behave like the real ones where the fleet relies on it."""

import signal
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from local_fleet.postgres import PostgresServer
from local_fleet.probes import wait_until
from local_fleet.process import spawn
from tests.conftest import running


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_every_test_gets_an_empty_redis(redis: Redis) -> None:
    assert await redis.dbsize() == 0
    await redis.xadd("q:{work}", {"a": "1"})
    assert (await redis.config_get("appendonly"))["appendonly"] == "yes"


async def test_every_test_gets_an_empty_redis_again(redis: Redis) -> None:
    assert await redis.dbsize() == 0


async def test_redis_wants_its_password(redis_url: str) -> None:
    wrong = redis_url.replace("redis://:", "redis://:not-")
    async with Redis.from_url(wrong, protocol=2) as client:
        with pytest.raises(AuthenticationError):
            await client.ping()


async def test_every_test_gets_an_empty_database(postgres_url: str) -> None:
    connection = await asyncpg.connect(plain(postgres_url))
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.execute("CREATE EXTENSION pg_trgm")
    assert await connection.fetchval("SELECT lower('ÄRGER')") == "ärger"
    await connection.close()


async def test_a_role_opens_its_own_database_only(postgres_server: PostgresServer) -> None:
    for _ in range(2):
        postgres_server.provide({"kitchen": "kitchen-secret", "cellar": "cellar-secret"})
    own = await asyncpg.connect(plain(postgres_server.url("kitchen", "kitchen-secret")))
    assert (
        await own.fetchval("SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'kitchen'")
        is False
    )
    await own.execute("CREATE TABLE pots (id int)")
    await own.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(plain(postgres_server.url("kitchen", "wrong")))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(plain(postgres_server.url("cellar", "kitchen-secret", role="kitchen")))


def test_a_killed_cluster_comes_back_with_what_was_committed(tmp_path: Path, postgres_server: PostgresServer) -> None:
    server = PostgresServer(tmp_path / "data", postgres_server.port + 1, "secret")
    server.initialise()
    server.initialise()
    child = spawn(server.process(), tmp_path / "log")
    assert wait_until(server.process().ready, 10)
    server.execute("CREATE TABLE kept AS SELECT 1 AS one")
    child.send_signal(signal.SIGKILL)
    child.wait()
    with running(server.process(), tmp_path / "log"):
        assert server.execute("SELECT one FROM kept") == "1"
