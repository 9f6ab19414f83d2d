"""One program that is started again whenever it ends."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local_fleet.process import Process, last_lines, spawn
from local_fleet.state import ProcessState, start_time

_PROBE_SECONDS = 0.1
_GOOD_LIFE_SECONDS = 5.0
"""A program that ends sooner after having become ready counts as failed; so does one that never became ready."""
_FAILING_AFTER = 3
_SLOWEST_RESTART_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told: `changed` of every change of a state, `complain` of a program that ran and now keeps failing."""

    changed: Callable[[], None]
    complain: Callable[[str], None]


class Keeper:
    """Keeps one program alive until it is stopped: at once the first time, ever slower when it keeps failing."""

    def __init__(self, process: Process, log: Path, listeners: Listeners) -> None:
        self.process = process
        self.state = ProcessState(process.name, process.port)
        self.settled = asyncio.Event()
        """Set once it is ready for the first time, or known not to become so."""
        self.child: subprocess.Popen[bytes] | None = None
        self._log = log
        self._listeners = listeners
        self._ended = asyncio.Event()
        self._ready_at: float | None = None
        self._failures = 0
        self._stopping = False

    async def keep(self) -> None:
        """Start, watch, restart; ends after `stop`."""
        while not self._stopping:
            self._start()
            await self._become_ready()
            await self._ended.wait()
            if not self._stopping:
                self._note_end()
                await asyncio.sleep(self._delay())

    def notice_end(self) -> bool:
        """To be called when any child has ended; True when it was this one's, once."""
        if self.child is None or self._ended.is_set() or self.child.poll() is None:
            return False
        self._ended.set()
        return True

    async def stop(self) -> None:
        """Ask it to end; make it end when it does not in its time."""
        self._stopping = True
        if self.child is not None and not self._ended.is_set():
            self.child.send_signal(self.process.stop_signal)
            try:
                await asyncio.wait_for(self._ended.wait(), self.process.stop_seconds)
            except TimeoutError:
                self.kill()
                await self._ended.wait()
        self._become("stopped")

    def kill(self) -> None:
        """End it and its whole group at once."""
        if self.child is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child.pid, signal.SIGKILL)

    def describe_failure(self) -> str:
        """What an operator wants to read: how it ended and the end of its log."""
        code = self.child.returncode if self.child else None
        how = "is not ready in time" if code is None else f"keeps ending (exit code {code})"
        return f"{self.process.name} {how}. The end of {self._log}:\n{last_lines(self._log)}"

    def _start(self) -> None:
        self._ended.clear()
        self._ready_at = None
        try:
            self.child = spawn(self.process, self._log)
        except OSError as error:
            with suppress(OSError):  # on a full disk
                self._log.write_text(f"{self.process.argv[0]}: {error.strerror}\n")
            self._ended.set()
            return
        self.state.pid = self.child.pid
        self.state.started_at = start_time(self.child.pid)
        self._become("starting" if self._failures < _FAILING_AFTER else "failing")

    async def _become_ready(self) -> None:
        while not self._ended.is_set():
            if await asyncio.to_thread(self.process.ready) and not self._ended.is_set():
                self._ready_at = time.monotonic()
                self._become("running")
                self.settled.set()
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _PROBE_SECONDS)

    def _note_end(self) -> None:
        lived = time.monotonic() - self._ready_at if self._ready_at is not None else 0.0
        self._failures = 0 if lived >= _GOOD_LIFE_SECONDS else self._failures + 1
        self.state.restarts += 1
        failing = self._failures >= _FAILING_AFTER
        if self._failures == _FAILING_AFTER and self.settled.is_set():
            self._listeners.complain(self.describe_failure())
        self._become("failing" if failing else "restarting")
        if failing:
            self.settled.set()

    def _delay(self) -> float:
        """0 s, 0 s, 0.5 s, 1 s, 2 s … by the number of failures in a row."""
        return min(2.0 ** (self._failures - 3), _SLOWEST_RESTART_SECONDS) if self._failures > 1 else 0.0

    def _become(self, state: str) -> None:
        self.state.state = state
        self._listeners.changed()
