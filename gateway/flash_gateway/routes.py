"""The list of routes, read from `routes.toml`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROUTES_FILE = Path(__file__).resolve().parents[1] / "routes.toml"
STREAM_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Route:
    """Paths that go to one service. `seconds`: how long the service may be silent; `body_mib`: the largest body."""

    paths: Sequence[str]
    service: str
    kind: Literal["plain", "stream", "websocket"] = "plain"
    methods: Sequence[str] = ()
    exact: bool = False
    seconds: int = 60
    body_mib: int = 1

    @property
    def patterns(self) -> list[str]:
        """For each path a regular expression (PCRE) that is matched at the start: the path and what lies below it."""
        end = "$" if self.exact else "(?:/|$)"
        return [re.sub(r"\{\w+\}", "[^/]+", path).replace(".", r"\.") + end for path in self.paths]

    @property
    def read_seconds(self) -> int:
        return self.seconds if self.kind == "plain" else STREAM_SECONDS


@dataclass(frozen=True, slots=True)
class RouteList:
    """All that the gateway knows: routes in the order they are tried, services with their ports in containers."""

    services: Mapping[str, int]
    forwarded_headers: Sequence[str]
    reserved: Sequence[str]
    routes: Sequence[Route]


def load_routes(file: Path = ROUTES_FILE) -> RouteList:
    """Raises `ValueError` when a route names a service that the list does not."""
    content = tomllib.loads(file.read_text())
    routes = [Route(**entry) for entry in content.pop("routes")]
    loaded = RouteList(**content, routes=routes)
    unknown = {route.service for route in routes} - set(loaded.services)
    if unknown:
        raise ValueError(f"{file.name} names unknown services: {', '.join(sorted(unknown))}")
    return loaded
