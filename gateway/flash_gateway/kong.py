"""The same routes in Kong's declarative form (3.x, DB-less), for fleets that have Kong in front."""

from collections.abc import Mapping
from typing import Any

import yaml

from flash_gateway.problems import PROBLEMS
from flash_gateway.routes import Route, RouteList

_HEADER = "# Made from routes.toml by `askflash-gateway`; do not edit.\n"

_DROP_UNKNOWN_HEADERS = """\
local allowed = {{ {allowed} }}
for name in pairs(kong.request.get_headers(1000)) do
  if not allowed[name:lower()] then kong.service.request.clear_header(name) end
end
"""
_ALWAYS_ALLOWED = ("Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "X-Request-ID")


def render_kong(routes: RouteList, upstreams: Mapping[str, str], page: str) -> str:
    """The declarative file; `upstreams` and `page` are `host:port`."""
    services = [_service(name, upstreams[name], routes) for name in routes.services]
    document = {
        "_format_version": "3.0",
        "services": [*services, _page(page, routes)],
        "plugins": [_request_ids(), _known_headers_only(routes)],
    }
    return _HEADER + yaml.safe_dump(document, sort_keys=False, width=120)


def _service(name: str, upstream: str, routes: RouteList) -> dict[str, Any]:
    host, port = upstream.split(":")
    own = [(position, route) for position, route in enumerate(routes.routes) if route.service == name]
    return {
        "name": name,
        "host": host,
        "port": int(port),
        "connect_timeout": 2_000,
        "read_timeout": max(route.read_seconds for _, route in own) * 1000,
        "retries": 1,
        "routes": [_route(f"{name}-{position}", route, len(routes.routes) - position) for position, route in own],
    }


def _route(name: str, route: Route, priority: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": name,
        "paths": [f"~{pattern}" for pattern in route.patterns],
        "regex_priority": priority,
        "strip_path": False,
        "preserve_host": True,
        "response_buffering": route.kind == "plain",
        "plugins": [
            {
                "name": "request-size-limiting",
                "config": {"allowed_payload_size": route.body_mib, "size_unit": "megabytes"},
            }
        ],
    }
    if route.methods:
        described["methods"] = list(route.methods)
    return described


def _page(page: str, routes: RouteList) -> dict[str, Any]:
    host, port = page.split(":")
    missing = next(problem for problem in PROBLEMS if problem.status == 404)  # noqa: PLR2004 - the status itself
    body = (
        f'{{"type":"urn:flash:{missing.code}","title":"{missing.title}","status":{missing.status},'
        f'"detail":"{missing.detail}"}}'
    )
    termination = {"status_code": missing.status, "content_type": "application/problem+json", "body": body}
    nothing_here = {
        "name": "reserved",
        "paths": [f"~/(?:{'|'.join(routes.reserved)})(?:/|$)"],
        "regex_priority": 0,
        "strip_path": False,
        "plugins": [{"name": "request-termination", "config": termination}],
    }
    everything_else = {"name": "page", "paths": ["/"], "methods": ["GET", "HEAD"], "strip_path": False}
    return {"name": "page", "host": host, "port": int(port), "routes": [nothing_here, everything_else]}


def _request_ids() -> dict[str, Any]:
    return {
        "name": "correlation-id",
        "config": {"header_name": "X-Request-ID", "generator": "uuid", "echo_downstream": True},
    }


def _known_headers_only(routes: RouteList) -> dict[str, Any]:
    names = sorted({*routes.forwarded_headers, *_ALWAYS_ALLOWED})
    allowed = ", ".join(f'["{name.lower()}"] = true' for name in names)
    return {"name": "pre-function", "config": {"access": [_DROP_UNKNOWN_HEADERS.format(allowed=allowed)]}}
