"""How fast a server may be asked."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from flash_core.clients.retry_after import retry_after_seconds
from indexing_service.interfaces.providers import SourceAwayError

_LOW: Final = 0.2
"""The share of a quota from which on it is spread over the time that is left."""
_SLOWEST_SECONDS: Final = 30.0
_EPOCH_SINCE: Final = 1e9
"""Numbers from here on are moments, smaller ones are spans."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Clocks, waiting and chance; tests hold them still."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[float, float], float] = random.uniform


class Pace:
    """Turns of the requests to one server, however many want one at the same time."""

    def __init__(self, timing: Timing, per_second: float | None) -> None:
        self._timing = timing
        self._interval = 1 / per_second if per_second else 0.0
        self._free = timing.monotonic()

    async def turn(self, deadline: float) -> None:
        """Wait for it. `SourceAwayError` at once if it would come after the deadline."""
        while (wait := self._free - self._timing.monotonic()) > 0:
            if self._free > deadline:
                raise SourceAwayError(f"The server asks to be left alone for {wait:.0f} more seconds.")
            await self._timing.sleep(wait)
        self._free = self._timing.monotonic() + self._interval

    def heard(self, headers: Mapping[str, str]) -> None:
        """What an answer says about the next request."""
        asked = retry_after_seconds(headers.get("Retry-After", ""), self._timing.now()) or 0.0
        self._free = max(self._free, self._timing.monotonic() + max(asked, self._spread(headers)))

    def _spread(self, headers: Mapping[str, str]) -> float:
        """Seconds between requests with which a quota that runs out lasts until it is renewed."""
        left, quota = _number(headers.get("X-RateLimit-Remaining")), _number(headers.get("X-RateLimit-Limit"))
        seconds = self._until(headers.get("X-RateLimit-Reset", ""))
        if left is None or quota is None or seconds is None or left > quota * _LOW:
            return 0.0
        return min(_SLOWEST_SECONDS, seconds / (left + 1))

    def _until(self, reset: str) -> float | None:
        """Servers write a moment since 1970, an ISO date, or the seconds that are left."""
        now = self._timing.now()
        number = _number(reset)
        if number is not None:
            return max(0.0, number - now.timestamp()) if number >= _EPOCH_SINCE else number
        try:
            moment = datetime.fromisoformat(reset)
        except ValueError:
            return None
        return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
