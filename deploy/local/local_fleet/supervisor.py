"""Keeps programs alive. Knows no names: what it runs, and in which order, is decided elsewhere."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from local_fleet.errors import FleetError
from local_fleet.keeper import Keeper, Listeners
from local_fleet.kernel import adopt_orphans
from local_fleet.process import Process, last_lines, rotate, spawn
from local_fleet.state import ProcessState

_POLL_SECONDS = 0.05


class Supervisor:
    """Starts programs in the order it is told, keeps them alive and stops them in the reverse order.

    Made and used in the main thread of a running event loop: it listens to SIGCHLD, and the kernel ends a child
    with the thread that started it. Children of a program that dies become this process' own and are ended, too.
    """

    def __init__(
        self,
        log: Callable[[str], Path],
        changed: Callable[[list[ProcessState]], None],
        complain: Callable[[str], None],
    ) -> None:
        self._log = log
        self._listeners = Listeners(lambda: changed([keeper.state for keeper in self._keepers()]), complain)
        self._stages: list[list[Keeper]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._commands: set[subprocess.Popen[bytes]] = set()
        self._strangers = {child.pid for child in psutil.Process().children()}
        adopt_orphans()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    @property
    def has_started(self) -> bool:
        """Whether anything was started yet."""
        return bool(self._stages)

    async def start(self, processes: Iterable[Process], seconds: float, awaiting: Callable[[], None]) -> None:
        """Start `processes` together; returns when all are ready. `awaiting` is called whenever one more is.

        Raises `FleetError` with the end of its log when one keeps ending or is not ready after `seconds`.
        """
        stage = [Keeper(process, self._fresh_log(process), self._listeners) for process in processes]
        self._stages.append(stage)
        waiting: dict[asyncio.Task[Any], Keeper] = {}
        for keeper in stage:
            self._tasks.append(asyncio.create_task(keeper.keep()))
            waiting[asyncio.create_task(keeper.settled.wait())] = keeper
        try:
            async with asyncio.timeout(seconds):
                await _all_running(waiting, awaiting)
        except TimeoutError:
            late = next(iter(waiting.values()))
            raise FleetError(late.describe_failure()) from None
        finally:
            for task in waiting:
                task.cancel()

    async def complete(self, process: Process) -> None:
        """Run a program to its end, once. Raises `FleetError` with the end of its log when it fails."""
        log = self._fresh_log(process)
        child = spawn(process, log)
        self._commands.add(child)
        while child.poll() is None:  # noqa: ASYNC110 - the same signal serves every child; a command is short
            await asyncio.sleep(_POLL_SECONDS)
        self._commands.remove(child)
        if child.returncode:
            raise FleetError(
                f"{process.name} failed (exit code {child.returncode}). The end of {log}:\n{last_lines(log)}"
            )

    async def stop(self) -> None:
        """Stop everything, what was started last first."""
        for command in self._commands:
            command.kill()
        for stage in reversed(self._stages):
            await asyncio.gather(*(keeper.stop() for keeper in stage))
        for task in self._tasks:
            task.cancel()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)
        self._sweep()

    def kill(self) -> None:
        """End everything at once; a `stop` that is under way then returns."""
        for keeper in self._keepers():
            keeper.kill()

    def _keepers(self) -> Iterator[Keeper]:
        return (keeper for stage in self._stages for keeper in stage)

    def _fresh_log(self, process: Process) -> Path:
        log = self._log(process.name)
        rotate(log)
        return log

    def _reap(self) -> None:
        for keeper in self._keepers():
            if keeper.notice_end():
                keeper.kill()
        self._sweep()

    def _sweep(self) -> None:
        """End what a dead program left behind: children of this process, in another session, that it did not start."""
        programs = {keeper.child.pid for keeper in self._keepers() if keeper.child}
        known = programs | {command.pid for command in self._commands} | self._strangers
        session = os.getsid(0)
        for child in psutil.Process().children():
            with suppress(ProcessLookupError, ChildProcessError, psutil.NoSuchProcess):
                if child.pid not in known and os.getsid(child.pid) != session:
                    os.kill(child.pid, signal.SIGKILL)
                    os.waitpid(child.pid, os.WNOHANG)


async def _all_running(waiting: dict[asyncio.Task[Any], Keeper], awaiting: Callable[[], None]) -> None:
    while waiting:
        awaiting()
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            keeper = waiting.pop(task)
            if keeper.state.state != "running":
                raise FleetError(keeper.describe_failure())
