"""One answer as this replica follows it: the log's frames in memory, shared by everyone here who reads along.

The feed is the buffer of its readers. Each keeps only its position, so a slow one holds up nobody, loses nothing and
costs no queue; what a feed holds is bounded by the log's own cap.
"""

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog

from chat_service.services.endings import terminal_frame
from flash_core.errors import BadRequestError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import (
    BEGINNING,
    TERMINAL_SEQUENCE,
    AnswerLogInterface,
    LoggedFrame,
    Position,
    wake_channel,
)
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.schemas.chat import Answer, DeltaFrame, ResetFrame
from flash_core.utils.tasks import cancelled

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReadyFrame:
    """`text` is the whole frame as a client gets it, JSON on one line."""

    position: Position
    type: str
    text: str


_FIRST_REPAIR = TERMINAL_SEQUENCE - 2


class _Content(msgspec.Struct):
    content: str = ""


class _Named(msgspec.Struct):
    document_id: UUID


class _Peek(msgspec.Struct):
    """The little that must be known of a frame to pass it on."""

    type: str
    text: str = ""
    sources: list[_Named] = []
    answer: _Content | None = None


_peek = msgspec.json.Decoder(_Peek).decode


class AnswerFeed:
    """`document_ids`: all that its frames have named as sources, in whatever attempt."""

    def __init__(self, answer_id: UUID, answers: AnswerLogInterface, broadcast: BroadcastInterface) -> None:
        self.answer_id = answer_id
        self.readers = 0
        self.is_over = False
        self.news = asyncio.Event()
        self.heard_at = time.monotonic()
        self.document_ids: set[UUID] = set()
        self._answers = answers
        self._broadcast = broadcast
        self.repair: Sequence[ReadyFrame] = ()
        self._frames: list[ReadyFrame] = []
        self._positions: list[Position] = []
        self._shown: list[str] = []
        self._reading = asyncio.Lock()

    @property
    def is_only_stored(self) -> bool:
        """Nothing of it was left in the log: what the feed holds was made from the stored answer."""
        return self.is_over and bool(self._positions) and self._positions[0].sequence >= _FIRST_REPAIR

    @property
    def is_removed(self) -> bool:
        """It was deleted while it was followed: there is no last frame."""
        return self.is_over and self._last.sequence != TERMINAL_SEQUENCE

    @property
    def end(self) -> ReadyFrame:
        """The last frame, once it is over."""
        return self._frames[-1]

    def holds(self, position: Position) -> bool:
        at = bisect_left(self._positions, position)
        return self._positions[at : at + 1] == [position]

    def after(self, position: Position) -> Sequence[ReadyFrame]:
        return self._frames[bisect_right(self._positions, position) :]

    async def run(self, silence_seconds: float) -> None:
        """Follow until the last frame: subscribe first, then read, so that nothing falls between the two."""
        async with self._broadcast.subscribe(wake_channel(self.answer_id)) as hints:
            await self.catch_up()
            hint = asyncio.ensure_future(anext(hints))
            try:
                while not self.is_over and not cancelled():
                    done, _ = await asyncio.wait({hint}, timeout=silence_seconds)
                    if not done:
                        await self.catch_up()
                        continue
                    if self._is_news(hint.result()):
                        await self.catch_up()
                    hint = asyncio.ensure_future(anext(hints))
            finally:
                hint.cancel()

    async def catch_up(self) -> None:
        """Read what the log holds beyond what is known here. A log that is away is tried again."""
        async with self._reading:
            if self.is_over:
                return
            try:
                frames = await self._answers.read(self.answer_id, self._last)
            except UpstreamUnavailableError:
                log.warning("answer.log_away", generation_id=str(self.answer_id))
                return
            for one in frames:
                self._take(one)
            if frames:
                self.tell()

    async def settle(self, attempt: int, answer: Answer | None) -> None:
        """It is over, says the database; None when it was removed. What the log still holds of it comes first."""
        await self.catch_up()
        if self.is_over:
            return
        self.close(attempt, answer)

    def close(self, attempt: int, answer: Answer | None) -> None:
        """There is nothing but this answer to come."""
        if answer is not None:
            at = Position(max(attempt, self._last.attempt), TERMINAL_SEQUENCE)
            self._take(LoggedFrame(at, terminal_frame(answer)))
        self.is_over = True
        self.tell()

    @property
    def _last(self) -> Position:
        return self._positions[-1] if self._positions else BEGINNING

    def _is_news(self, hint: bytes) -> bool:
        """False for a wake-up about what an earlier read has brought already."""
        with suppress(BadRequestError, UnicodeDecodeError):
            return Position.parse(hint.decode()) > self._last
        return True

    def _take(self, one: LoggedFrame) -> None:
        try:
            frame = _peek(one.frame)
        except msgspec.MsgspecError:
            log.warning("answer.frame_unreadable", generation_id=str(self.answer_id), position=str(one.position))
            return
        if one.position.sequence == TERMINAL_SEQUENCE:
            self._end(one.position.attempt, frame)
        elif frame.type == "reset":
            self._shown.clear()
        elif one.position.attempt > max(1, self._last.attempt):
            self._begin_anew(one.position)
        if frame.type == "delta":
            self._shown.append(frame.text)
        self.document_ids.update(source.document_id for source in frame.sources)
        self._append(self._ready(one.position, frame.type, one.frame))

    def _begin_anew(self, first: Position) -> None:
        """An attempt whose own `reset` was lost with the log voids what the last one wrote all the same."""
        self._shown.clear()
        self._append(self._made(Position(first.attempt, first.sequence - 1), ResetFrame()))

    def _end(self, attempt: int, frame: _Peek) -> None:
        """With `repair` for those who lost parts of the log (a wiped Redis, a cap): void them, show the whole text.

        When what lies here is not the whole text either, the repair is for everyone.
        """
        self.is_over = True
        if frame.answer is None:
            return
        whole = frame.answer.content
        self.repair = (
            self._made(Position(attempt, _FIRST_REPAIR), ResetFrame()),
            self._made(Position(attempt, _FIRST_REPAIR + 1), DeltaFrame(text=whole)),
        )
        if "".join(self._shown) != whole:
            for one in self.repair:
                self._append(one)

    def _made(self, position: Position, frame: ResetFrame | DeltaFrame) -> ReadyFrame:
        return self._ready(position, frame.type, frame.model_dump_json().encode())

    def _ready(self, position: Position, kind: str, frame: bytes) -> ReadyFrame:
        head = f'{{"answer_id":"{self.answer_id}","position":"{position}",'
        return ReadyFrame(position, kind, head + frame[1:].decode())

    def _append(self, one: ReadyFrame) -> None:
        self._positions.append(one.position)
        self._frames.append(one)

    def tell(self) -> None:
        """Wake every reader."""
        self.heard_at = time.monotonic()
        self.news.set()
        self.news = asyncio.Event()
