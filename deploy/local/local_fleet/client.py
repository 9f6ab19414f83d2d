"""The fleet's public API, as far as this package uses it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from local_fleet.errors import FleetError

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
_RESUMES = 5


class AskFlashClient:
    """A signed-in user of one fleet. Every refusal is a `FleetError` with the problem's own words."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str) -> Any:
        return await self._call("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._call("POST", path, json=body)

    async def sign_in(self, email: str, password: str) -> None:
        form = {"grant_type": "password", "username": email, "password": password}
        tokens = await self._call("POST", "/api/v1/auth/token", data=form)
        self._http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

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
                raise FleetError(_refusal(response))
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    async def _call(self, method: str, path: str, **body: Any) -> Any:
        try:
            response = await self._http.request(method, path, **body)
        except httpx2.TransportError as error:
            raise FleetError(f"Nobody answers at {self._http.base_url}: is the fleet running? (make up)") from error
        if response.is_error:
            raise FleetError(_refusal(response))
        return response.json() if response.content else None


@asynccontextmanager
async def connected(gateway: str) -> AsyncIterator[AskFlashClient]:
    """A client of the fleet behind `gateway`; no proxy of the environment is used."""
    async with httpx2.AsyncClient(base_url=gateway, timeout=_TIMEOUT, trust_env=False) as http:
        yield AskFlashClient(http)


def _refusal(response: httpx2.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    detail = problem.get("detail") or response.reason_phrase
    return f"{response.request.url.path} answered {response.status_code}: {detail}"
