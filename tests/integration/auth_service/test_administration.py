"""Users, groups, keys and sessions over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from flash_core.clients.identity import ServiceTokens
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from tests.integration.auth_service.people import INTERNAL_KEY, PASSWORD, Someone, new_user, sign_in


async def all_pages(someone: Someone, path: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await someone.get(path, params={"limit": str(limit)} | cursor)).json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


@pytest.fixture
async def ann(client: AsyncClient, admin: Someone) -> Someone:
    await new_user(admin, "ann@example.com", name="Ann")
    return await sign_in(client, "ann@example.com")


async def test_a_users_life(client: AsyncClient, admin: Someone) -> None:
    user = await new_user(admin, "Bob@Example.com", name="Bob", roles=["editor"], groups=["ops", "hr"])
    path = f"/api/v1/users/{user['id']}"
    assert (await admin.get(path)).json() == user
    assert user == {
        "id": user["id"],
        "email": "bob@example.com",
        "name": "Bob",
        "roles": ["editor"],
        "groups": ["hr", "ops"],
        "disabled": False,
        "created_at": user["created_at"],
    }
    assert user["created_at"].endswith("Z")
    changed = await admin.call("PATCH", path, json={"name": "Bobby", "roles": ["user"]})
    assert changed.json() == user | {"name": "Bobby", "roles": ["user"]}
    assert (await admin.call("DELETE", path)).status_code == 204
    assert [(await admin.call(method, path)).status_code for method in ("GET", "DELETE")] == [404, 404]
    refused = await client.post("/api/v1/auth/login", json={"email": "bob@example.com", "password": PASSWORD})
    assert refused.status_code == 401


async def test_an_email_is_taken_once(admin: Someone, ann: Someone) -> None:
    response = await admin.post("/api/v1/users", {"email": "ANN@example.com", "password": PASSWORD})
    assert (response.status_code, response.json()["type"]) == (409, "urn:flash:conflict")
    assert (await ann.me()).status_code == 200


WRONG_USERS: Sequence[tuple[dict[str, object], str]] = (
    ({"password": PASSWORD}, "email"),
    ({"email": "no-at-sign", "password": PASSWORD}, "email"),
    ({"email": "a@example.com", "password": "short"}, "password"),
    ({"email": "a@example.com", "password": PASSWORD, "roles": ["king"]}, "roles.0"),
    ({"email": "a@example.com", "password": PASSWORD, "roles": []}, "roles"),
    ({"email": "a@example.com", "password": PASSWORD, "groups": [" "]}, "groups.0"),
    ({"email": "a@example.com", "password": PASSWORD, "is_admin": True}, "is_admin"),
)


async def test_wrong_fields_are_named(admin: Someone, subtests: pytest.Subtests) -> None:
    for body, field in WRONG_USERS:
        with subtests.test(body=body):
            response = await admin.post("/api/v1/users", body)
            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_text_that_can_not_be_stored_is_wrong_input(admin: Someone) -> None:
    response = await admin.post("/api/v1/users", {"email": "a@example.com", "password": PASSWORD, "name": "a\0b"})
    assert (response.status_code, response.json()["type"]) == (422, "urn:flash:invalid-input")


async def test_lists_come_in_pages(admin: Someone) -> None:
    made = [
        (await new_user(admin, f"user{number}@example.com", groups=[f"group {number}"]))["id"] for number in range(5)
    ]
    assert [user["id"] for user in await all_pages(admin, "/api/v1/users", 2)][1:] == made
    assert {group["name"] for group in await all_pages(admin, "/api/v1/groups", 2)} == {f"group {n}" for n in range(5)}
    assert len((await admin.get("/api/v1/users")).json()["items"]) == 6


async def test_bad_cursors_and_limits_are_refused(admin: Someone, subtests: pytest.Subtests) -> None:
    for path in ("users", "groups", "service-accounts", "api-keys", "sessions"):
        for cursor in ("!", "bm90LWFuLWlk"):
            with subtests.test(path=path, cursor=cursor):
                assert (await admin.get(f"/api/v1/{path}", params={"cursor": cursor})).status_code == 400
        for limit in ("0", "201", "x"):
            with subtests.test(path=path, limit=limit):
                assert (await admin.get(f"/api/v1/{path}", params={"limit": limit})).status_code == 422


async def test_administration_is_for_administrators(
    client: AsyncClient, ann: Someone, subtests: pytest.Subtests
) -> None:
    for path in ("/api/v1/users", "/api/v1/groups", "/api/v1/service-accounts"):
        for method, target in (("GET", path), ("POST", path), ("DELETE", f"{path}/{uuid4()}")):
            with subtests.test(method=method, path=path):
                forbidden = await ann.call(method, target)
                assert (forbidden.status_code, forbidden.json()["type"]) == (403, "urn:flash:forbidden")
                assert (await client.request(method, target)).status_code == 401


async def test_the_last_administrator_stays(admin: Someone) -> None:
    path = f"/api/v1/users/{(await admin.me()).json()['id']}"
    attempts = [
        await admin.call("DELETE", path),
        await admin.call("PATCH", path, json={"roles": ["user"]}),
        await admin.call("PATCH", path, json={"disabled": True}),
    ]
    assert {one.status_code for one in attempts} == {409}
    assert (await admin.me()).status_code == 200


async def test_groups_and_their_members(client: AsyncClient, admin: Someone, ann: Someone) -> None:
    ann_id = (await ann.me()).json()["id"]
    group = await admin.made("/api/v1/groups", {"name": "hr", "members": [ann_id]})
    path = f"/api/v1/groups/{group['id']}"
    assert (await admin.get(path)).json() == group == {"id": group["id"], "name": "hr", "members": [ann_id]}
    assert (await admin.post("/api/v1/groups", {"name": "hr"})).status_code == 409
    assert (await (await sign_in(client, "ann@example.com")).me()).json()["groups"] == ["hr"]
    assert (await admin.call("PATCH", path, json={"members": [str(uuid4())]})).status_code == 422
    assert (await admin.call("PATCH", path, json={"members": []})).json()["members"] == []
    assert (await admin.call("DELETE", path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_service_accounts(client: AsyncClient, admin: Someone) -> None:
    robot = await admin.made("/api/v1/service-accounts", {"name": "ci"})
    [listed] = (await admin.get("/api/v1/service-accounts")).json()["items"]
    assert listed == robot | {"client_secret": None}
    form = {"grant_type": "client_credentials", "client_id": robot["id"], "client_secret": robot["client_secret"]}
    token = (await client.post("/api/v1/auth/token", data=form)).json()["access_token"]
    assert (await Someone(client, token, "").me()).status_code == 200
    assert (await admin.call("DELETE", f"/api/v1/service-accounts/{robot['id']}")).status_code == 204
    assert (await Someone(client, token, "").me()).status_code == 401
    assert (await client.post("/api/v1/auth/token", data=form)).status_code == 401


async def test_an_api_key_signs_in_until_it_is_ended(client: AsyncClient, ann: Someone) -> None:
    key = await ann.made("/api/v1/api-keys", {"name": "laptop"})
    assert key["key"].startswith(f"ask_{key['prefix']}_")
    program = Someone(client, key["key"], "")
    assert (await program.me()).json()["email"] == "ann@example.com"
    assert (await program.me()).status_code == 200  # remembered
    [listed] = (await ann.get("/api/v1/api-keys")).json()["items"]
    assert (listed["key"], listed["last_used_at"] is not None) == (None, True)
    assert (await ann.call("DELETE", f"/api/v1/api-keys/{key['id']}")).status_code == 204
    assert (await program.me()).status_code == 401  # at once, though it was remembered
    assert (await ann.call("DELETE", f"/api/v1/api-keys/{key['id']}")).status_code == 404


async def test_a_remembered_api_key_learns_of_changed_groups_at_once(
    client: AsyncClient, admin: Someone, ann: Someone
) -> None:
    key = await ann.made("/api/v1/api-keys", {"name": "laptop"})
    program = Someone(client, key["key"], "")
    assert (await program.get("/api/v1/users")).status_code == 403
    user_id = (await ann.me()).json()["id"]
    await admin.call("PATCH", f"/api/v1/users/{user_id}", json={"roles": ["admin"]})
    assert (await program.get("/api/v1/users")).status_code == 200


async def test_keys_of_others_do_not_exist(admin: Someone, ann: Someone) -> None:
    key = await admin.made("/api/v1/api-keys", {"name": "admin's"})
    assert (await ann.call("DELETE", f"/api/v1/api-keys/{key['id']}")).status_code == 404
    assert (await ann.get("/api/v1/api-keys")).json()["items"] == []
    anns = await ann.made("/api/v1/api-keys", {"name": "ann's"})
    assert {one["id"] for one in (await admin.get("/api/v1/api-keys")).json()["items"]} == {key["id"], anns["id"]}
    assert (await admin.call("DELETE", f"/api/v1/api-keys/{anns['id']}")).status_code == 204


async def test_sessions_are_shown_and_ended(client: AsyncClient, admin: Someone, ann: Someone) -> None:
    other = await sign_in(client, "ann@example.com")
    first, second = (await ann.get("/api/v1/sessions")).json()["items"]
    assert (first["current"], second["current"]) == (True, False)
    assert first["user_agent"].startswith("python-httpx")
    assert (await ann.call("DELETE", f"/api/v1/sessions/{second['id']}")).status_code == 204
    assert [(await one.me()).status_code for one in (ann, other)] == [200, 401]
    as_admin = await admin.get("/api/v1/sessions", params={"user_id": first["user_id"]})
    assert [one["id"] for one in as_admin.json()["items"]] == [first["id"]]
    admins = (await admin.get("/api/v1/sessions")).json()["items"][0]
    assert (await ann.get("/api/v1/sessions", params={"user_id": admins["user_id"]})).status_code == 404
    assert (await ann.call("DELETE", f"/api/v1/sessions/{admins['id']}")).status_code == 404
    assert (await admin.call("DELETE", f"/api/v1/sessions/{first['id']}")).status_code == 204
    assert (await ann.me()).status_code == 401


async def test_signing_out_here_or_everywhere(client: AsyncClient, ann: Someone) -> None:
    here, there = await sign_in(client, "ann@example.com"), await sign_in(client, "ann@example.com")
    assert (await here.post("/api/v1/auth/logout")).status_code == 204
    assert [(await one.me()).status_code for one in (here, there, ann)] == [401, 200, 200]
    assert (await ann.post("/api/v1/auth/logout?all=1")).status_code == 204
    assert [(await one.me()).status_code for one in (there, ann)] == [401, 401]


def as_service(key: str = INTERNAL_KEY) -> dict[str, str]:
    return {SERVICE_TOKEN_HEADER: ServiceTokens(key, "chat").issue()}


async def test_siblings_redeem_a_ticket_once(client: AsyncClient, ann: Someone) -> None:
    ticket = (await ann.post("/api/v1/auth/ws-ticket")).json()
    assert ticket["expires_in"] == 20
    body = {"ticket": ticket["ticket"]}
    redeemed = await client.post("/internal/ws-tickets/redeem", json=body, headers=as_service())
    [session] = (await ann.get("/api/v1/sessions")).json()["items"]
    assert redeemed.json() == {
        "user_id": session["user_id"],
        "roles": ["user"],
        "groups": [],
        "session_id": session["id"],
    }
    again = await client.post("/internal/ws-tickets/redeem", json=body, headers=as_service())
    assert (again.status_code, again.json()["type"]) == (404, "urn:flash:not-found")


async def test_siblings_verify_api_keys(client: AsyncClient, ann: Someone) -> None:
    key = await ann.made("/api/v1/api-keys", {"name": "laptop"})
    verified = await client.post("/internal/api-keys/verify", json={"key": key["key"]}, headers=as_service())
    assert verified.json() == {"user_id": key["user_id"], "roles": ["user"], "groups": [], "session_id": None}
    wrong = await client.post("/internal/api-keys/verify", json={"key": "ask_a_b"}, headers=as_service())
    assert wrong.status_code == 404


async def test_only_siblings_ask_internal_routes(
    client: AsyncClient, admin: Someone, subtests: pytest.Subtests
) -> None:
    body = {"key": "x", "ticket": "x"}
    for path in ("/internal/api-keys/verify", "/internal/ws-tickets/redeem"):
        with subtests.test(path=path):
            assert (await client.post(path, json=body)).status_code == 401
            assert (await admin.post(path, body)).status_code == 401
            assert (await client.post(path, json=body, headers=as_service("another key" * 4))).status_code == 401


async def test_creating_twice_with_one_idempotency_key_is_creating_once(admin: Someone) -> None:
    body = {"email": "bob@example.com", "password": PASSWORD}
    first, second = [await admin.post("/api/v1/users", body, headers={"Idempotency-Key": "1"}) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, second.json())
    other = await admin.post("/api/v1/users", body | {"email": "c@example.com"}, headers={"Idempotency-Key": "1"})
    assert other.status_code == 409


async def test_signing_in_may_carry_an_idempotency_key(client: AsyncClient, admin: Someone) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": admin.refresh_token}
    response = await client.post("/api/v1/auth/token", data=form, headers={"Idempotency-Key": "1"})
    assert response.status_code == 200


async def test_the_service_is_ready_and_counts(client: AsyncClient) -> None:
    assert (await client.get("/health/ready")).status_code == 204
    checks = (await client.get("/health/detail")).json()["checks"]
    assert {check["name"]: check["status"] for check in checks} == {"database": "ok", "redis": "ok"}
