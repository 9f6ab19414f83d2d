"""All wires of one fleet, in a thread of their own: they outlive the tests' event loops."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final

from tests.chaos.wires.http import HttpWire
from tests.chaos.wires.postgres import PostgresWire
from tests.chaos.wires.traps import Traps

SIBLINGS: Final = ("documentation", "vector", "embedding")
"""Whose callers go through a wire; the gateway does not."""


class Switchboard:
    """Wires to the siblings, and of indexing and documentation to their databases.

    `settings` are what a fleet in `home` has to be started with.
    """

    def __init__(self, home: Path) -> None:
        self.traps = Traps()
        self._home = home
        self._ports: dict[str, int] = {}
        self._passwords = {name: secrets.token_hex(16) for name in ("indexing", "documentation")}
        self._siblings = {name: HttpWire(name, lambda name=name: self._port(name), self.traps) for name in SIBLINGS}  # type: ignore[misc]  # bound now
        self._databases = {
            name: PostgresWire(name, lambda: self._port("postgres"), self.traps) for name in self._passwords
        }

    async def start(self) -> dict[str, str]:
        home = self._home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "secrets.json").write_text(json.dumps({"databases": self._passwords}))
        settings = {
            f"{name.upper()}_URL": f"http://127.0.0.1:{await wire.start()}" for name, wire in self._siblings.items()
        }
        for name, wire in self._databases.items():
            address = f"{name}:{self._passwords[name]}@127.0.0.1:{await wire.start()}/{name}"
            settings[f"DATABASE_URL_{name.upper()}"] = f"postgresql+asyncpg://{address}"
        return settings

    async def stop(self) -> None:
        for wire in self._siblings.values():
            await wire.stop()
        for database in self._databases.values():
            await database.stop()

    def _port(self, name: str) -> int:
        if name not in self._ports:
            self._ports = json.loads((self._home / "run" / "fleet.json").read_text())["ports"]
        return self._ports[name]


@contextmanager
def running_switchboard(home: Path) -> Iterator[tuple[Switchboard, dict[str, str]]]:
    board, loop = Switchboard(home), asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield board, asyncio.run_coroutine_threadsafe(board.start(), loop).result(30)
    finally:
        asyncio.run_coroutine_threadsafe(board.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
