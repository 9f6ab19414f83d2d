"""`flash serve|migrate|revise SERVICE`: the entry point of every service's process and image."""

import argparse
import gc
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError

from flash_core.errors import FlashError
from flash_core.utils.logging import configure_logging
from flash_core.web.app import ServiceSpec, create_app

log = structlog.get_logger(__name__)
_Settings = Sequence[tuple[str, Any]]

SERVICES = {
    "auth": 8001,
    "chat": 8002,
    "ai-intent": 8003,
    "ai-main": 8004,
    "documentation": 8005,
    "vector": 8006,
    "embedding": 8007,
    "indexing": 8008,
    "monitoring": 8009,
}
"""The services and the ports that they listen on where nothing else is said (in containers, each its own host)."""

WITH_DATABASE = ("auth", "chat", "documentation", "indexing")
_GRACEFUL_SECONDS = 15
_NOT_STARTED = 3  # as uvicorn's own command says it
_SWITCH_SECONDS = 0.0005
"""How long the event loop waits for Python's lock while a thread computes; it needs it after every answer of another
service, and with the default of 5 ms a search would be three times as slow."""
_MAX_FRAME_BYTES = 1 << 20  # above the contract's limit for a frame, so that the service itself can say what is wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 when it failed, 2 when the settings are wrong, 3 when the service could not start."""
    options = _parser().parse_args(arguments)
    try:
        settings = [(service, _settings(service)) for service in options.services]
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        return _failed(options, f"the settings are wrong. {problems}", status=2)
    configure_logging(options.services[0], level=settings[0][1].log_level, style=settings[0][1].log_format)
    try:
        return int(options.run(options, settings) or 0)
    except FlashError as error:
        return _failed(options, str(error), status=1)


def _failed(options: argparse.Namespace, problem: str, *, status: int) -> int:
    sys.stderr.write(f"flash {options.command} {' '.join(options.services)}: {problem}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flash", description="Run one service of AskFlash. Settings: environment.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run a service: its routes, consumers and relay")
    serve.add_argument("services", nargs=1, choices=SERVICES)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    serve.add_argument("--port", type=int, help="port to listen on (default: the service's own)")
    serve.set_defaults(run=_serve)
    migrate = commands.add_parser("migrate", help="bring services' databases to their newest versions")
    migrate.add_argument("services", nargs="+", choices=WITH_DATABASE)
    migrate.set_defaults(run=_migrate)
    revise = commands.add_parser("revise", help="write a migration from what tables.py and the database differ in")
    revise.add_argument("services", nargs=1, choices=WITH_DATABASE)
    revise.add_argument("message", help="what the migration does, in a few words")
    revise.set_defaults(run=_revise)
    return parser


def package_of(service: str) -> str:
    return f"{service.replace('-', '_')}_service"


def load_spec(service: str) -> ServiceSpec[Any]:
    spec: ServiceSpec[Any] = import_module(f"{package_of(service)}.main").SPEC
    return spec


class _Server(uvicorn.Server):
    """Lets the service say goodbye to its long connections before they are closed.

    What a service holds when it is ready it holds for good: the garbage collector need not look through it again and
    again, which would stop a request for tens of milliseconds now and then.
    """

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: Any = None) -> None:
        app: Any = self.config.app
        drain = getattr(app.state, "drain", None)
        if drain is not None:
            try:
                await drain()
            except Exception:  # the boundary: what remains must be closed all the same
                log.exception("service.drain_failed")
        await super().shutdown(sockets)


def _serve(options: argparse.Namespace, settings: _Settings) -> int:
    [(service, _)] = settings
    app: FastAPI = create_app(load_spec(service))
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port or SERVICES[service],
        ws="websockets-sansio",
        ws_max_size=_MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        ws_ping_timeout=60,  # longer than a service waits for a slow reader, so that it can say 4408 itself
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
        timeout_keep_alive=75,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        log_config=None,
    )
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = _Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn has stopped in order by then
        uvloop.run(server.serve())
    return 0 if server.started else _NOT_STARTED


def _migrations() -> Any:
    """Loaded when asked for: a serving process has no use for Alembic's memory."""
    return import_module("flash_core.database.migrate")


def _settings(service: str) -> Any:
    """Raise pydantic's `ValidationError`, naming the variables, when something is missing or wrong."""
    return import_module(f"{package_of(service)}.config").Settings()


def _migrate(_: argparse.Namespace, settings: _Settings) -> None:
    for service, its in settings:
        _migrations().upgrade(package_of(service), its.database_url)


def _revise(options: argparse.Namespace, settings: _Settings) -> None:
    [(service, its)] = settings
    _migrations().revise(package_of(service), its.database_url, options.message)
