"""Hints to whoever listens now: at most once, no memory. Never the only carrier of anything that matters."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BroadcastInterface(Protocol):
    """Publish/subscribe. A message may be lost; it is never delivered to a channel it was not sent to."""

    @abstractmethod
    async def publish(self, channel: str, message: bytes) -> None:
        """Raise `UpstreamUnavailableError` if the broker is away; callers usually ignore that."""

    @abstractmethod
    def subscribe(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Messages sent after the context was entered. An empty message means "you may have missed some"."""
