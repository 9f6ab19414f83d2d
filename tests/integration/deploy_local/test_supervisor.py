"""The supervisor with small real programs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from local_fleet.errors import FleetError
from local_fleet.process import Process
from local_fleet.state import ProcessState
from local_fleet.supervisor import Supervisor

SECONDS = 10


@dataclass
class Watched:
    """A supervisor and what it has told."""

    supervisor: Supervisor = field(init=False)
    states: dict[str, ProcessState] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def changed(self, states: list[ProcessState]) -> None:
        self.states = {state.name: state for state in states}

    async def start(self, *processes: Process, seconds: float = SECONDS) -> None:
        await self.supervisor.start(processes, seconds, lambda: None)

    def pid(self, name: str) -> int:
        return self.states[name].pid


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.02)


@asynccontextmanager
async def supervising(folder: Path) -> AsyncIterator[Watched]:
    watched = Watched()
    watched.supervisor = Supervisor(lambda name: folder / f"{name}.log", watched.changed, watched.complaints.append)
    try:
        yield watched
    finally:
        await watched.supervisor.stop()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with supervising(tmp_path) as watched:
        yield watched


def program(name: str, code: str, *, ready: Callable[[], bool] = lambda: True, stop_seconds: float = 5) -> Process:
    return Process(name, [sys.executable, "-S", "-u", "-c", code], ready, 0, stop_seconds=stop_seconds)


SLEEPS = "import time; time.sleep(60)"


def says_ready(log: Path) -> bool:
    return "ready" in log.read_text()


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def test_a_program_that_dies_is_started_again_at_once(watched: Watched) -> None:
    await watched.start(program("one", SLEEPS))
    first = watched.pid("one")
    os.kill(first, signal.SIGKILL)
    await until(lambda: watched.pid("one") != first and watched.states["one"].state == "running")
    assert watched.states["one"].restarts == 1


async def test_what_a_dead_program_had_started_dies_too(watched: Watched, tmp_path: Path) -> None:
    pid_file = tmp_path / "grandchild"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-S', '-c', {SLEEPS!r}], start_new_session=True)\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n{SLEEPS}"
    )
    await watched.start(program("parent", code, ready=lambda: pid_file.exists() and bool(pid_file.read_text())))
    grandchild = int(pid_file.read_text())
    assert running(grandchild)
    os.kill(watched.pid("parent"), signal.SIGKILL)
    await until(lambda: not running(grandchild))


async def test_a_program_that_never_becomes_ready_is_reported_with_its_last_words(watched: Watched) -> None:
    with pytest.raises(FleetError, match=r"(?s)broken keeps ending \(exit code 3\).*no such key"):
        await watched.start(program("broken", "import sys; print('no such key'); sys.exit(3)", ready=lambda: False))


async def test_a_program_that_takes_too_long_is_reported(watched: Watched) -> None:
    with pytest.raises(FleetError, match="slow is not ready in time"):
        await watched.start(program("slow", SLEEPS, ready=lambda: False), seconds=0.3)


async def test_a_program_that_is_not_there_is_reported(watched: Watched) -> None:
    with pytest.raises(FleetError, match="No such file"):
        await watched.start(Process("missing", ["/no/such/program"], lambda: True, 0))


async def test_a_program_that_keeps_failing_after_it_ran_is_restarted_ever_slower(
    watched: Watched, tmp_path: Path
) -> None:
    healthy = tmp_path / "healthy"
    healthy.touch()
    code = f"import os, sys, time\nif not os.path.exists({str(healthy)!r}): sys.exit('out of luck')\n{SLEEPS}"
    await watched.start(program("moody", code, ready=healthy.exists))
    healthy.unlink()
    os.kill(watched.pid("moody"), signal.SIGKILL)
    await until(lambda: watched.states["moody"].state == "failing")
    assert len(watched.complaints) == 1
    assert "out of luck" in watched.complaints[0]
    healthy.touch()
    await until(lambda: watched.states["moody"].state == "running")


async def test_the_last_started_is_stopped_first(tmp_path: Path) -> None:
    log = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def stop(*_):\n"
        f"    open({str(log)!r}, 'a').write(sys.argv[1] + ' ')\n"
        "    sys.exit()\n"
        f"signal.signal(signal.SIGTERM, stop)\nprint('ready')\n{SLEEPS}"
    )
    async with supervising(tmp_path) as watched:
        for name in ("database", "service", "gateway"):
            own_log = tmp_path / f"{name}.log"
            argv = [sys.executable, "-S", "-u", "-c", code, name]
            await watched.start(Process(name, argv, partial(says_ready, own_log), 0))
    assert log.read_text().split() == ["gateway", "service", "database"]


async def test_a_program_that_will_not_stop_is_ended(tmp_path: Path) -> None:
    code = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready')\n{SLEEPS}"
    log = tmp_path / "deaf.log"
    async with supervising(tmp_path) as watched:
        await watched.start(program("deaf", code, ready=partial(says_ready, log), stop_seconds=0.2))
        pid = watched.pid("deaf")
    assert not running(pid)
    assert watched.states["deaf"].state == "stopped"


async def test_children_that_were_there_before_are_left_alone(tmp_path: Path) -> None:
    own = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", SLEEPS, start_new_session=True)
    async with supervising(tmp_path) as watched:
        await watched.start(program("one", SLEEPS))
        os.kill(watched.pid("one"), signal.SIGKILL)
        await until(lambda: watched.states["one"].restarts == 1)
    assert running(own.pid)
    own.kill()
    await own.wait()


async def test_a_command_is_run_once_and_its_failure_told(watched: Watched) -> None:
    await watched.supervisor.complete(program("good", "print('done')"))
    with pytest.raises(FleetError, match=r"(?s)bad failed \(exit code 1\).*no database"):
        await watched.supervisor.complete(program("bad", "import sys; sys.exit('no database')"))
