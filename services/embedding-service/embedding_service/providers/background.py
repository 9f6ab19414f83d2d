"""Work that leaves the processor to whoever is waited for."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_NICE: Final = 19
"""A seventieth of a normal thread's weight where both want the same core (sched(7)), all of it where nobody else
does."""


def background_threads(number: int) -> ThreadPoolExecutor:
    """Threads of low priority. What is computed in them yields to other threads and other processes."""
    return ThreadPoolExecutor(number, "background", initializer=_yield)


def cores() -> int:
    """How many this process may use, as far as the operating system says it."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _yield() -> None:
    if sys.platform == "linux":  # where a priority is a thread's; elsewhere it would be the process's
        os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), _NICE))
