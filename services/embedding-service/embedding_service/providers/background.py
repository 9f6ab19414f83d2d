"""Work that leaves the processor to whoever is waited for."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
_NICE: Final = 10
"""A tenth of a normal thread's weight where both want the same core (sched(7)), all of it where nobody else does."""


def background_threads() -> ThreadPoolExecutor:
    """A thread of low priority. What is computed in it yields to other threads and other processes."""
    return ThreadPoolExecutor(1, "background", initializer=_yield)


def in_background(work: Callable[[], T]) -> T:
    """Waits for it; threads that it starts inherit the low priority."""
    with background_threads() as threads:
        return threads.submit(work).result()


def _yield() -> None:
    if sys.platform == "linux":  # where a priority is a thread's; elsewhere it would be the process's
        os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), _NICE))
