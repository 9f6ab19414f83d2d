"""Running in the background: the terminal is left when the fleet is ready, not before."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def in_background(work: Callable[[Callable[[], None]], int], log: Path) -> int:
    """Run `work(ready)` in a process of its own session; returns 0 once it calls `ready`, or else its exit code.

    Up to then it writes where this process writes, and Ctrl-C here stops it; afterwards it writes to `log`.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.setsid()
        os._exit(_run(work, writer, log))
    os.close(writer)
    try:
        if os.read(reader, 1):
            return 0
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except KeyboardInterrupt:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        return 130
    finally:
        os.close(reader)


def _run(work: Callable[[Callable[[], None]], int], writer: int, log: Path) -> int:
    def ready() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            source = os.open(os.devnull if target == 0 else log, flags | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(source, target)
            os.close(source)
        os.write(writer, b"1")
        os.close(writer)

    code = work(ready)
    with suppress(OSError):  # the log's disk is full
        sys.stdout.flush()
        sys.stderr.flush()
    return code
