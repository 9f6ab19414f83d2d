"""A Notion workspace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces.providers import Access
from indexing_service.providers.notion import provider as notion
from indexing_service.providers.rest_pace import Timing
from tests.contract.indexing_service.worlds import Can, World
from tests.servers.notion import TOKEN, NotionWorld, running


class NotionPages(World):
    """An hour lies between a change and each look."""

    def __init__(self, workspace: NotionWorld, names: list[str]) -> None:
        self._workspace = workspace
        self._seconds = 0.0
        timing = Timing(
            monotonic=lambda: self._seconds, now=lambda: workspace.moment + timedelta(hours=1), sleep=self._sleep
        )
        provider = notion.NotionProvider(OutgoingPolicy(["127.0.0.1"]), timing)
        access = Access({"api_url": workspace.address}, {"token": TOKEN})
        super().__init__(provider, access, names, Can.WRITE | Can.DELETE | Can.RENAME | Can.TELL)

    async def write(self, name: str, text: str) -> str:
        self._workspace.tick()
        return self._workspace.write(name, text)

    async def delete(self, name: str) -> None:
        self._workspace.tick()
        self._workspace.delete(name)

    async def rename(self, name: str, to: str) -> str:
        self._workspace.tick()
        self._workspace.rename(name, to)
        return name

    async def _sleep(self, seconds: float) -> None:
        self._seconds += seconds


@asynccontextmanager
async def workspace(_: Path) -> AsyncIterator[World]:
    async with running() as world:
        names = [world.write("Start", "Read on."), world.write("First guide", "Do this.")]
        yield NotionPages(world, names)
