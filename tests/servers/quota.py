"""How many requests a server lets one account make: a bucket that fills up as time goes by."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass
class Quota:
    """`size` requests at once, `per_second` more. `refused`: those that got 429; `impatient`: those that came before
    the time that the answer before them had asked to wait for.
    """

    size: float
    per_second: float
    now: Callable[[], float] = monotonic
    refused: int = 0
    impatient: int = 0
    _left: float = field(init=False)
    _at: float = field(init=False)
    _not_before: float = 0.0

    def __post_init__(self) -> None:
        self._left = self.size
        self._at = self.now()

    def take(self) -> dict[str, str] | None:
        """The headers to refuse the next request with; None if it may be answered."""
        self._fill()
        if self._left >= 1:
            self._left -= 1
            return None
        self.refused += 1
        return self.asks_to_wait((1 - self._left) / self.per_second)

    def is_low(self) -> bool:
        return self._left < self.size / 4

    def asks_to_wait(self, seconds: float) -> dict[str, str]:
        """In whole seconds, as servers do."""
        self._not_before = self.now() + math.ceil(seconds)
        return {"Retry-After": str(math.ceil(seconds))}

    def _fill(self) -> None:
        now = self.now()
        self.impatient += now < self._not_before - 0.05
        self._left = min(self.size, self._left + (now - self._at) * self.per_second)
        self._at = now
