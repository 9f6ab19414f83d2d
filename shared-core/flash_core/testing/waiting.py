"""Waiting for conditions, never for times."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

_POLL_SECONDS = 0.01
T = TypeVar("T")


async def eventually(condition: Callable[[], T | Awaitable[T]], *, seconds: float = 10) -> T:
    """What `condition` returns once that is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        result: T = await found if inspect.isawaitable(found) else found
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds:g} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(_POLL_SECONDS)
