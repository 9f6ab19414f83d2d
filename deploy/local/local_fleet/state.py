"""`run/fleet.json`: what a running fleet tells about itself, for `status`, `down` and the next start."""

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from local_fleet.home import Home, read_json, write_private

_SAME_START_SECONDS = 1.0
"""Two reads of a process' start time may differ by a clock tick; a new process with an old pid differs by more."""


@dataclass(slots=True)
class ProcessState:
    """One supervised program now. `started_at` is a Unix time and tells it from a later process with its pid."""

    name: str
    port: int
    pid: int = 0
    started_at: float = 0.0
    restarts: int = 0
    state: str = "starting"


@dataclass(slots=True)
class FleetState:
    """The supervisor and everything that it keeps alive."""

    pid: int = 0
    started_at: float = 0.0
    port: int = 0
    address: str = ""
    ready: bool = False
    was_ready: bool = False
    """Once, at some start: the first administrator exists then."""
    sampled: bool = False
    ports: dict[str, int] = field(default_factory=dict)
    processes: list[ProcessState] = field(default_factory=list)

    @classmethod
    def load(cls, home: Home) -> "FleetState":
        """The last written state; a blank one when there is none that can be read."""
        content = read_json(home.state)
        try:
            processes = [ProcessState(**entry) for entry in content.pop("processes", [])]  # type: ignore[attr-defined] # a damaged file raises
            return cls(**content, processes=processes)  # type: ignore[arg-type] # as above
        except (TypeError, AttributeError):
            return cls()

    def save(self, home: Home) -> None:
        write_private(home.state, json.dumps(asdict(self), indent=2) + "\n")
        for process in self.processes:
            _write_pid(home.run / f"{process.name}.pid", process.pid)
        _write_pid(home.run / "supervisor.pid", self.pid)


class StateFile:
    """Keeps what a fleet tells about itself in its file. What can't be written now, as on a full disk, is written when
    it can: the programs are kept alive meanwhile. For the running event loop.
    """

    def __init__(self, state: FleetState, home: Home, *, again_seconds: float = 1.0) -> None:
        self._state = state
        self._home = home
        self._again_seconds = again_seconds
        self._again: asyncio.TimerHandle | None = None

    def save(self) -> None:
        self.close()
        try:
            self._state.save(self._home)
        except OSError:
            self._again = asyncio.get_running_loop().call_later(self._again_seconds, self.save)

    def close(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None


def alive(pid: int, started_at: float) -> psutil.Process | None:
    """The process with this pid if it is the one that started then; not one that only waits to be reaped."""
    try:
        process = psutil.Process(pid)
        same = pid > 0 and abs(process.create_time() - started_at) < _SAME_START_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.NoSuchProcess, ValueError):
        return None


def start_time(pid: int) -> float:
    """When a living process started, as a Unix time; now, when it is gone already."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()


def _write_pid(path: Path, pid: int) -> None:
    if pid:
        write_private(path, f"{pid}\n")
    else:
        path.unlink(missing_ok=True)
