"""How long each stage of an answer took."""

import time
from dataclasses import dataclass, field

from flash_core.schemas.chat import Timings

_MS = 1_000


@dataclass(slots=True)
class Stopwatch:
    """`queued_ms` counts from acceptance to the claim; first token and total count from acceptance too."""

    queued_ms: float
    started: float = field(default_factory=time.monotonic)
    _laps: dict[str, float] = field(default_factory=dict)
    _last: float = 0.0

    def __post_init__(self) -> None:
        self._last = self.started

    def lap(self, stage: str) -> None:
        """`stage` (a field of `Timings`) ends now and began when the one before ended; the first of a name counts."""
        now = time.monotonic()
        self._laps.setdefault(stage, round((now - self._last) * _MS, 1))
        self._last = now

    def timings(self, first_text_at: float | None) -> Timings:
        first = None if first_text_at is None else self._since_acceptance(first_text_at)
        return Timings(
            queue=round(self.queued_ms, 1),
            first_token=first,
            total=self._since_acceptance(time.monotonic()),
            intent=self._laps.get("intent"),
            retrieval=self._laps.get("retrieval"),
        )

    def _since_acceptance(self, moment: float) -> float:
        return round(self.queued_ms + (moment - self.started) * _MS, 1)
