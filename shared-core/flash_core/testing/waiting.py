"""Waiting for conditions, never for times."""

import asyncio
import inspect
import time
from collections.abc import Callable

_POLL_SECONDS = 0.01


async def eventually(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Wait until what `condition` returns, or what that awaits, is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds:g} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(_POLL_SECONDS)
