"""The launcher as a user of the public API."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from local_fleet.ask import sign_in
from local_fleet.client import AskFlashClient
from local_fleet.errors import FleetError
from local_fleet.sample import NAME, index_sample
from local_fleet.settings import FleetSettings

Handler = Callable[[httpx2.Request], httpx2.Response]


@asynccontextmanager
async def client_of(handler: Handler) -> AsyncIterator[AskFlashClient]:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(handler), base_url="http://fleet") as http:
        yield AskFlashClient(http)


class FakeFleet:
    """Remembers what it was asked; jobs end after two looks."""

    def __init__(self, *, state: str = "succeeded", sources: list[dict[str, Any]] | None = None) -> None:
        self.state = state
        self.sources = sources or []
        self.seen: list[str] = []
        self.looks = 0
        self.authorization = ""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        self.authorization = request.headers.get("Authorization", "")
        match self.seen[-1]:
            case "POST /api/v1/auth/token":
                assert b"grant_type=password" in request.content
                return httpx2.Response(200, json={"access_token": "t0k3n"})
            case "GET /api/v1/sources":
                return httpx2.Response(200, json={"items": self.sources, "next_cursor": None})
            case "POST /api/v1/sources":
                return httpx2.Response(201, json={"id": "s1", **json.loads(request.content)})
            case "POST /api/v1/sources/s1/sync":
                return httpx2.Response(202, json={"job_id": "j1"})
        return self._job()

    def _job(self) -> httpx2.Response:
        self.looks += 1
        counts = {"found": 3, "indexed": 2, "failed": 1}
        problems = [{"document": "a.md", "detail": "is empty"}]
        state = self.state if self.looks > 1 else "running"
        return httpx2.Response(200, json={"state": state, "counts": counts, "problems": problems})


async def test_the_sample_is_indexed_once_and_waited_for(tmp_path: Path) -> None:
    fleet = FakeFleet()
    told: list[str] = []
    async with client_of(fleet) as client:
        await index_sample(client, tmp_path, told.append, seconds=5)
    assert fleet.seen[:3] == ["GET /api/v1/sources", "POST /api/v1/sources", "POST /api/v1/sources/s1/sync"]
    assert fleet.looks == 2
    assert told


async def test_a_sample_that_is_there_is_not_created_again(tmp_path: Path) -> None:
    fleet = FakeFleet(sources=[{"id": "s0", "name": "another"}, {"id": "s1", "name": NAME}])
    async with client_of(fleet) as client:
        await index_sample(client, tmp_path, print, seconds=5)
    assert "POST /api/v1/sources" not in fleet.seen


async def test_a_sample_that_fails_says_which_document(tmp_path: Path) -> None:
    async with client_of(FakeFleet(state="partial")) as client:
        with pytest.raises(FleetError, match=r"partial. a.md: is empty"):
            await index_sample(client, tmp_path, print, seconds=5)


async def test_a_sample_that_takes_long_goes_on_in_the_background(tmp_path: Path) -> None:
    async with client_of(FakeFleet(state="running")) as client:
        with pytest.raises(FleetError, match="background"):
            await index_sample(client, tmp_path, print, seconds=0.05)


async def test_the_environment_s_login_wins_over_the_first_start_s(tmp_path: Path) -> None:
    settings = FleetSettings.read({"ASKFLASH_ADMIN_EMAIL": "a@b.c", "ASKFLASH_ADMIN_PASSWORD": "p"}, tmp_path)
    fleet = FakeFleet()
    async with client_of(fleet) as client:
        await sign_in(client, settings)
        await client.get("/api/v1/indexing/jobs/j1")
    assert fleet.authorization == "Bearer t0k3n"


async def test_without_any_login_nothing_is_asked(tmp_path: Path) -> None:
    async with client_of(FakeFleet()) as client:
        with pytest.raises(FleetError, match="make up"):
            await sign_in(client, FleetSettings.read({}, tmp_path))


async def test_a_refusal_is_told_in_the_problem_s_words() -> None:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(422, json={"detail": "The folder is not there."})

    async with client_of(refuse) as client:
        with pytest.raises(FleetError, match=r"422: The folder is not there."):
            await client.get("/api/v1/sources")
        with pytest.raises(FleetError, match="422"):
            [_ async for _ in client.frames("a1")]


async def test_a_refusal_without_a_problem_document_is_told_too() -> None:
    async with client_of(lambda _: httpx2.Response(502, text="<html>")) as client:
        with pytest.raises(FleetError, match="502: Bad Gateway"):
            await client.get("/api/v1/sources")


async def test_a_fleet_that_is_not_there_is_said_to_be_down() -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async with client_of(fail) as client:
        with pytest.raises(FleetError, match="is the fleet running"):
            await client.get("/api/v1/sources")


def events(*frames: dict[str, Any], breaks: bool = False) -> httpx2.Response:
    async def stream() -> AsyncIterator[bytes]:
        for frame in frames:
            yield f"id: {frame['position']}\ndata: {json.dumps(frame)}\n\n: heartbeat\n\n".encode()
        if breaks:
            raise httpx2.ReadError("broken")

    return httpx2.Response(200, content=stream())


async def test_a_stream_that_breaks_goes_on_where_it_was() -> None:
    asked_after: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked_after.append(request.headers.get("Last-Event-ID"))
        if len(asked_after) == 1:
            return events({"type": "delta", "position": "1-1"}, breaks=True)
        return events({"type": "delta", "position": "1-2"}, {"type": "done", "position": "1-3"})

    async with client_of(answer) as client:
        frames = [frame async for frame in client.frames("a1")]
    assert [frame["position"] for frame in frames] == ["1-1", "1-2", "1-3"]
    assert asked_after == [None, "1-1"]


async def test_a_stream_that_breaks_again_and_again_is_given_up() -> None:
    async with client_of(lambda _: events(breaks=True)) as client:
        with pytest.raises(FleetError, match="broke off"):
            [_ async for _ in client.frames("a1")]
