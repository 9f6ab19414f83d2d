"""Two promises of the Linux kernel that keep a fleet from leaving processes behind; elsewhere they do nothing."""

import ctypes
import os
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when the thread that started it ends, however it ends."""
    if sys.platform != "linux":
        return lambda: None
    prctl = _prctl()
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def adopt_orphans() -> None:
    """From now on the children of a dead child become this process' own instead of the init process'."""
    if sys.platform == "linux":
        _prctl()(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _prctl() -> Callable[..., int]:
    function: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return function
