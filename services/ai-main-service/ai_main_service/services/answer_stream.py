"""What readers see of an answer while it is written: its frames, in order, coalesced, in the answer's log."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

import structlog
from pydantic import BaseModel

from ai_main_service.services.context_builder import Context
from ai_main_service.services.stopwatch import Stopwatch
from flash_core.errors import FencedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import ModelCall
from flash_core.interfaces.answer_log import AnswerLogInterface, LoggedFrame, Position
from flash_core.schemas.chat import DeltaFrame, ResetFrame, Source, SourcesFrame, Stage, StatusFrame

log = structlog.get_logger(__name__)
MAX_PENDING_PIECES = 64
MAX_PENDING_BYTES = 4_096
_SHORTEST_WINDOW = 0.04
_LONGEST_WINDOW = 0.4
_STREAMS_A_SECOND = 4_000


def window_of(active_streams: int) -> float:
    """Seconds to wait for more text before a delta is sent: longer the more answers are written at once."""
    return min(max(_SHORTEST_WINDOW, active_streams / _STREAMS_A_SECOND), _LONGEST_WINDOW)


class AnswerStream:
    """The first text goes out at once, later text within a window, or earlier when there is much of it.

    `content` is exactly what the deltas since the last reset say, once `flush` has returned. The log may be lost at
    any time; then writing goes on, and the next frame that gets through is a reset with all of the text. `calls` and
    `watch` hold what the answer has taken so far, so that they are there however it ends.
    Raises `FencedError` when a newer attempt writes this answer.
    """

    def __init__(
        self,
        answers: AnswerLogInterface,
        generation_id: UUID,
        attempt: int,
        window: Callable[[], float],
        *,
        queued_ms: float = 0.0,
    ) -> None:
        self._answers = answers
        self._generation_id = generation_id
        self._attempt = attempt
        self._window = window
        self._sequence = 0
        self._pending: list[str] = []
        self._pending_bytes = 0
        self._sent_at = float("-inf")
        self._timer: asyncio.Task[None] | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._in_doubt = False
        self._sources: SourcesFrame | None = None
        self.content = ""
        self.context: Context | None = None
        self.first_text_at: float | None = None
        self.calls: list[ModelCall] = []
        self.watch = Stopwatch(queued_ms)

    async def status(self, stage: Stage, detail: str = "") -> None:
        await self._say(StatusFrame(stage=stage, detail=detail))

    async def sources(self, sources: Sequence[Source]) -> None:
        self._sources = SourcesFrame(sources=list(sources))
        await self._say(self._sources)

    async def reset(self) -> None:
        """All text so far is void."""
        async with self._lock:
            self._forget_pending()
            self.content = ""
            await self._append(ResetFrame())

    async def write(self, text: str) -> None:
        if not text:
            return
        if self.first_text_at is None:
            self.first_text_at = time.monotonic()
        self.content += text
        self._pending.append(text)
        self._pending_bytes += len(text.encode())
        wait = self._sent_at + self._window() - time.monotonic()
        if wait <= 0 or len(self._pending) >= MAX_PENDING_PIECES or self._pending_bytes >= MAX_PENDING_BYTES:
            await self.flush()
        elif self._timer is None:
            self._timer = asyncio.create_task(self._flush_after(wait))

    async def flush(self) -> None:
        """Send what waits for the window."""
        self._stop_timer()
        await self._flush()

    def close(self) -> None:
        """Leave without sending what waits."""
        self._stop_timer()

    async def _flush(self) -> None:
        async with self._lock:
            if self._in_doubt:
                await self._append()
            elif self._pending:
                text = "".join(self._pending)
                self._forget_pending()
                await self._append(DeltaFrame(text=text))

    async def _flush_after(self, wait: float) -> None:
        await asyncio.sleep(wait)
        self._timer, self._flushing = None, self._timer  # from here on it must not be cut off
        with suppress(FencedError):  # the next append says so again
            await self._flush()

    async def _say(self, frame: BaseModel) -> None:
        await self.flush()
        async with self._lock:
            await self._append(frame)

    async def _append(self, *frames: BaseModel) -> None:
        """Append, after a lost append together with everything so far: nobody knows what of it arrived."""
        if self._in_doubt:
            new = (frame for frame in frames if isinstance(frame, StatusFrame))
            frames = (ResetFrame(), *self._repeated(), *new)
            self._forget_pending()
        self._in_doubt = True
        try:
            await self._answers.append(self._generation_id, [self._numbered(frame) for frame in frames])
        except UpstreamUnavailableError:
            log.warning("answer.log_away", generation_id=str(self._generation_id))
        else:
            self._in_doubt = False
        self._sent_at = time.monotonic()

    def _repeated(self) -> list[BaseModel]:
        text = [DeltaFrame(text=self.content)] if self.content else []
        return [*([self._sources] if self._sources else []), *text]

    def _numbered(self, frame: BaseModel) -> LoggedFrame:
        self._sequence += 1
        return LoggedFrame(Position(self._attempt, self._sequence), frame.model_dump_json().encode())

    def _forget_pending(self) -> None:
        self._pending.clear()
        self._pending_bytes = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
