"""A web server on loopback that says, byte for byte, what a test wants it to say."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reply:
    """`chunks` are sent until the client hangs up; `cut`: the connection ends before the promised end."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: Iterable[bytes] | None = None
    cut: bool = False

    @property
    def head(self) -> bytes:
        length = {} if self.chunks is not None else {"Content-Length": str(len(self.body) + self.cut)}
        lines = [
            f"HTTP/1.1 {self.status} Said",
            *(f"{name}: {value}" for name, value in {**length, **self.headers}.items()),
        ]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """Answers with what it is told, in turn; the last reply stays. `port` is known while it runs."""

    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            self.requests.append(await _request(reader))
            self.before()
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            writer.write(reply.head + reply.body)
            for chunk in reply.chunks or ():
                writer.write(chunk)
                await writer.drain()
            await writer.drain()
        writer.close()


async def _request(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def running(tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    server = await asyncio.start_server(scripted.answer, "127.0.0.1", 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        await server.wait_closed()
