"""`flash serve|migrate|revise SERVICE`: the entry point of every service's process and image."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError

from flash_core.utils.logging import configure_logging
from flash_core.web.app import ServiceSpec, create_app

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
_MAX_FRAME_BYTES = 1 << 20  # above the contract's limit for a frame, so that the service itself can say what is wrong


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    configure_logging(
        options.service, level=os.environ.get("LOG_LEVEL", "INFO"), style=os.environ.get("LOG_FORMAT", "json")
    )
    try:
        options.run(options)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        sys.stderr.write(f"flash {options.service}: the settings are wrong. {problems}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flash", description="Run one service of AskFlash. Settings: environment.")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="run a service: its routes, consumers and relay")
    serve.add_argument("service", choices=SERVICES)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    serve.add_argument("--port", type=int, help="port to listen on (default: the service's own)")
    serve.set_defaults(run=_serve)
    migrate = commands.add_parser("migrate", help="bring services' databases to their newest versions")
    migrate.add_argument("services", nargs="+", choices=WITH_DATABASE)
    migrate.set_defaults(run=_migrate, service="migrate")
    revise = commands.add_parser("revise", help="write a migration from what tables.py and the database differ in")
    revise.add_argument("service", choices=WITH_DATABASE)
    revise.add_argument("message", help="what the migration does, in a few words")
    revise.set_defaults(run=_revise)
    return parser


def package_of(service: str) -> str:
    return f"{service.replace('-', '_')}_service"


def load_spec(service: str) -> ServiceSpec[Any]:
    spec: ServiceSpec[Any] = import_module(f"{package_of(service)}.main").SPEC
    return spec


class _Server(uvicorn.Server):
    """Lets the service say goodbye to its long connections before they are closed."""

    async def shutdown(self, sockets: Any = None) -> None:
        app: Any = self.config.app
        drain = getattr(app.state, "drain", None)
        if drain is not None:
            await drain()
        await super().shutdown(sockets)


def _serve(options: argparse.Namespace) -> None:
    _settings(options.service)  # wrong settings are said in one line, before anything is opened
    app: FastAPI = create_app(load_spec(options.service))
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port or SERVICES[options.service],
        ws="websockets-sansio",
        ws_max_size=_MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
        timeout_keep_alive=75,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        log_config=None,
    )
    uvloop.run(_Server(config).serve())


def _migrations() -> Any:
    """Loaded when asked for: a serving process has no use for Alembic's memory."""
    return import_module("flash_core.database.migrate")


def _database_url(service: str) -> str:
    """From the service's own settings, so that the default stands in one place."""
    url: str = _settings(service).database_url
    return url


def _settings(service: str) -> Any:
    """Raise pydantic's `ValidationError`, naming the variables, when something is missing or wrong."""
    return import_module(f"{package_of(service)}.config").Settings()


def _migrate(options: argparse.Namespace) -> None:
    for service in options.services:
        _migrations().upgrade(package_of(service), _database_url(service))


def _revise(options: argparse.Namespace) -> None:
    _migrations().revise(package_of(options.service), _database_url(options.service), options.message)
