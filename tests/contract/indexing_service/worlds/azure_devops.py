"""Wikis of an organisation of Azure DevOps."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces.providers import Access
from indexing_service.providers.azure_devops import provider as azure_devops
from tests.contract.indexing_service.worlds import Can, World
from tests.servers.azure_devops import running
from tests.servers.azure_world import PROJECT, AzureDevOps, Wiki


class AzureDevOpsWorld(World):
    def __init__(self, server: AzureDevOps, wiki: Wiki) -> None:
        names = [f"{wiki.id}/{server.write(wiki, path, f'# {path}')}" for path in ("/First page", "/Guides/Set-up")]
        config = {"organization_url": server.organization_url, "project": PROJECT}
        provider = azure_devops.AzureDevOpsWikiProvider(OutgoingPolicy(["127.0.0.1"]))
        can = Can.WRITE | Can.DELETE | Can.RENAME | Can.TELL
        super().__init__(provider, Access(config, {"pat": server.pat}), names, can)
        self._server = server
        self._wiki = wiki

    async def write(self, name: str, text: str) -> str:
        path = self._path(name) if name.startswith(self._wiki.id) else f"/{name}"
        return f"{self._wiki.id}/{self._server.write(self._wiki, path, text)}"

    async def delete(self, name: str) -> None:
        self._server.delete(self._wiki, self._path(name))

    async def rename(self, name: str, to: str) -> str:
        self._server.rename(self._wiki, self._path(name), f"/{to}")
        return name

    def _path(self, name: str) -> str:
        return next(path for path, page in self._wiki.pages.items() if name == f"{self._wiki.id}/{page}")


@asynccontextmanager
async def wiki(_: Path) -> AsyncIterator[World]:
    async with running() as server:
        yield AzureDevOpsWorld(server, server.add_wiki("Hand Book.wiki"))
