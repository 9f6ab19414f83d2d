"""Reading processes: started when documents come, used for several, ended when there is nothing to do."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from signal import SIGKILL, SIGXCPU
from types import TracebackType
from typing import Any, Final, Self

import structlog

from flash_core.errors import (
    FlashError,
    InvalidInputError,
    TooLargeError,
    UnsupportedMediaError,
    UpstreamUnavailableError,
)
from indexing_service.interfaces import DocumentFormat
from indexing_service.interfaces.parsing import Converted, ConverterInterface, UnreadableError
from indexing_service.providers.parsing.limits import Limits
from indexing_service.providers.parsing.messages import LENGTH, packed, unpacked_head

log = structlog.get_logger(__name__)

WORKER: Final = (sys.executable, "-m", "indexing_service.providers.parsing.worker")
_DOCUMENTS_A_PROCESS: Final = 500
"""What libraries leak ends with the process."""
_START_SECONDS: Final = 20
_ERRORS: Final[Mapping[str, type[FlashError]]] = {
    kind.code: kind for kind in (InvalidInputError, TooLargeError, UnsupportedMediaError, UnreadableError)
}


class ConverterPool(ConverterInterface):
    """Up to `processes` documents at once. A process that dies or takes too long costs its document alone."""

    def __init__(
        self, limits: Limits, *, processes: int = 2, idle_seconds: float = 60, command: Sequence[str] = WORKER
    ) -> None:
        self._limits = limits
        self._idle_seconds = idle_seconds
        self._command = command
        self._places = asyncio.Semaphore(processes)
        self._resting: list[_Reader] = []

    @property
    def resting(self) -> int:
        """Processes that wait for a document."""
        return len(self._resting)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._resting:
            await self._resting.pop().end()

    async def converted(self, document_format: DocumentFormat, data: bytes) -> Converted:
        async with self._places:
            reader = self._resting.pop() if self._resting else await self._started()
            reader.wake()
            try:
                answer = await reader.asked({"format": document_format, "limits": asdict(self._limits)}, data)
            except BaseException:
                await reader.end()
                raise
            if answer.error == "memory" or reader.documents >= _DOCUMENTS_A_PROCESS:
                await reader.end()
            else:
                self._resting.append(reader)
                reader.rest(self._idle_seconds, self._retire)
        return answer.converted(self._limits)

    async def _started(self) -> "_Reader":
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_environment(), start_new_session=True
        )
        reader = _Reader(process, self._limits)
        try:
            await reader.ready()
        except BaseException:
            await reader.end()
            raise
        return reader

    def _retire(self, reader: "_Reader") -> None:
        if reader in self._resting:
            self._resting.remove(reader)
            reader.dismiss()


class _Answer:
    def __init__(self, head: Mapping[str, Any], body: bytes) -> None:
        self.error: str | None = head.get("error")
        self._head = head
        self._body = body

    def converted(self, limits: Limits) -> Converted:
        if self.error == "memory":
            raise UnreadableError(f"Reading it takes more than {limits.memory_mb} MB of memory.")
        if self.error:
            raise _ERRORS[self.error](self._head["detail"])
        return Converted(self._head["title"], self._body.decode())


class _Reader:
    """One process. It answers one question at a time."""

    def __init__(self, process: Process, limits: Limits) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("A reading process needs pipes.")
        self._process = process
        self._to = process.stdin
        self._answers = process.stdout
        self._limits = limits
        self._timer: asyncio.TimerHandle | None = None
        self.documents = 0

    async def ready(self) -> None:
        """It has started: from now on time is the document's."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._answered()
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            raise UpstreamUnavailableError("The reader of documents does not start.") from error

    async def asked(self, head: Mapping[str, Any], body: bytes) -> _Answer:
        self.documents += 1
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._exchange(packed(head, body))
        except TimeoutError:
            log.warning("parser.timeout", format=head["format"], bytes=len(body))
            raise UnreadableError(f"Reading it takes longer than {self._limits.seconds} s.") from None
        except (OSError, asyncio.IncompleteReadError):
            raise await self._death(head["format"], len(body)) from None

    async def _exchange(self, question: bytes) -> _Answer:
        self._to.write(question)
        await self._to.drain()
        return await self._answered()

    async def _answered(self) -> _Answer:
        head = await self._part()
        return _Answer(unpacked_head(head), await self._part())

    async def _part(self) -> bytes:
        (length,) = LENGTH.unpack(await self._answers.readexactly(LENGTH.size))
        return await self._answers.readexactly(length)

    async def _death(self, document_format: str, size: int) -> UnreadableError:
        status = await self._process.wait()
        log.warning("parser.died", format=document_format, bytes=size, status=status)
        if -status in {SIGXCPU, SIGKILL}:
            return UnreadableError(f"Reading it takes more than {self._limits.seconds} s or too much memory.")
        return UnreadableError("Its reader crashed over it; it may be damaged.")

    def wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def rest(self, seconds: float, retire: Any) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, retire, self)

    def dismiss(self) -> None:
        """It ends when its input does."""
        self._to.close()

    async def end(self) -> None:
        self.wake()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _environment() -> dict[str, str]:
    """No secret of the service is where a document's reader could find it."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
