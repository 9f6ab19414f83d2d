"""Between a service and its database: each transaction that changes something is a step."""

import asyncio
import re
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tests.chaos.wires.traps import Moment, Traps

_STARTUP: Final = 196_608
_SSL_REQUEST: Final = 80_877_103
_CHANGE: Final = re.compile(r"(?<!FOR )\b(INSERT INTO|UPDATE|DELETE FROM) (\w+)")


class PostgresWire:
    """A transaction is called by what it changes, as `indexing: UPDATE jobs, INSERT job_items`. It passes when it is
    to be committed.
    """

    def __init__(self, service: str, target: Callable[[], int], traps: Traps) -> None:
        self._service = service
        self._target = target
        self._traps = traps
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port of loopback, which is returned."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, sink = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            writer.transport.abort()
            return
        session = _Session(self._service, self._traps)
        both = [
            asyncio.create_task(session.there(reader, writer, sink)),
            asyncio.create_task(session.back(upstream, writer)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        writer.transport.abort()
        sink.transport.abort()


class _Session:
    """One connection. `_prepared`: the texts of statements by the names that they were given."""

    def __init__(self, service: str, traps: Traps) -> None:
        self._service = service
        self._traps = traps
        self._prepared: dict[bytes, str] = {}
        self._changes: list[str] = []
        self._committing: str | None = None

    async def there(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sink: asyncio.StreamWriter
    ) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await _greeted(reader, writer, sink)
            while True:
                kind, body = await _message(reader)
                step = self._heard(kind, body)
                if step and not self._traps.passes(step, Moment.BEFORE):
                    return
                self._committing = step
                sink.write(kind + struct.pack("!i", len(body) + 4) + body)

    async def back(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await upstream.read(1 << 16):
                step, self._committing = self._committing, None
                if step and not self._traps.passes(step, Moment.AFTER):
                    return
                writer.write(data)

    def _heard(self, kind: bytes, body: bytes) -> str | None:
        """What is about to be committed, if that is what this message asks for."""
        if kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = text.decode()
        elif kind == b"B":
            self._changed(self._prepared.get(body.split(b"\0", 2)[1], ""))
        elif kind == b"Q":
            return self._asked(body.rstrip(b"\0").decode())
        return None

    def _asked(self, text: str) -> str | None:
        if not text.startswith("COMMIT"):
            self._changes = [] if text.startswith(("BEGIN", "ROLLBACK")) else self._changes
            return None
        changes, self._changes = self._changes, []
        return f"{self._service}: {', '.join(changes)}" if changes else None

    def _changed(self, statement: str) -> None:
        if found := _CHANGE.search(statement):
            change = f"{found[1].partition(' ')[0]} {found[2]}"
            if change not in self._changes:
                self._changes.append(change)


async def _greeted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sink: asyncio.StreamWriter) -> None:
    """The beginning, up to the first message that has a kind. Encryption is declined."""
    while True:
        length, code = struct.unpack("!ii", await reader.readexactly(8))
        rest = await reader.readexactly(length - 8)
        if code == _SSL_REQUEST:
            writer.write(b"N")
            continue
        sink.write(struct.pack("!ii", length, code) + rest)
        if code == _STARTUP:
            return


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", await reader.readexactly(5))
    return kind, await reader.readexactly(length - 4)
