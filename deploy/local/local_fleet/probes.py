"""Is it ready? One small function a protocol, without a client library."""

import http.client
import socket
import time
from contextlib import closing

from local_fleet.process import Probe

_TIMEOUT_SECONDS = 1.0
_POLL_SECONDS = 0.02


def http_answers(port: int, path: str, status: int, *, host: str = "127.0.0.1") -> Probe:
    """Ready when `GET path` answers with `status`."""

    def probe() -> bool:
        with closing(http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)) as connection:
            try:
                connection.request("GET", path, headers={"Accept": "*/*"})
                return connection.getresponse().status == status
            except (OSError, http.client.HTTPException):
                return False

    return probe


def redis_answers(port: int, password: str) -> Probe:
    """Ready when the server has loaded its data and answers PING."""
    request = f"AUTH {password}\r\nPING\r\n".encode() if password else b"PING\r\n"
    expected = b"+OK\r\n+PONG\r\n" if password else b"+PONG\r\n"

    def probe() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
                connection.sendall(request)
                return _read(connection, len(expected)) == expected
        except OSError:
            return False

    return probe


def wait_until(probe: Probe, seconds: float) -> bool:
    """Ask `probe` until it says yes; False after `seconds`."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _read(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (more := connection.recv(count - len(received))):
        received += more
    return received
