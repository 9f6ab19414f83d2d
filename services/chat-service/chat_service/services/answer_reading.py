"""Where one reader stands in an answer, and what is next for them."""

from collections.abc import Sequence

from chat_service.services.answer_feed import AnswerFeed, ReadyFrame
from flash_core.interfaces.answer_log import BEGINNING, Position


class AnswerReading:
    """Whatever was lost in between: the deltas that a reader is given since their last `reset` make up the answer.

    A reader whose position is no longer in the log (it was wiped, or capped) can't just be given what follows: they
    are told nothing until the text begins anew, at the latest with the repair at its end.
    """

    def __init__(self, feed: AnswerFeed, after: Position) -> None:
        self.at = after
        self._feed = feed
        self._is_in_step: bool | None = True if after == BEGINNING else None

    def due(self) -> Sequence[ReadyFrame]:
        """The frames to give the reader now; whoever gives them moves `at` along."""
        frames = self._feed.after(self.at)
        if not frames:
            return ()
        if self._is_in_step is None:
            self._is_in_step = self._feed.holds(self.at)
        if self.at == BEGINNING and self._feed.is_only_stored:
            return frames[-1:]  # who has seen nothing needs no repair, only the end
        return frames if self._is_in_step else self._back_in_step(frames)

    def _back_in_step(self, frames: Sequence[ReadyFrame]) -> Sequence[ReadyFrame]:
        for number, frame in enumerate(frames):
            if frame.type == "reset":
                self._is_in_step = True
                return frames[number:]
        if self._feed.is_over:
            return [*(one for one in self._feed.repair if one.position > self.at), frames[-1]]
        return ()
