"""The auth service as it runs, on its own PostgreSQL database and Valkey."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from asgi_lifespan import LifespanManager
from httpx2 import ASGITransport, AsyncClient
from redis.asyncio import Redis

from auth_service.composition import compose
from auth_service.config import AuthSettings
from auth_service.main import SPEC
from flash_core.database.migrate import upgrade
from flash_core.web.app import create_app
from local_fleet.postgres import SUPERUSER, PostgresServer
from tests.integration.auth_service.people import ADMIN_EMAIL, ADMIN_PASSWORD, INTERNAL_KEY, Someone, sign_in


@pytest.fixture(scope="session")
def template(postgres_server: PostgresServer) -> str:
    """A migrated database to copy: migrating one for each test takes longer than most tests."""
    name = f"template_{secrets.token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    upgrade("auth_service", postgres_server.url(name, postgres_server.password, role=SUPERUSER))
    return name


@pytest.fixture
def database_url(postgres_server: PostgresServer, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield postgres_server.url(name, postgres_server.password, role=SUPERUSER)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(database_url: str, redis: Redis, redis_url: str) -> AuthSettings:
    return AuthSettings(
        database_url_auth=database_url,
        redis_url=redis_url,
        internal_key=INTERNAL_KEY,
        askflash_admin_email=ADMIN_EMAIL,
        askflash_admin_password=ADMIN_PASSWORD,
    )


@asynccontextmanager
async def running(settings: AuthSettings) -> AsyncIterator[AsyncClient]:
    app = create_app(replace(SPEC, compose=partial(compose, settings)))
    async with (
        LifespanManager(app) as manager,
        AsyncClient(transport=ASGITransport(app=manager.app), base_url="http://auth") as client,
    ):
        yield client


@pytest.fixture
async def client(settings: AuthSettings) -> AsyncIterator[AsyncClient]:
    async with running(settings) as client:
        yield client


@pytest.fixture
async def admin(client: AsyncClient) -> Someone:
    return await sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD)
