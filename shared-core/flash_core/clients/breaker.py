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
    probe passes: its success closes the breaker, its failure opens it again.

    Only retryable `FlashError`s and time-outs count as failures; a cancelled call counts as nothing.
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

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Run the call inside; raises `UpstreamUnavailableError` without running it while open."""
        probe = self._admit()
        try:
            yield
        except (FlashError, TimeoutError) as error:
            if isinstance(error, TimeoutError) or error.retryable:
                self._failed()
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

    def _admit(self) -> bool:
        if self._failures < self._threshold:
            return False
        if self._probing or self._monotonic() < self._open_until:
            raise UpstreamUnavailableError(f"{self._name} keeps failing; it is tried again in a moment.")
        self._probing = True
        return True

    def _failed(self) -> None:
        self._failures += 1
        if self._failures >= self._threshold:
            self._open_until = self._monotonic() + self._open_seconds
            log.warning("breaker.open", dependency=self._name, seconds=self._open_seconds)

    def _succeeded(self) -> None:
        if self._failures >= self._threshold:
            log.info("breaker.closed", dependency=self._name)
        self._failures = 0
