"""Free ports on loopback, and who sits on a taken one."""

import errno
import random
import socket

import psutil

_LOWEST, _HIGHEST = 20_000, 32_000
"""Below Linux' ephemeral range (32768…60999), so that no outgoing connection takes a port between two starts."""


def is_free(port: int) -> bool:
    """Whether a server could listen there now, on loopback."""
    return _bind_error(port, "127.0.0.1") is None


def obstacle(port: int, host: str) -> str:
    """What keeps a server from listening there, in words; empty when nothing does."""
    error = _bind_error(port, host)
    if error is None:
        return ""
    return f"{_holder(port)} has that port" if error.errno == errno.EADDRINUSE else str(error.strerror)


def pick(taken: set[int]) -> int:
    """A port that is free now and not in `taken`; tried at random, so that two fleets starting at once differ."""
    chooser = random.SystemRandom()
    while (port := chooser.randrange(_LOWEST, _HIGHEST)) in taken or not is_free(port):
        pass
    return port


def keep_or_pick(names: list[str], before: dict[str, int]) -> dict[str, int]:
    """A port a name: the one it had before where that is still free, else a new one."""
    chosen: dict[str, int] = {}
    for name in names:
        old = before.get(name)
        taken = set(chosen.values()) | set(before.values())
        chosen[name] = old if old is not None and old not in chosen.values() and is_free(old) else pick(taken)
    return chosen


def _holder(port: int) -> str:
    """Who listens on `port`, as far as this user may know: `nginx (pid 12)` or `another program`."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another program"
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                break
    return "another program"


def _bind_error(port: int, host: str) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            return error
    return None
