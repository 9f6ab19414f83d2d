"""Confluence Cloud and Data Center, as their server in `tests/servers` plays them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces.providers import Access
from indexing_service.providers.confluence import provider as confluence
from tests.contract.indexing_service.worlds import Can, World
from tests.servers.confluence import running
from tests.servers.confluence_world import API_TOKEN, EMAIL, PERSONAL_TOKEN, Confluence

_SECRETS = {"cloud": {"email": EMAIL, "api_token": API_TOKEN}, "data_center": {"token": PERSONAL_TOKEN}}


class ConfluenceWorld(World):
    def __init__(self, server: Confluence, deployment: str, names: list[str]) -> None:
        config = {
            "base_url": server.address,
            "deployment": deployment,
            "spaces": ["DEV"],
            "group_map": {"confluence-board": "board"},
        }
        provider = confluence.ConfluenceProvider(OutgoingPolicy(["127.0.0.1"]))
        super().__init__(provider, Access(config, _SECRETS[deployment]), names, ~Can.NOTHING)
        self._confluence = server

    async def write(self, name: str, text: str) -> str:
        if name not in self._confluence.contents:
            return self._confluence.write(name, f"<p>{text}</p>")
        self._confluence.edit(name, body=f"<p>{text}</p>")
        return name

    async def delete(self, name: str) -> None:
        self._confluence.trash(name)

    async def rename(self, name: str, to: str) -> str:
        self._confluence.edit(name, title=to)
        return name

    async def restrict(self, name: str) -> frozenset[str]:
        self._confluence.restrict(name, groups=["confluence-board"])
        return frozenset({"board"})


@asynccontextmanager
async def cloud(_: Path) -> AsyncIterator[World]:
    async with _playing("cloud") as world:
        yield world


@asynccontextmanager
async def data_center(_: Path) -> AsyncIterator[World]:
    async with _playing("data_center") as world:
        yield world


@asynccontextmanager
async def _playing(deployment: str) -> AsyncIterator[World]:
    async with running() as server:
        server.space("DEV", "Development")
        names = [server.write(title, f"<p>{title}</p>") for title in ("First", "Second", "Third")]
        yield ConfluenceWorld(server, deployment, names)
