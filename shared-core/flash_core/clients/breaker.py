"""A circuit breaker: a dependency that keeps failing is left alone for a while, then tried by one call.

Own code because the asyncio libraries are unmaintained or share state between breakers (`docs/decisions`).
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from flash_core.errors import FlashError, UpstreamUnavailableError

log = structlog.get_logger(__name__)


class CircuitBreaker:
    """Closed: calls pass. After `threshold` failures in a row open: calls fail at once for `open_seconds`. Then one
    probe passes: its success closes the breaker, its failure opens it again. A call that takes long may say earlier
    that the dependency answers: others pass from then on, and its failure after all opens the breaker again.

    A dependency that is unavailable, too slow or crashes fails. One that says what is wrong, or that it has no room,
    lives. A cancelled call counts as nothing. While it is open it says what the last failure said.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int = 5,
        open_seconds: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._threshold = threshold
        self._open_seconds = open_seconds
        self._monotonic = monotonic
        self._failures = 0
        self._open_until = 0.0
        self._probing = False
        self._reason = ""

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[Callable[[], None]]:
        """Run the call inside; raises `UpstreamUnavailableError` without running it while open.

        The function that it gives is called to say that the dependency has begun to answer.
        """
        probe = self._admit()
        try:
            yield self._answers
        except FlashError as error:
            if isinstance(error, UpstreamUnavailableError):
                self._failed(f": {error}")
            else:
                self._succeeded()
            raise
        except Exception:
            self._failed()
            raise
        else:
            self._succeeded()
        finally:
            if probe:
                self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether a call made now would fail at once."""
        return self._failures >= self._threshold and (self._probing or self._monotonic() < self._open_until)

    def _admit(self) -> bool:
        if self.is_open:
            detail = f"{self._name} keeps failing and is tried again in a moment{self._reason or '.'}"
            raise UpstreamUnavailableError(detail)
        self._probing = self._failures >= self._threshold
        return self._probing

    def _answers(self) -> None:
        if self._failures >= self._threshold:
            self._failures = self._threshold - 1
            self._probing = False

    def _failed(self, reason: str = "") -> None:
        self._failures += 1
        self._reason = reason
        if self._failures >= self._threshold:
            self._open_until = self._monotonic() + self._open_seconds
            log.warning("breaker.open", dependency=self._name, seconds=self._open_seconds)

    def _succeeded(self) -> None:
        if self._failures >= self._threshold:
            log.info("breaker.closed", dependency=self._name)
        self._failures = 0
