"""A repository behind HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface
from indexing_service.providers.git import provider as git
from tests.contract.indexing_service.worlds import Can, World
from tests.servers.git import Repository, running


class GitWorld(World):
    def __init__(self, provider: DocumentationProviderInterface, access: Access, repository: Repository) -> None:
        can = Can.WRITE | Can.DELETE | Can.RENAME | Can.TELL
        super().__init__(provider, access, ["guides/a.md", "index.md"], can)
        self._repository = repository

    async def write(self, name: str, text: str) -> str:
        file = name if name.endswith(".md") else f"{name}.md"
        self._repository.write(file, text).commit()
        return file

    async def delete(self, name: str) -> None:
        (self._repository.folder / name).unlink()
        self._repository.commit()

    async def rename(self, name: str, to: str) -> str:
        self._repository.git("mv", name, f"{to}.md")
        self._repository.commit()
        return f"{to}.md"


@asynccontextmanager
async def repository(home: Path) -> AsyncIterator[World]:
    docs = Repository(home / "docs")
    docs.write("index.md", "# Start\n\nRead on.\n").write("guides/a.md", "# First guide\n\nDo this.\n").commit()
    with running(home) as server:
        server.sign_in = "x-access-token:s3cret-value"
        provider = git.GitProvider(OutgoingPolicy(["127.0.0.1"]), home / "copies")
        yield GitWorld(provider, Access({"url": server.url("docs")}, {"token": "s3cret-value"}), docs)
