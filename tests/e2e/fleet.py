"""A whole fleet for tests, started and stopped as its user does, and a client that knows only the public contract."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import websockets

ROOT = Path(__file__).resolve().parents[2]
ADMIN = "admin@askflash.local"
START_SECONDS = 180
JOB_SECONDS = 120
LOOK_SECONDS = 0.05
ANSWER_SECONDS = 60

Frame = dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    home: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def state(self) -> dict[str, Any]:
        """What the launcher keeps of its processes."""
        state: dict[str, Any] = json.loads((self.home / "run" / "fleet.json").read_text())
        return state

    def pid(self, name: str) -> int:
        return int((self.home / "run" / f"{name}.pid").read_text())

    def kill(self, name: str) -> int:
        """kill -9 of one process that this fleet started."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.log").read_text(errors="replace")


@contextmanager
def running_fleet(home: Path, **settings: str) -> Iterator[Fleet]:
    fleet = Fleet(home, free_port(), secrets.token_urlsafe(12))
    environment = {
        **os.environ,
        "ASKFLASH_HOME": str(home),
        "ASKFLASH_PORT": str(fleet.port),
        "ASKFLASH_ADMIN_EMAIL": ADMIN,
        "ASKFLASH_ADMIN_PASSWORD": fleet.password,
        "ASKFLASH_SAMPLE": "0",
        "AI_PROVIDER": "extractive",
        **settings,
    }
    launcher = str(Path(sys.executable).parent / "askflash")
    subprocess.run([launcher, "up", "--detach"], cwd=ROOT, env=environment, check=True, timeout=START_SECONDS)
    try:
        yield fleet
    finally:
        subprocess.run([launcher, "down"], cwd=ROOT, env=environment, check=True, timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class User:
    """One signed-in user of the product."""

    def __init__(self, fleet: Fleet, http: httpx2.AsyncClient) -> None:
        self.fleet = fleet
        self.http = http

    @property
    def token(self) -> str:
        return str(self.http.headers["Authorization"].removeprefix("Bearer "))

    async def get(self, path: str, **query: str | int) -> Any:
        response = await self.http.get(path, params=query)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.json()

    async def post(self, path: str, body: object, *, expect: int) -> Any:
        response = await self.http.post(path, json=body)
        assert response.status_code == expect, (path, response.status_code, response.text)
        return response.json() if response.content else None

    async def finished_job(
        self, job_id: str, *, seconds: float = JOB_SECONDS, every: float = LOOK_SECONDS
    ) -> dict[str, Any]:
        async def ended() -> Any:
            job = await self.get(f"/api/v1/indexing/jobs/{job_id}")
            return job if job["state"] not in {"queued", "running"} else None

        job: dict[str, Any] = await until(ended, seconds=seconds, every=every)
        return job

    async def index(self, documents: Mapping[str, str], *, groups: list[str] | None = None) -> dict[str, Any]:
        """Hand in Markdown texts by title and wait until they can be found."""
        batch = [
            {"external_id": title, "title": title, "text": text, "groups": groups or []}
            for title, text in documents.items()
        ]
        accepted = await self.post("/api/v1/documents/batch", {"documents": batch}, expect=202)
        job = await self.finished_job(accepted["job_id"])
        assert job["state"] == "succeeded", job
        return job

    async def conversation(self, **fields: object) -> str:
        return str((await self.post("/api/v1/conversations", fields, expect=201))["id"])

    async def question(self, conversation_id: str, content: str) -> str:
        path = f"/api/v1/conversations/{conversation_id}/messages"
        return str((await self.post(path, {"content": content}, expect=202))["answer_id"])

    async def finished_answer(self, answer_id: str) -> dict[str, Any]:
        async def ended() -> Any:
            answer = await self.get(f"/api/v1/answers/{answer_id}")
            return answer if answer["state"] not in {"queued", "running"} else None

        answer: dict[str, Any] = await until(ended, seconds=ANSWER_SECONDS)
        return answer

    @asynccontextmanager
    async def socket(self) -> AsyncIterator["Socket"]:
        address = f"ws://127.0.0.1:{self.fleet.port}/ws/v1/chat"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with websockets.connect(
            address, subprotocols=[websockets.Subprotocol("askflash.v1")], additional_headers=headers, proxy=None
        ) as connection:
            yield Socket(connection)


class Socket:
    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection

    async def send(self, **frame: object) -> None:
        await self.connection.send(json.dumps(frame))

    async def ask(self, content: str, *, conversation_id: str | None = None, client_id: str | None = None) -> None:
        await self.send(
            type="ask", client_id=client_id or secrets.token_hex(8), content=content, conversation_id=conversation_id
        )

    async def frame(self) -> Frame:
        frame: Frame = json.loads(await self.connection.recv())
        return frame

    async def close_code(self) -> int | None:
        """The code that the server closes with, after whatever it still has to say."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await self.frame()
        return self.connection.close_code

    async def until(self, *types: str) -> list[Frame]:
        """All frames up to and with the first of one of these types."""
        frames = [await self.frame()]
        while frames[-1]["type"] not in types:
            frames.append(await self.frame())
        return frames


@asynccontextmanager
async def signed_in(fleet: Fleet, email: str = ADMIN, password: str | None = None) -> AsyncIterator[User]:
    async with httpx2.AsyncClient(base_url=fleet.url, timeout=30, trust_env=False) as http:
        form = {"grant_type": "password", "username": email, "password": password or fleet.password}
        response = await http.post("/api/v1/auth/token", data=form)
        assert response.status_code == 200, response.text
        http.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        yield User(fleet, http)


@asynccontextmanager
async def signed_in_for_long(fleet: Fleet) -> AsyncIterator[User]:
    """The administrator by an API key, which does not expire in the middle of a benchmark."""
    async with signed_in(fleet) as user:
        made = await user.post("/api/v1/api-keys", {"name": "benchmark"}, expect=201)
        user.http.headers["Authorization"] = f"Bearer {made['key']}"
        yield user
        await user.http.delete(f"/api/v1/api-keys/{made['id']}")


def text_of(frames: list[Frame]) -> str:
    """What a reader has on the screen: the deltas since the last reset."""
    text = ""
    for frame in frames:
        if frame["type"] == "reset":
            text = ""
        elif frame["type"] == "delta":
            text += frame["text"]
    return text


async def until(condition: Callable[[], Any], *, seconds: float, every: float = LOOK_SECONDS) -> Any:
    """Ask again and again until `condition` gives something; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = await condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        await asyncio.sleep(every)
