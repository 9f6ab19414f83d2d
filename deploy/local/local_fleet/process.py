"""What the supervisor needs to know of a program it keeps alive, and how such a program is started."""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_fleet.kernel import die_with_parent

Probe = Callable[[], bool]
"""Is it ready? Answers within a second and never raises."""

_KEPT_LOGS = 3


@dataclass(frozen=True, slots=True)
class Process:
    """One program: everything that is needed to start it, to know that it is ready and to stop it."""

    name: str
    argv: Sequence[str]
    ready: Probe
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0
    orphan_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when its starter dies (Linux only)."""
    prepare: Callable[[], None] = lambda: None
    """Run before every start: clears away what a killed predecessor left."""


def spawn(process: Process, log: Path) -> subprocess.Popen[bytes]:
    """Start `process` as the leader of its own group, both outputs appended to `log`.

    Call it from the main thread: on Linux the child gets `orphan_signal` when the thread that started it ends.
    """
    process.prepare()
    with log.open("ab") as output:
        return subprocess.Popen(
            list(process.argv),
            env=dict(process.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(process.orphan_signal),  # noqa: PLW1509 - async-signal-safe calls only
        )


def rotate(log: Path) -> None:
    """Keep the logs of the last starts as `name.log.1` (the newest) … `name.log.3`."""
    for number in range(_KEPT_LOGS, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-count:])
