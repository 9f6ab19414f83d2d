"""A real nginx with the project's routes in front of stand-in services."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from flash_gateway.routes import load_routes
from local_fleet.nginx import NginxServer
from local_fleet.ports import pick
from tests.conftest import running
from tests.integration.gateway.upstream import Upstream, serving

PAGE = "<!doctype html><title>AskFlash</title>"


@dataclass(frozen=True, slots=True)
class Gateway:
    port: int
    upstreams: dict[str, Upstream]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    home = tmp_path_factory.mktemp("gateway folder")
    page = home / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text(PAGE)
    (page / "assets" / "index-8f3a.js").write_text("console.log(1);\n" * 200)
    silent = pick(set())
    with ExitStack() as stack:
        upstreams = {
            name: stack.enter_context(serving(name)) for name in load_routes().services if name != "monitoring"
        }
        ports = {name: upstream.port for name, upstream in upstreams.items()} | {"monitoring": silent}
        server = NginxServer(home / "run", "127.0.0.1", pick({silent}), ports, page)
        stack.enter_context(running(server.process(), home / "log"))
        yield Gateway(server.port, upstreams, home / "log")


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, timeout=10) as client:
        yield client
