"""Work that leaves the processor to whoever is waited for."""

import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_NICE: Final = 19
"""A seventieth of a normal thread's weight where both want the same core (sched(7)), all of it where nobody else
does."""

_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""Of control groups, version 2: microseconds of processor time, or `max`, in a period of so many microseconds."""


def background_threads(number: int) -> ThreadPoolExecutor:
    """Threads of low priority. What is computed in them yields to other threads and other processes."""
    return ThreadPoolExecutor(number, "background", initializer=_yield)


def cores(quota: Path = _QUOTA) -> int:
    """How many this process may use; a container's limit counts, in whole cores."""
    own = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    try:
        limit, period = quota.read_text().split()
        return min(own, max(1, math.ceil(int(limit) / int(period))))
    except (OSError, ValueError):  # not Linux, or the word `max`
        return own


def _yield() -> None:
    if sys.platform == "linux":  # where a priority is a thread's; elsewhere it would be the process's
        os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), _NICE))
