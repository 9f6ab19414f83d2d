"""Real servers for the tests that need them: one Valkey and one PostgreSQL a test process, started when asked for."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from redis.asyncio import Redis

from local_fleet.ports import pick
from local_fleet.postgres import SETTINGS, SUPERUSER, UNSAFE_BUT_FAST, PostgresServer
from local_fleet.probes import wait_until
from local_fleet.process import Process, last_lines, spawn
from local_fleet.valkey import ValkeyServer

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
    ]
)


@contextmanager
def running(process: Process, log: Path) -> Iterator[None]:
    """A server for the time of the block; the kernel ends it too if the tests are killed."""
    child = spawn(process, log)
    try:
        if not wait_until(lambda: child.poll() is not None or process.ready(), 20) or child.returncode is not None:
            pytest.fail(f"{process.name} did not start:\n{last_lines(log)}")
        yield
    finally:
        child.send_signal(process.stop_signal)
        child.wait(process.stop_seconds)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of this test process' own Valkey (calls itself Redis 7.2)."""
    home = tmp_path_factory.mktemp("valkey")
    server = ValkeyServer(home / "data", home / "valkey.conf", pick(set()), secrets.token_hex(8))
    with running(server.process(), home / "log"):
        yield server.url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis; replies are decoded text."""
    async with Redis.from_url(redis_url, decode_responses=True, protocol=2) as client:
        await client.flushdb()
        yield client


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """This test process' own cluster."""
    home = tmp_path_factory.mktemp("postgres")
    settings = {**SETTINGS, **UNSAFE_BUT_FAST}
    server = PostgresServer(home / "data", pick(set()), secrets.token_hex(8), settings)
    server.initialise()
    with running(server.process(), home / "log"):
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The asyncpg address of a fresh, empty database that only this test sees."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name, postgres_server.password, role=SUPERUSER)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
