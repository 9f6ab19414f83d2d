"""nginx' configuration, made from the list of routes and the place where it runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from flash_gateway.problems import PROBLEMS, GatewayProblem
from flash_gateway.routes import Route, RouteList

_TEMPLATE = Path(__file__).with_name("nginx.conf.in")
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the gateway runs: what it listens on, where the services answer (`host:port` by name), and its folders."""

    listen: str
    upstreams: Mapping[str, str]
    page: str
    temp: str
    pid: str
    main: Sequence[str] = ("worker_processes auto;",)


def render_nginx(routes: RouteList, placement: Placement) -> str:
    """The whole configuration file."""
    by_path = [list(group) for _, group in groupby(routes.routes, key=lambda route: route.paths)]
    parts = {
        "MAIN": "\n".join(placement.main),
        "PID": quoted(placement.pid),
        "WEBSOCKETS": _indented(2, _websockets(routes.routes)),
        "METHOD_MAPS": _indented(1, [line for group in by_path for line in _method_map(group)]),
        "UPSTREAMS": _indented(1, [line for name in routes.services for line in _upstream(name, placement)]),
        "FORWARDED": _indented(1, [_forwarded(header) for header in routes.forwarded_headers]),
        "LISTEN": placement.listen,
        "PAGE_HEADERS": _indented(3, _page_headers()),
        "PAGE": quoted(placement.page),
        "ERROR_PAGES": _indented(2, [_error_page(problem) for problem in PROBLEMS]),
        "ROUTES": _indented(2, [line for group in by_path for line in _location(group)]),
        "RESERVED": "|".join(routes.reserved),
        "PROBLEMS": _indented(2, [line for problem in PROBLEMS for line in _problem(problem)]),
        "TEMPORARY": _indented(1, _temporary_folders(placement.temp)),
    }
    text = _TEMPLATE.read_text()
    for name, value in parts.items():
        text = text.replace(f"@@{name}@@", value)
    return text


def quoted(text: str) -> str:
    """`text` as one word of nginx' configuration. Raises `ValueError` for a dollar sign, which nginx can't escape."""
    if "$" in text:
        raise ValueError(f"nginx cannot take a path with a dollar sign: {text}")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _indented(level: int, lines: Sequence[str]) -> str:
    return "\n".join("    " * level + line if line else "" for line in lines)


def _websockets(routes: Sequence[Route]) -> list[str]:
    return [f"{path} $http_upgrade;" for route in routes if route.kind == "websocket" for path in route.paths]


def _temporary_folders(parent: str) -> list[str]:
    """Also those of modules that are not used: nginx makes them all at its start."""
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return [f"{name}_temp_path {quoted(f'{parent}/{name}')};" for name in names]


def _upstream(name: str, placement: Placement) -> list[str]:
    return [
        f"upstream {name} {{",
        f"    server {placement.upstreams[name]} max_fails=0;",
        "    keepalive 64;",
        "    keepalive_timeout 60s;",
        "}",
    ]


def _forwarded(header: str) -> str:
    return f"proxy_set_header {header} $http_{header.lower().replace('-', '_')};"


def _error_page(problem: GatewayProblem) -> str:
    return f"error_page {' '.join(map(str, problem.causes))} ={problem.status} {_place(problem)};"


def _place(problem: GatewayProblem) -> str:
    """Nginx goes to a named location only once it has understood the address; before that it takes a path."""
    return f"/.problem/{problem.status}" if problem.early else f"@problem_{problem.causes[0]}"


def _page_headers() -> list[str]:
    return [
        "add_header X-Request-ID $flash_request_id always;",
        f'add_header Content-Security-Policy "{_CONTENT_SECURITY_POLICY}" always;',
        "add_header X-Content-Type-Options nosniff always;",
        "add_header Referrer-Policy same-origin always;",
    ]


def _method_map(group: Sequence[Route]) -> list[str]:
    """Several routes with the same paths differ by method; the last one takes the methods that no other names."""
    if len(group) == 1:
        return []
    *special, rest = group
    lines = [f"    {method} {route.service};" for route in special for method in route.methods]
    return [f"map $request_method {_method_variable(group)} {{", f"    default {rest.service};", *lines, "}"]


def _method_variable(group: Sequence[Route]) -> str:
    return f"$service_of_{group[0].paths[0].rsplit('/', 1)[-1].replace('-', '_')}"


def _location(group: Sequence[Route]) -> list[str]:
    first = group[0]
    upstream = first.service if len(group) == 1 else _method_variable(group)
    settings = [f"proxy_pass http://{upstream};", f"proxy_read_timeout {first.read_seconds}s;"]
    body = max(route.body_mib for route in group)
    if body > 1:
        settings.append(f"client_max_body_size {body}m;")
    if first.kind == "stream":
        settings.append("proxy_buffering off;")
    if first.kind == "websocket":
        settings.append(f"proxy_send_timeout {first.read_seconds}s;")
    pattern = "|".join(first.patterns)
    return [f'location ~ "^(?:{pattern})" {{', *(f"    {setting}" for setting in settings), "}", ""]


def _problem(problem: GatewayProblem) -> list[str]:
    document = {
        "type": f"urn:flash:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": "$problem_instance",
        "request_id": "$problem_request_id",
    }
    lines = ["types {}", "default_type application/problem+json;"]
    if problem.early:
        lines.append("internal;")
    if problem.retry_after is not None:
        lines.append(f"add_header Retry-After {problem.retry_after} always;")
        lines.append("add_header X-Request-ID $flash_request_id always;")
    lines.append(f"return {problem.status} '{json.dumps(document, separators=(',', ':'))}';")
    place = f"= {_place(problem)}" if problem.early else _place(problem)
    return [f"location {place} {{", *(f"    {line}" for line in lines), "}"]
