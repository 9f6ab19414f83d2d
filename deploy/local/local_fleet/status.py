"""`askflash status`: one line a process."""

import time
from datetime import UTC, datetime
from typing import TextIO

import psutil

from local_fleet.home import Home
from local_fleet.state import FleetState, ProcessState, alive

_LINE = "{name:<14} {pid:>8} {port:>6}  {since:<19}  {memory:>7}  {state}"


def print_status(home: Home, out: TextIO) -> bool:
    """True when the fleet runs and every process of it does."""
    if not home.is_locked():
        print(f"no fleet is running in {home.root}", file=out)
        return False
    fleet = FleetState.load(home)
    supervisor = ProcessState("supervisor", 0, fleet.pid, fleet.started_at, 0, "running")
    rows = [(process, _memory(process)) for process in [*fleet.processes, supervisor]]
    print(
        _LINE.format(name="name", pid="pid", port="port", since="up since (UTC)", memory="MB", state="state"), file=out
    )
    for process, memory in rows:
        print(_row(process, memory), file=out)
    total = sum(memory for _, memory in rows)
    print(f"{fleet.address}  {len(rows)} processes, {total:.0f} MB in memory", file=out)
    return all(_state(process, memory) == "running" for process, memory in rows)


def _row(process: ProcessState, memory: float) -> str:
    since = datetime.fromtimestamp(process.started_at or time.time(), UTC).strftime("%Y-%m-%d %H:%M:%S")
    state = _state(process, memory)
    restarts = f" ({process.restarts} restarts)" if process.restarts else ""
    return _LINE.format(
        name=process.name,
        pid=process.pid or "-",
        port=process.port or "-",
        since=since,
        memory=f"{memory:.1f}",
        state=f"{state}{restarts}",
    )


def _state(process: ProcessState, memory: float) -> str:
    return process.state if memory or process.state != "running" else "gone"


def _memory(state: ProcessState) -> float:
    """MB in memory of the process and its descendants; pages that several share are counted once (PSS)."""
    process = alive(state.pid, state.started_at)
    if process is None:
        return 0.0
    family = [process] if state.name == "supervisor" else [process, *process.children(recursive=True)]
    return sum(_resident_bytes(member) for member in family) / 1e6


def _resident_bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", 0) or memory.rss)
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
