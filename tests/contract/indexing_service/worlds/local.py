"""What lies on this machine: a folder, what was handed in, and the source of the unit tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from indexing_service.interfaces.providers import Access
from indexing_service.providers.folder import FolderProvider
from indexing_service.providers.upload import UploadProvider
from tests.contract.indexing_service.worlds import Can, World
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.world import page


class FolderWorld(World):
    def __init__(self, home: Path) -> None:
        can = Can.WRITE | Can.DELETE | Can.RENAME
        super().__init__(FolderProvider(), Access({"path": str(home)}), ["a/x.md", "b.md"], can)
        self._home = home

    async def write(self, name: str, text: str) -> str:
        file = self._home / name
        file = file if file.suffix else file.with_suffix(".md")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return str(file.relative_to(self._home))

    async def delete(self, name: str) -> None:
        (self._home / name).unlink()

    async def rename(self, name: str, to: str) -> str:
        return str((self._home / name).rename(self._home / f"{to}.md").relative_to(self._home))


class FakeWorld(World):
    def __init__(self) -> None:
        self._source = FakeProvider(remembers=True, restricted={})
        super().__init__(self._source, Access({"space": "docs"}, {"token": "s3cret-value"}), ["a", "b"], ~Can.NOTHING)

    async def write(self, name: str, text: str) -> str:
        self._source.documents[name] = page(name, text)
        return name

    async def delete(self, name: str) -> None:
        del self._source.documents[name]

    async def rename(self, name: str, to: str) -> str:
        self._source.documents[to] = self._source.documents.pop(name)
        self._source.renamed[name] = to
        return to

    async def restrict(self, name: str) -> frozenset[str]:
        assert self._source.restricted is not None
        self._source.restricted[name] = frozenset({"board"})
        return self._source.restricted[name]


@asynccontextmanager
async def upload(_: Path) -> AsyncIterator[World]:
    yield World(UploadProvider(), Access({}), [], Can.NOTHING)


@asynccontextmanager
async def folder(home: Path) -> AsyncIterator[World]:
    yield await _filled(FolderWorld(home))


@asynccontextmanager
async def fake(_: Path) -> AsyncIterator[World]:
    yield await _filled(FakeWorld())


async def _filled(world: World) -> World:
    for name in world.names:
        await world.write(name, f"# {name}\n")
    return world
