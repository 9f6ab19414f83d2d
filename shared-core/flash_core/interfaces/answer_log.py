"""The log of an answer while it is being written: what readers on any replica follow and resume from."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID

from flash_core.errors import BadRequestError

_SEQUENCE_DIGITS = 8
_ATTEMPT_DIGITS = 6


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a frame stands: the attempt that wrote it and its number in that attempt.

    As text it has a fixed width, so that texts sort as positions do.
    """

    attempt: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.attempt:0{_ATTEMPT_DIGITS}d}-{self.sequence:0{_SEQUENCE_DIGITS}d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raise `BadRequestError` for anything that `str` did not make."""
        attempt, separator, sequence = text.partition("-")
        whole = attempt.isascii() and attempt.isdigit() and sequence.isascii() and sequence.isdigit()
        if not separator or not whole or len(attempt) > _ATTEMPT_DIGITS or len(sequence) > _SEQUENCE_DIGITS:
            raise BadRequestError("This is not a position of an answer.")
        return cls(int(attempt), int(sequence))


BEGINNING = Position(0, 0)
"""Before every frame; the position of `accepted`."""

TERMINAL_SEQUENCE = 99_999_999
"""The number of an attempt's last frame, `done` or `error`, in the log and when it comes from the database."""


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """`frame` is the JSON object of a frame without `answer_id` and `position`, as UTF-8."""

    position: Position
    frame: bytes


def wake_channel(generation_id: UUID) -> str:
    """The broadcast channel on which an append to this generation's log is announced (the message is the position)."""
    return f"gen:{{{generation_id}}}"


def cancel_channel(generation_id: UUID) -> str:
    """The broadcast channel that tells a running generation's worker that its asker has cancelled it."""
    return f"cancel:{{{generation_id}}}"


class AnswerLogInterface(Protocol):
    """An append-only log for each generation, kept for 15 minutes after the last append.

    Positions only grow: whoever was overtaken by a newer attempt is refused. The log may be lost as a whole at any
    time; the stored answer is the truth. Raises `UpstreamUnavailableError` when the log can't be reached.
    """

    @abstractmethod
    async def append(self, generation_id: UUID, frames: Sequence[LoggedFrame]) -> None:
        """Append in order and wake the readers; the same frames again change nothing.

        `FencedError` when the log already holds a later position.
        """

    @abstractmethod
    async def read(self, generation_id: UUID, after: Position) -> list[LoggedFrame]:
        """All frames behind `after` that the log holds now, in order."""
