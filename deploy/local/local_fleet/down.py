"""`askflash down`: stop the fleet of a home, whoever started it."""

import os
import signal
import time

from local_fleet.errors import FleetError
from local_fleet.home import Home
from local_fleet.state import FleetState, alive

_POLITE_SECONDS = 25.0
_POLL_SECONDS = 0.05


def down(home: Home) -> str:
    """Returns what to tell the operator. Raises `FleetError` when the fleet's supervisor cannot be found."""
    if not home.is_locked():
        return f"no fleet is running in {home.root}"
    state = FleetState.load(home)
    if alive(state.pid, state.started_at) is None:
        raise FleetError(f"Another process holds {home.root}, but not the supervisor that its files name: look at it.")
    began = time.monotonic()
    os.kill(state.pid, signal.SIGTERM)
    if not _unlocked(home, _POLITE_SECONDS):
        os.kill(state.pid, signal.SIGKILL)
        _unlocked(home, _POLITE_SECONDS)
    return f"stopped {state.address} after {time.monotonic() - began:.1f} s"


def _unlocked(home: Home, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while home.is_locked():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
