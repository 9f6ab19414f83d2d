"""A reader over WebSocket or SSE who writes down what it sees, as the page does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect

Frame = dict[str, Any]
_ALICE = {"Authorization": "Bearer alice"}


@dataclass
class Shown:
    """What a page shows of one answer, and the positions that it has seen."""

    text: str = ""
    positions: list[str] = field(default_factory=list)
    answer: Frame | None = None
    problem: Frame | None = None

    def take(self, frame: Frame) -> None:
        assert not self.positions or frame["position"] > self.positions[-1], "positions only grow"
        self.positions.append(frame["position"])
        if frame["type"] == "reset":
            self.text = ""
        self.text += frame.get("text", "")
        self.answer = frame.get("answer", self.answer)
        self.problem = frame.get("problem", self.problem)

    @property
    def is_over(self) -> bool:
        return self.answer is not None or self.problem is not None


@dataclass
class Socket:
    connection: ClientConnection
    shown: dict[str, Shown] = field(default_factory=dict)

    async def say(self, **frame: Any) -> None:
        await self.connection.send(orjson.dumps(frame).decode())

    async def hear(self) -> Frame:
        text = await self.connection.recv()
        assert isinstance(text, str), "frames are text"
        frame: Frame = orjson.loads(text)
        if "position" in frame and frame["type"] != "accepted":
            self.shown.setdefault(frame["answer_id"], Shown()).take(frame)
        return frame

    async def ask(self, content: str = "How many holidays?", client_id: str = "q1", **more: Any) -> Frame:
        await self.say(type="ask", client_id=client_id, content=content, **more)
        return await self.hear_of("accepted", client_id=client_id)

    async def hear_of(self, kind: str, **about: str) -> Frame:
        """The next frame of this type (about this), passing over others."""
        while True:
            frame = await self.hear()
            if frame["type"] == kind and about.items() <= frame.items():
                return frame

    async def closed(self) -> int:
        """The code with which the server closes."""
        await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def open_socket(url: str, headers: dict[str, str] | None = None, **options: Any) -> AsyncIterator[Socket]:
    options = {"subprotocols": ["askflash.v1"], "compression": None} | options
    async with connect(url, additional_headers=_ALICE if headers is None else headers, **options) as connection:
        yield Socket(connection)


async def events(client: httpx2.AsyncClient, answer_id: str, after: str | None = None) -> AsyncIterator[Frame]:
    """The frames of the answer's event stream until it ends; comments as frames of type "comment"."""
    headers = {"Last-Event-ID": after} if after else {}
    async with client.stream("GET", f"/api/v1/answers/{answer_id}/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        position = ""
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                position = line[4:]
            elif line.startswith("data: "):
                frame = orjson.loads(line[6:])
                assert frame["position"] == position
                yield frame
            elif line.startswith(":"):
                yield {"type": "comment"}
