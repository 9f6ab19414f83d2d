"""The fleet's public API, as far as this package uses it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx2

from local_fleet.errors import FleetAwayError, FleetError, RefusedError

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
_RESUMES = 5


class AskFlashClient:
    """A user of one fleet, signed in with a password or an API key; a login that runs out is renewed.

    Every refusal is a `RefusedError` with the problem's own words, a fleet that is not there a `FleetAwayError`.
    """

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._form: dict[str, str] = {}
        self._renewing = asyncio.Lock()

    async def get(self, path: str) -> Any:
        return await self._call("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._call("POST", path, json=body)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path)

    async def sign_in(self, email: str, password: str) -> None:
        self._form = {"grant_type": "password", "username": email, "password": password}
        tokens = _content(await self._request("POST", "/api/v1/auth/token", data=self._form))
        self._authorize(tokens["access_token"])

    def use_key(self, api_key: str) -> None:
        self._authorize(api_key)

    async def frames(self, answer_id: str) -> AsyncIterator[dict[str, Any]]:
        """The frames of one answer up to its end; goes on where it was when the connection breaks."""
        position = ""
        for _ in range(_RESUMES):
            try:
                async for frame in self._events(f"/api/v1/answers/{answer_id}/events", position):
                    position = frame.get("position", position)
                    yield frame
                    if frame["type"] in {"done", "error"}:
                        return
            except httpx2.TransportError:
                continue
        raise FleetError("The answer's stream broke off again and again; see `make status`.")

    async def _events(self, path: str, after: str) -> AsyncIterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        async with self._http.stream("GET", path, headers=headers) as response:
            if response.is_error:
                await response.aread()
                raise _refusal(response)
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    async def _call(self, method: str, path: str, **body: Any) -> Any:
        used = self._http.headers.get("Authorization", "")
        response = await self._request(method, path, **body)
        if response.status_code == HTTPStatus.UNAUTHORIZED and self._form:
            async with self._renewing:
                if self._http.headers["Authorization"] == used:
                    await self.sign_in(self._form["username"], self._form["password"])
            response = await self._request(method, path, **body)
        return _content(response)

    async def _request(self, method: str, path: str, **body: Any) -> httpx2.Response:
        try:
            return await self._http.request(method, path, **body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise FleetAwayError(f"Nobody answers at {self._http.base_url}: is the fleet running? (make up)") from error
        except httpx2.TransportError as error:
            raise FleetError(f"{method} {path} broke off ({type(error).__name__}); see `make status`.") from error

    def _authorize(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"


@asynccontextmanager
async def connected(gateway: str) -> AsyncIterator[AskFlashClient]:
    """A client of the fleet behind `gateway`; no proxy of the environment is used."""
    async with httpx2.AsyncClient(base_url=gateway, timeout=_TIMEOUT, trust_env=False) as http:
        yield AskFlashClient(http)


def _content(response: httpx2.Response) -> Any:
    if response.is_error:
        raise _refusal(response)
    return response.json() if response.content else None


def _refusal(response: httpx2.Response) -> RefusedError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or response.reason_phrase
    wait = response.headers.get("Retry-After", "")
    return RefusedError(
        f"{response.request.url.path} answered {response.status_code}: {detail}",
        response.status_code,
        float(wait) if wait.isdecimal() else None,
    )
