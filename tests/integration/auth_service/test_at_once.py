"""What two do at the same moment, in the database and across replicas."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from httpx2 import AsyncClient
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from auth_service.config import AuthSettings
from flash_core.database.migrate import alembic_config, check
from tests.integration.auth_service.conftest import running
from tests.integration.auth_service.people import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    PASSWORD,
    Someone,
    ask_token,
    new_user,
    sign_in,
)


async def test_the_migrations_lead_to_the_tables(database_url: str) -> None:
    await asyncio.to_thread(check, "auth_service", database_url)


async def test_the_migrations_can_be_undone(database_url: str) -> None:
    from alembic import command  # noqa: PLC0415  # nothing else here needs it

    await asyncio.to_thread(command.downgrade, alembic_config("auth_service", database_url), "base")
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        tables = set(await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
    await engine.dispose()
    assert tables == {"alembic_version"}


@pytest.mark.parametrize("_", range(3))
async def test_of_two_refreshes_at_once_one_wins_and_the_session_ends(admin: Someone, _: int) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": admin.refresh_token}
    answers = await asyncio.gather(*(ask_token(admin.client, **form) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert (await Someone(admin.client, winner["access_token"], "").me()).status_code == 401
    follow_up = await ask_token(admin.client, grant_type="refresh_token", refresh_token=winner["refresh_token"])
    assert follow_up.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("_", range(3))
async def test_signing_out_while_refreshing_leaves_no_session(admin: Someone, _: int) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": admin.refresh_token}
    refreshed, signed_out = await asyncio.gather(ask_token(admin.client, **form), admin.post("/api/v1/auth/logout"))
    assert (refreshed.status_code in {200, 400}, signed_out.status_code) == (True, 204)
    token = refreshed.json().get("refresh_token", admin.refresh_token)
    assert (await ask_token(admin.client, grant_type="refresh_token", refresh_token=token)).status_code == 400


async def test_replicas_that_start_together_make_one_administrator_and_share_their_keys(settings: AuthSettings) -> None:
    async with AsyncExitStack() as stack:
        replicas = await asyncio.gather(*(stack.enter_async_context(running(settings)) for _ in range(4)))
        published = [(await replica.get("/.well-known/jwks.json")).json() for replica in replicas]
        assert all(keys == published[0] for keys in published)
        admin = await sign_in(replicas[0], ADMIN_EMAIL, ADMIN_PASSWORD)
        assert len((await admin.get("/api/v1/users")).json()["items"]) == 1
        elsewhere = Someone(replicas[1], admin.access_token, "")
        assert (await elsewhere.me()).status_code == 200
        await admin.post("/api/v1/auth/logout")
        assert (await elsewhere.me()).status_code == 401


async def test_a_restart_keeps_the_sessions(settings: AuthSettings) -> None:
    async with running(settings) as client:
        admin = await sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD)
    async with running(settings) as client:
        assert (await Someone(client, admin.access_token, "").me()).status_code == 200


async def test_another_internal_key_makes_new_signing_keys(settings: AuthSettings) -> None:
    async with running(settings) as client:
        admin = await sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD)
    other = settings.model_validate({**settings.model_dump(), "internal_key": "another key" * 4})
    async with running(other) as client:
        assert (await Someone(client, admin.access_token, "").me()).status_code == 200  # the old one is still published
        assert (await (await sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD)).me()).status_code == 200


async def test_two_administrators_can_not_remove_each_other(client: AsyncClient, admin: Someone) -> None:
    await new_user(admin, "root@example.com", roles=["admin"])
    root = await sign_in(client, "root@example.com")
    ids = [(await one.me()).json()["id"] for one in (admin, root)]
    answers = await asyncio.gather(
        admin.call("PATCH", f"/api/v1/users/{ids[1]}", json={"roles": ["user"]}),
        root.call("PATCH", f"/api/v1/users/{ids[0]}", json={"disabled": True}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_users_made_at_once_share_their_new_groups(admin: Someone) -> None:
    bodies = [
        {"email": f"user{number}@example.com", "password": PASSWORD, "groups": ["b", "a", "c"]} for number in range(6)
    ]
    answers = await asyncio.gather(*(admin.post("/api/v1/users", body) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * 6
    groups = (await admin.get("/api/v1/groups")).json()["items"]
    assert {group["name"]: len(group["members"]) for group in groups} == {"a": 6, "b": 6, "c": 6}


async def test_one_email_made_twice_at_once_is_made_once(admin: Someone) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD}
    answers = await asyncio.gather(*(admin.post("/api/v1/users", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_without_redis_people_still_sign_in(settings: AuthSettings) -> None:
    async with running(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})) as client:
        admin = await sign_in(client, ADMIN_EMAIL, ADMIN_PASSWORD)
        assert (await admin.me()).status_code == 200
        ticket = await admin.post("/api/v1/auth/ws-ticket")
        assert (ticket.status_code, ticket.json()["type"]) == (503, "urn:flash:upstream-unavailable")
        assert "retry-after" in ticket.headers
        assert (await client.get("/health/ready")).status_code == 503


async def test_every_key_in_redis_has_an_end(client: AsyncClient, admin: Someone, redis: Redis) -> None:
    user = await new_user(admin, "ann@example.com")
    ann = await sign_in(client, "ann@example.com")
    await client.post("/api/v1/auth/login", json={"email": "ann@example.com", "password": "wrong"})
    key = await ann.made("/api/v1/api-keys", {"name": "laptop"})
    await ann.post("/api/v1/auth/ws-ticket")
    await ann.call("DELETE", f"/api/v1/api-keys/{key['id']}")
    await admin.call("PATCH", f"/api/v1/users/{user['id']}", json={"disabled": True})
    keys = await redis.keys("*")
    assert {str(name).partition(":")[0] for name in keys} >= {"rate", "ticket", "user", "session", "api-key"}
    assert not [name for name in keys if await redis.ttl(name) < 0]
