"""The page's session lives in cookies, and other sites can't use them."""

import pytest
from httpx2 import AsyncClient, Response

from auth_service.config import AuthSettings
from tests.integration.auth_service.conftest import running
from tests.integration.auth_service.people import ADMIN_EMAIL, ADMIN_PASSWORD

CREDENTIALS = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
REFRESH = "/api/v1/auth/session/refresh"


async def log_in(client: AsyncClient) -> Response:
    response = await client.post("/api/v1/auth/login", json=CREDENTIALS)
    assert response.status_code == 200, response.text
    return response


def csrf(client: AsyncClient) -> dict[str, str]:
    return {"X-CSRF-Token": client.cookies["askflash_csrf"]}


def attributes(response: Response) -> dict[str, set[str]]:
    """Each cookie's attributes by its name, without those that tell the time."""
    cookies = {}
    for header in response.headers.get_list("set-cookie"):
        pair, *rest = header.split("; ")
        cookies[pair.partition("=")[0]] = {part for part in rest if not part.startswith("expires")}
    return cookies


async def test_signing_in_sets_three_cookies(client: AsyncClient) -> None:
    response = await log_in(client)
    assert response.json()["user"]["email"] == ADMIN_EMAIL
    assert response.headers["cache-control"] == "no-store"
    assert attributes(response) == {
        "askflash_session": {"HttpOnly", "Max-Age=900", "Path=/", "SameSite=lax"},
        "askflash_refresh": {"HttpOnly", "Max-Age=2592000", "Path=/api/v1/auth", "SameSite=strict"},
        "askflash_csrf": {"Max-Age=2592000", "Path=/", "SameSite=lax"},
    }


async def test_behind_https_the_cookies_are_secure(settings: AuthSettings) -> None:
    async with running(settings.model_copy(update={"public_url": "https://ask.example.com"})) as client:
        cookies = attributes(await log_in(client))
    assert all("Secure" in of_one for of_one in cookies.values())


async def test_the_cookie_proves_who_asks_and_the_header_that_the_page_asks(client: AsyncClient) -> None:
    await log_in(client)
    assert (await client.get("/api/v1/auth/me")).json()["email"] == ADMIN_EMAIL
    without = await client.post("/api/v1/auth/ws-ticket")
    assert (without.status_code, without.json()["type"]) == (403, "urn:flash:forbidden")
    assert (await client.post("/api/v1/auth/ws-ticket", headers=csrf(client))).status_code == 200


async def test_the_cookies_token_is_no_bearer_token(client: AsyncClient) -> None:
    await log_in(client)
    stolen = {"Authorization": f"Bearer {client.cookies['askflash_session']}"}
    assert (await client.get("/api/v1/auth/me", headers=stolen)).status_code == 401


async def test_a_refresh_rotates_the_cookies(client: AsyncClient) -> None:
    await log_in(client)
    before = dict(client.cookies)
    client.cookies.delete("askflash_session")  # as a browser does after 15 minutes
    response = await client.post(REFRESH, headers=csrf(client))
    assert response.status_code == 204
    assert not [name for name, value in before.items() if client.cookies[name] == value]
    assert (await client.post("/api/v1/auth/ws-ticket", headers=csrf(client))).status_code == 200


async def test_a_refresh_needs_the_csrf_token(client: AsyncClient) -> None:
    await log_in(client)
    assert (await client.post(REFRESH)).status_code == 403
    assert (await client.post(REFRESH, headers=csrf(client))).status_code == 204


async def test_a_refresh_token_that_was_used_ends_the_session_and_takes_the_cookies(client: AsyncClient) -> None:
    await log_in(client)
    old = {"askflash_refresh": client.cookies["askflash_refresh"], **csrf(client)}
    await client.post(REFRESH, headers=csrf(client))
    client.cookies.clear()
    headers = {"Cookie": f"askflash_refresh={old['askflash_refresh']}", "X-CSRF-Token": old["X-CSRF-Token"]}
    response = await client.post(REFRESH, headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, "urn:flash:unauthenticated")
    assert all("Max-Age=0" in of_one for of_one in attributes(response).values())
    assert set(attributes(response)) == {"askflash_session", "askflash_refresh", "askflash_csrf"}


async def test_without_cookies_there_is_nothing_to_refresh(client: AsyncClient) -> None:
    assert (await client.post(REFRESH)).status_code == 401


async def test_signing_out_takes_the_cookies_and_ends_the_session(client: AsyncClient) -> None:
    await log_in(client)
    kept = f"askflash_session={client.cookies['askflash_session']}"
    response = await client.post("/api/v1/auth/logout", headers=csrf(client))
    assert response.status_code == 204
    assert all("Max-Age=0" in of_one for of_one in attributes(response).values())
    assert not dict(client.cookies)
    assert (await client.get("/api/v1/auth/me", headers={"Cookie": kept})).status_code == 401


async def test_wrong_credentials_set_no_cookies(client: AsyncClient) -> None:
    for credentials in ({"email": ADMIN_EMAIL, "password": "wrong"}, {"email": "x", "password": ""}):
        response = await client.post("/api/v1/auth/login", json=credentials)
        assert (response.status_code, response.json()["type"]) == (401, "urn:flash:unauthenticated")
        assert "set-cookie" not in response.headers


async def test_malformed_bodies_are_problems(client: AsyncClient, subtests: pytest.Subtests) -> None:
    for content, status in (
        (b"{", 400),
        (b"[]", 422),
        (b'{"email": "a@b.c"}', 422),
        (b'{"email": "\\u0000", "password": "x"}', 422),
    ):
        with subtests.test(content=content):
            headers = {"Content-Type": "application/json"}
            response = await client.post("/api/v1/auth/login", content=content, headers=headers)
            assert (response.status_code, response.json()["status"]) == (status, status)


async def test_login_through_a_provider_is_not_there_yet(client: AsyncClient) -> None:
    assert (await client.get("/api/v1/auth/callback")).status_code == 404
