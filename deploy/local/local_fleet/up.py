"""`askflash up`: the supervisor's life, from the lock on its home to the last process' end."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from local_fleet.errors import FleetError
from local_fleet.progress import Progress
from local_fleet.settings import FleetSettings
from local_fleet.startup import Startup, count_steps
from local_fleet.state import FleetState, ProcessState, StateFile, alive, start_time
from local_fleet.supervisor import Supervisor

_LEFTOVER_SECONDS = 5.0


def up(settings: FleetSettings, ready: Callable[[], None]) -> int:
    """Start the fleet, call `ready`, keep it alive until SIGINT or SIGTERM, stop it. Returns the exit code."""
    settings.home.create()
    with settings.home.locked() as free:
        state = FleetState.load(settings.home)
        if not free:
            raise FleetError(f"A fleet is already running in {settings.home.root} on port {state.port} — make down")
        _end_leftovers(state)
        state.pid, state.started_at = os.getpid(), start_time(os.getpid())
        state.port, state.address, state.ready = settings.port, settings.address, False
        state.processes = []
        state.save(settings.home)
        try:
            return asyncio.run(_live(settings, state, ready))
        finally:
            state.pid, state.ready = 0, False
            for process in state.processes:
                process.pid = 0
            with suppress(OSError):  # on a full disk: who looks sees that the lock is free
                state.save(settings.home)


async def _live(settings: FleetSettings, state: FleetState, ready: Callable[[], None]) -> int:
    progress = Progress(count_steps(settings, state))

    file = StateFile(state, settings.home)

    def changed(processes: list[ProcessState]) -> None:
        state.processes = processes
        file.save()

    supervisor = Supervisor(settings.home.log, changed, progress.say)
    told_to_stop = _on_signals(supervisor)
    startup = asyncio.create_task(Startup(settings, state, supervisor, progress).run())
    stopping = asyncio.create_task(told_to_stop.wait())
    try:
        await asyncio.wait({startup, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if startup.done():
            startup.result()
            state.ready = state.was_ready = True
            file.save()
            ready()
            await stopping
        return 0
    finally:
        startup.cancel()
        stopping.cancel()
        await asyncio.gather(startup, stopping, return_exceptions=True)
        await _stop(supervisor, progress)
        file.close()


async def _stop(supervisor: Supervisor, progress: Progress) -> None:
    began = time.monotonic()
    if supervisor.has_started:
        progress.say("stopping …")
    await supervisor.stop()
    if supervisor.has_started:
        progress.say(f"stopped after {time.monotonic() - began:.1f} s")


def _on_signals(supervisor: Supervisor) -> asyncio.Event:
    """Set by the first signal; the second one ends everything at once."""
    told = asyncio.Event()

    def hear() -> None:
        if told.is_set():
            supervisor.kill()
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, hear)
    return told


def _end_leftovers(state: FleetState) -> None:
    """What a killed supervisor's children have not finished by themselves."""
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    for one in state.processes:
        process = alive(one.pid, one.started_at)
        if process is None:
            continue
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except psutil.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
