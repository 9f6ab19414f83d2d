"""The sockets that are open on this replica."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from flash_core.errors import RateLimitedError

log = structlog.get_logger(__name__)


class OpenSockets:
    """Counts them by user, and sends them elsewhere when the replica shuts down."""

    def __init__(self, most_per_user: int) -> None:
        self._most_per_user = most_per_user
        self._by_user: Counter[UUID] = Counter()
        self._none_left = asyncio.Event()
        self._none_left.set()
        self.leaving = asyncio.Event()

    @contextmanager
    def entered(self, user_id: UUID) -> Iterator[None]:
        """Count one for the time of the block; `RateLimitedError` when the user has too many."""
        if self._by_user[user_id] >= self._most_per_user:
            raise RateLimitedError("Too many open connections.")
        self._by_user[user_id] += 1
        self._none_left.clear()
        try:
            yield
        finally:
            self._by_user[user_id] -= 1
            self._by_user += Counter()  # forget those with none
            if not self._by_user:
                self._none_left.set()

    async def leave(self, seconds: float) -> None:
        """Ask every socket to say goodbye, and wait until all have, but no longer than `seconds`."""
        self.leaving.set()
        try:
            async with asyncio.timeout(seconds):
                await self._none_left.wait()
        except TimeoutError:
            log.warning("sockets.left_open", count=self._by_user.total())
