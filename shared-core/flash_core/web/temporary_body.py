"""A request's body, kept while it is looked at before the application reads it."""

import hashlib
import re
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

_IN_MEMORY_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16
_BOUNDARY = re.compile(r'multipart/.*;\s*boundary="?([^";,]+)', re.IGNORECASE)


class TemporaryBody:
    """Small bodies stay in memory, large ones lie in a temporary file. Use as a context manager."""

    def __init__(self, scope: Scope) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  # `__exit__` closes it
        self._hash = hashlib.sha256(scope["query_string"] + b"\n")
        found = _BOUNDARY.match(Headers(scope=scope).get("content-type", ""))
        self._boundary = found[1].encode("latin-1") if found else b""
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    async def read(self, receive: Receive) -> bool:
        """Take the whole body in; false when the client left in the middle of it."""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            piece = message.get("body", b"")
            self._file.write(piece)
            self._feed(piece)
            more = message.get("more_body", False)
        return True

    def fingerprint(self) -> str:
        """Equal for equal bodies. A form's boundary, which clients draw anew for each try, does not count."""
        whole = self._hash.copy()
        whole.update(self._rest)
        return whole.hexdigest()

    def replay(self, receive: Receive) -> Receive:
        """The body once more, for the application; after its end, what comes behind it."""
        self._file.seek(0)
        done = False

        async def replayed() -> Message:
            nonlocal done
            if done:
                return await receive()
            piece = self._file.read(_PIECE_BYTES)
            done = len(piece) < _PIECE_BYTES
            return {"type": "http.request", "body": piece, "more_body": not done}

        return replayed

    def _feed(self, piece: bytes) -> None:
        """Hash all but the boundary, and keep back what may be the beginning of one."""
        self._rest += piece
        if not self._boundary:
            self._hash.update(self._rest)
            self._rest = b""
            return
        *parts, last = self._rest.split(self._boundary)
        for part in parts:
            self._hash.update(part)
        sure = max(0, len(last) - len(self._boundary) + 1)
        self._hash.update(last[:sure])
        self._rest = last[sure:]
