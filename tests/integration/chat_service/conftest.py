"""The chat service for real: uvicorn, PostgreSQL, Valkey. Only who is asking is a fake."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx2
import pytest
import uvicorn
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from chat_service.composition import Container, compose
from chat_service.database.tables import METADATA
from chat_service.main import SPEC
from chat_service.services.socket_login import SocketDoor
from flash_core.database.context import ServiceDatabaseContext
from flash_core.testing.fakes import FakeAuthenticator
from flash_core.utils.clock import SystemClock
from flash_core.web.app import create_app
from tests.integration.chat_service.worker import Worker
from tests.unit.chat_service.people import ALICE, BOB, FakeTickets

Environment = pytest.MonkeyPatch


@dataclass
class Replica:
    """One running chat service, with clients of two users and of a sibling service."""

    url: str
    container: Container
    server: uvicorn.Server
    users: FakeAuthenticator
    tickets: FakeTickets
    alice: httpx2.AsyncClient
    bob: httpx2.AsyncClient
    sibling: httpx2.AsyncClient

    @property
    def socket_url(self) -> str:
        return f"{self.url.replace('http', 'ws')}/ws/v1/chat"


StartReplica = Callable[[], AbstractAsyncContextManager[Replica]]


@pytest.fixture
async def database(postgres_url: str) -> str:
    """An empty chat database."""
    engine = create_async_engine(postgres_url)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    await engine.dispose()
    return postgres_url


@pytest.fixture
def environment(database: str, redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Settings for impatient replicas; a test may change them before it starts one."""
    settings = {
        "DATABASE_URL_CHAT": database,
        "REDIS_URL": redis_url,
        "INTERNAL_KEY": "k" * 32,
        "CHAT_RECONCILE_SECONDS": "0.05",
        "CHAT_SILENCE_SECONDS": "0.1",
        "CHAT_HEARTBEAT_SECONDS": "0.1",
        "CHAT_RECHECK_SECONDS": "0.1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def start_replica(environment: pytest.MonkeyPatch) -> StartReplica:
    users = FakeAuthenticator({"alice": ALICE, "bob": BOB})
    return lambda: _running(users)


@pytest.fixture
async def replica(start_replica: StartReplica) -> AsyncIterator[Replica]:
    async with start_replica() as one:
        yield one


@asynccontextmanager
async def _running(users: FakeAuthenticator) -> AsyncIterator[Replica]:
    kept: list[Container] = []
    tickets = FakeTickets()

    @asynccontextmanager
    async def with_fake_identity() -> AsyncIterator[Container]:
        async with compose() as container:
            door = SocketDoor(users, tickets, SystemClock())
            kept.append(replace(container, authenticator=users, door=door))
            yield kept[0]

    app = create_app(replace(SPEC, compose=with_fake_identity))
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(app, ws="websockets-sansio", ws_max_size=1 << 20, log_config=None, timeout_graceful_shutdown=5)
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await eventually(lambda: server.started or serving.done())
    await eventually(lambda: _is_settled(kept[0]))
    clients = [httpx2.AsyncClient(base_url=url, headers=headers, timeout=10) for headers in _HEADERS]
    try:
        yield Replica(url, kept[0], server, users, tickets, *clients)
    finally:
        for client in clients:
            await client.aclose()
        await app.state.drain()
        server.should_exit = True
        await serving


def _is_settled(container: Container) -> bool:
    """The workers have their connections: a task that is cancelled while it connects leaves one behind."""
    [database] = [check for check in container.health if isinstance(check, ServiceDatabaseContext)]
    pool: Any = database._engine.pool
    return bool(pool.checkedin() > 0 and pool.checkedout() == 0)


_HEADERS = (
    {"Authorization": "Bearer alice"},
    {"Authorization": "Bearer bob"},
    {"X-Flash-Service-Token": "service"},
)


async def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until `condition()`, or what it awaits, is true."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return
            await asyncio.sleep(0.01)


@dataclass
class Sql:
    """A look into the database, past the service."""

    url: str
    statements: list[str] = field(default_factory=list)

    async def __call__(self, statement: str, **values: Any) -> list[Any]:
        engine = create_async_engine(self.url)
        try:
            async with engine.begin() as connection:
                result = await connection.execute(text(statement), values)
                return [tuple(row) for row in result.all()] if result.returns_rows else []
        finally:
            await engine.dispose()

    async def age(self, seconds: float, generation_id: UUID | str | None = None) -> None:
        """Make as if this much time had passed for a generation, or for all of them."""
        await self(
            "UPDATE generation SET lease_until = lease_until - :by * interval '1 second',"
            " deadline = deadline - :by * interval '1 second', announced_at = announced_at - :by * interval '1 second'"
            " WHERE CAST(:id AS uuid) IS NULL OR id = CAST(:id AS uuid)",
            by=seconds,
            id=str(generation_id) if generation_id else None,
        )


@pytest.fixture
def sql(database: str) -> Sql:
    return Sql(database)


@pytest.fixture
async def worker(replica: Replica, redis_url: str) -> AsyncIterator[Worker]:
    async with Redis.from_url(redis_url, protocol=2) as redis:
        yield Worker(replica.sibling, redis)


async def ask(client: httpx2.AsyncClient, content: str = "How many holidays?", **body: Any) -> dict[str, Any]:
    """Ask in a new conversation (or in `conversation_id`): the ids of all three."""
    conversation = body.pop("conversation_id", None)
    if conversation is None:
        conversation = (await client.post("/api/v1/conversations", json={})).json()["id"]
    headers = {"Idempotency-Key": body.pop("key")} if "key" in body else {}
    response = await client.post(
        f"/api/v1/conversations/{conversation}/messages", json={"content": content, **body}, headers=headers
    )
    assert response.status_code == 202, response.text
    return {**response.json(), "conversation_id": conversation}


async def answer_of(client: httpx2.AsyncClient, answer_id: str) -> dict[str, Any]:
    response = await client.get(f"/api/v1/answers/{answer_id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found
