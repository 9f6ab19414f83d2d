"""Calls for the same thing at the same moment, made once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Call(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class SharedCalls(Generic[T]):
    """Who asks for a key while it is being asked for waits for the same result, or the same error.

    The call is cancelled when the last who waits for it is.
    """

    def __init__(self) -> None:
        self._calls: dict[str, _Call[T]] = {}

    async def run(self, key: str, call: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, bool]:
        """The result, and whether it was somebody else's call."""
        joined = self._calls.get(key)
        own = joined or self._begun(key, call)
        own.waiting += 1
        try:
            return await asyncio.shield(own.task), joined is not None
        finally:
            own.waiting -= 1
            if not own.waiting and not own.task.done():
                self._forget(key, own)  # at once: who comes now must not wait for a call that is being cancelled
                own.task.cancel()

    def _begun(self, key: str, call: Callable[[], Coroutine[Any, Any, T]]) -> _Call[T]:
        begun = self._calls[key] = _Call(asyncio.create_task(call()))
        begun.task.add_done_callback(lambda _: self._ended(key, begun))
        return begun

    def _ended(self, key: str, call: _Call[T]) -> None:
        self._forget(key, call)
        if not call.task.cancelled():
            call.task.exception()  # looked at, also when nobody waits any more

    def _forget(self, key: str, call: _Call[T]) -> None:
        if self._calls.get(key) is call:
            del self._calls[key]
