"""Ending tasks, reliably.

Before Python 3.12 `asyncio.wait_for`, which redis-py puts around every write, swallows a cancellation that meets its
result (python/cpython#86296). So one `cancel` is not always enough, and an endless loop asks whether it was cancelled.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

_AGAIN_SECONDS = 3.0


def cancelled() -> bool:
    """Whether the current task was told to end, even if something it awaited kept that from it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel and wait until all have ended; those that have not after some seconds are cancelled again."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_AGAIN_SECONDS)


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Run all at once until the first ends or fails, then end the others. Raises what the first raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(tasks)
