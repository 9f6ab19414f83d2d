"""The token endpoint, as an OAuth client meets it."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

import pytest
from httpx2 import AsyncClient
from joserfc import jwt
from joserfc.jwk import KeySet
from redis.asyncio import Redis

from auth_service.config import AuthSettings
from flash_core.clients.identity import ENDED_TTL_SECONDS, session_ended_key, user_changed_key
from flash_core.utils.eddsa import EdDsaRegistry
from tests.integration.auth_service.conftest import running
from tests.integration.auth_service.people import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    Someone,
    ask_token,
    new_user,
    refresh,
    sign_in,
)


async def claims_of(client: AsyncClient, token: str) -> dict[str, Any]:
    """What anyone can read who has the published keys."""
    published = (await client.get("/.well-known/jwks.json")).json()
    return dict(jwt.decode(token, KeySet.import_key_set(published), registry=EdDsaRegistry()).claims)


async def test_a_password_buys_tokens_that_the_published_keys_verify(client: AsyncClient) -> None:
    response = await ask_token(client, grant_type="password", username=ADMIN_EMAIL, password=ADMIN_PASSWORD)
    token = response.json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
    assert response.headers["cache-control"] == "no-store"
    claims = await claims_of(client, token["access_token"])
    assert (claims["iss"], claims["aud"], claims["roles"], claims["groups"]) == ("askflash", "askflash", ["admin"], [])
    assert claims["exp"] - claims["iat"] == 900
    me = await Someone(client, token["access_token"], "").me()
    assert me.json() == {
        "id": claims["sub"],
        "email": ADMIN_EMAIL,
        "name": "Administrator",
        "roles": ["admin"],
        "groups": [],
    }


async def test_two_keys_are_published_without_their_secrets(client: AsyncClient) -> None:
    response = await client.get("/.well-known/jwks.json")
    keys = response.json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    for key in keys:
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
        assert "d" not in key
    assert response.headers["cache-control"] == "public, max-age=300"


async def test_discovery_names_what_is_served(client: AsyncClient, admin: Someone) -> None:
    found = (await client.get("/.well-known/openid-configuration")).json()
    assert found["issuer"] == (await claims_of(client, admin.access_token))["iss"]
    assert found["jwks_uri"] == "http://localhost:8080/.well-known/jwks.json"
    assert found["grant_types_supported"] == ["password", "refresh_token", "client_credentials"]


REFUSALS: Sequence[tuple[dict[str, str], int, str]] = (
    ({}, 400, "invalid_request"),
    ({"grant_type": "password"}, 400, "invalid_request"),
    ({"grant_type": "password", "username": ADMIN_EMAIL, "password": ""}, 400, "invalid_request"),
    ({"grant_type": "password", "username": ADMIN_EMAIL, "password": "wrong"}, 400, "invalid_grant"),
    ({"grant_type": "password", "username": "nobody@example.com", "password": "wrong"}, 400, "invalid_grant"),
    ({"grant_type": "password", "username": "a\0b", "password": "wrong"}, 400, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "invented"}, 400, "invalid_grant"),
    ({"grant_type": "refresh_token"}, 400, "invalid_request"),
    ({"grant_type": "client_credentials"}, 400, "invalid_request"),
    ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, 401, "invalid_client"),
    ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type"),
    ({"grant_type": "PASSWORD"}, 400, "unsupported_grant_type"),
)


async def test_refusals_are_oauth_errors_and_problem_documents(client: AsyncClient, subtests: pytest.Subtests) -> None:
    for form, status, error in REFUSALS:
        with subtests.test(form=form):
            response = await ask_token(client, **form)
            problem = response.json()
            assert (response.status_code, problem["status"], problem["error"]) == (status, status, error)
            assert problem["error_description"] == problem["detail"] != ""
            assert problem["type"] == f"urn:flash:{error.replace('_', '-')}"
            assert problem["request_id"] == response.headers["x-request-id"]
            assert response.headers["content-type"] == "application/problem+json"
            assert response.headers["cache-control"] == "no-store"
            assert ("www-authenticate" in response.headers) == (status == 401)


async def test_what_is_no_form_is_an_invalid_request(client: AsyncClient, subtests: pytest.Subtests) -> None:
    form = "application/x-www-form-urlencoded"
    for content, content_type in (
        (b'{"grant_type": "password"}', "application/json"),
        (b"grant_type=password&grant_type=password", form),
        (b"a=1&" * 60, form),
        (b"\xff\xfe", form),
        (b"", ""),
    ):
        with subtests.test(content=content):
            headers = {"Content-Type": content_type}
            response = await client.post("/api/v1/auth/token", content=content, headers=headers)
            assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_unknown_and_known_accounts_get_the_same_answer(client: AsyncClient) -> None:
    answers = []
    for username in (ADMIN_EMAIL, "nobody@example.com"):
        answer = (await ask_token(client, grant_type="password", username=username, password="wrong")).json()
        answer.pop("request_id")
        answers.append(answer)
    assert answers[0] == answers[1]


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(admin: Someone, redis: Redis) -> None:
    second = await refresh(admin)
    assert (await second.me()).status_code == 200
    claims = await claims_of(admin.client, admin.access_token)
    reused = await ask_token(admin.client, grant_type="refresh_token", refresh_token=admin.refresh_token)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    follow_up = await ask_token(admin.client, grant_type="refresh_token", refresh_token=second.refresh_token)
    assert follow_up.json()["error"] == "invalid_grant"
    assert [(await someone.me()).status_code for someone in (admin, second)] == [401, 401]
    assert 0 < await redis.ttl(session_ended_key(claims["sid"])) <= ENDED_TTL_SECONDS


async def test_a_change_of_groups_acts_at_once(client: AsyncClient, admin: Someone, redis: Redis) -> None:
    user = await new_user(admin, "ann@example.com", groups=["hr"])
    ann = await sign_in(client, "Ann@Example.com")
    assert (await ann.me()).json()["groups"] == ["hr"]
    changed = await admin.call("PATCH", f"/api/v1/users/{user['id']}", json={"groups": ["ops"]})
    assert changed.status_code == 200
    assert (await ann.me()).status_code == 401
    again = await refresh(ann)
    assert (await claims_of(client, again.access_token))["groups"] == ["ops"]
    assert (await again.me()).json()["groups"] == ["ops"]
    assert 0 < await redis.ttl(user_changed_key(user["id"])) <= ENDED_TTL_SECONDS


async def test_a_new_password_ends_what_the_old_one_began(client: AsyncClient, admin: Someone) -> None:
    user = await new_user(admin, "ann@example.com")
    ann = await sign_in(client, "ann@example.com")
    await admin.call("PATCH", f"/api/v1/users/{user['id']}", json={"password": "another password"})
    assert (await ann.me()).status_code == 401
    refused = await ask_token(client, grant_type="refresh_token", refresh_token=ann.refresh_token)
    assert refused.json()["error"] == "invalid_grant"
    assert (await (await sign_in(client, "ann@example.com", "another password")).me()).status_code == 200


async def test_a_disabled_user_is_out_at_once(client: AsyncClient, admin: Someone) -> None:
    user = await new_user(admin, "ann@example.com")
    ann = await sign_in(client, "ann@example.com")
    await admin.call("PATCH", f"/api/v1/users/{user['id']}", json={"disabled": True})
    assert (await ann.me()).status_code == 401
    refused = await ask_token(client, grant_type="password", username="ann@example.com", password="long enough")
    assert refused.json()["error"] == "invalid_grant"


async def test_a_service_account_signs_in_by_form_or_by_basic(client: AsyncClient, admin: Someone) -> None:
    robot = await admin.made("/api/v1/service-accounts", {"name": "ci", "roles": ["editor"], "groups": ["ops"]})
    client_id, secret = robot["client_id"], robot["client_secret"]
    by_form = await ask_token(client, grant_type="client_credentials", client_id=client_id, client_secret=secret)
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    by_header = await client.post(
        "/api/v1/auth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    for response in (by_form, by_header):
        token = response.json()
        assert response.status_code == 200
        assert "refresh_token" not in token
        claims = await claims_of(client, token["access_token"])
        assert (claims["roles"], claims["groups"], "sid" in claims) == (["editor"], ["ops"], False)
    me = await Someone(client, by_form.json()["access_token"], "").me()
    assert (me.json()["name"], me.json()["email"]) == ("ci", "")


async def test_broken_basic_credentials_are_an_invalid_client(client: AsyncClient, subtests: pytest.Subtests) -> None:
    for header in ("Basic", "Basic !", "Basic bm8tY29sb24=", "Basic /w=="):
        with subtests.test(header=header):
            form = {"grant_type": "client_credentials"}
            response = await client.post("/api/v1/auth/token", data=form, headers={"Authorization": header})
            assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_failed_sign_ins_are_throttled_by_account_and_successes_not(client: AsyncClient, admin: Someone) -> None:
    await new_user(admin, "ann@example.com")
    for _ in range(3):
        await sign_in(client, "ann@example.com")
    form = {"grant_type": "password", "username": "ann@example.com", "password": "wrong"}
    answers = await asyncio.gather(*(ask_token(client, **form) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [400] * 10 + [429] * 2
    refused = await ask_token(client, **(form | {"password": "long enough"}))
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 15
    assert (await admin.me()).status_code == 200


async def test_the_address_is_the_one_that_the_gateway_names(client: AsyncClient, redis: Redis) -> None:
    form = {"grant_type": "password", "username": "nobody@example.com", "password": "wrong"}
    await client.post("/api/v1/auth/token", data=form, headers={"X-Forwarded-For": "203.0.113.1, 192.0.2.1"})
    await client.post("/api/v1/auth/token", data=form)
    counters = {str(key) for key in await redis.keys("rate:{sign-in:address:*")}
    assert counters == {"rate:{sign-in:address:192.0.2.1}", "rate:{sign-in:address:127.0.0.1}"}


async def test_the_password_grant_can_be_switched_off(settings: AuthSettings) -> None:
    async with running(settings.model_copy(update={"auth_password_grant": False})) as client:
        form = {"grant_type": "password", "username": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        assert (await ask_token(client, **form)).json()["error"] == "unsupported_grant_type"
        credentials = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        assert (await client.post("/api/v1/auth/login", json=credentials)).status_code == 200
        found = (await client.get("/.well-known/openid-configuration")).json()
        assert found["grant_types_supported"] == ["refresh_token", "client_credentials"]


async def test_invented_tokens_are_refused(client: AsyncClient, subtests: pytest.Subtests) -> None:
    for token in ("", "x", "a.b.c", "ask_", "ask_a_b", "\u00fc"):
        with subtests.test(token=token):
            headers = {b"Authorization": f"Bearer {token}".encode("latin-1")}
            response = await client.get("/api/v1/auth/me", headers=headers)
            assert (response.status_code, response.json()["type"]) == (401, "urn:flash:unauthenticated")


async def test_identity_headers_mean_nothing(client: AsyncClient) -> None:
    headers = {"X-User-Id": "1", "X-User-Roles": "admin", "X-Forwarded-User": ADMIN_EMAIL}
    assert (await client.get("/api/v1/users", headers=headers)).status_code == 401
