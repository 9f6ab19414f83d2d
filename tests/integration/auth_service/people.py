"""Clients of the auth service, as tests play them."""

from dataclasses import dataclass
from typing import Any

from httpx2 import AsyncClient, Response

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse"
INTERNAL_KEY = "k" * 32
PASSWORD = "long enough"


@dataclass
class Someone:
    """A signed-in client."""

    client: AsyncClient
    access_token: str
    refresh_token: str

    async def call(self, method: str, path: str, **options: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.access_token}"} | options.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> Response:
        return await self.call("POST", path, json=body, **options)

    async def made(self, path: str, body: object) -> dict[str, Any]:
        """The JSON of what was created."""
        response = await self.post(path, body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    async def me(self) -> Response:
        return await self.get("/api/v1/auth/me")


async def ask_token(client: AsyncClient, **form: str) -> Response:
    return await client.post("/api/v1/auth/token", data=form)


async def sign_in(client: AsyncClient, email: str, password: str = PASSWORD) -> Someone:
    response = await ask_token(client, grant_type="password", username=email, password=password)
    assert response.status_code == 200, response.text
    return Someone(client, response.json()["access_token"], response.json()["refresh_token"])


async def refresh(someone: Someone) -> Someone:
    response = await ask_token(someone.client, grant_type="refresh_token", refresh_token=someone.refresh_token)
    assert response.status_code == 200, response.text
    return Someone(someone.client, response.json()["access_token"], response.json()["refresh_token"])


async def new_user(admin: Someone, email: str, **more: object) -> dict[str, Any]:
    return await admin.made("/api/v1/users", {"email": email, "password": PASSWORD, **more})
