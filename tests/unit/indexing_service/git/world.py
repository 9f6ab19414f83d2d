"""A repository and a place for copies of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexing_service.interfaces import ItemState, SourceDocument
from indexing_service.interfaces.providers import Changes, Inventory
from indexing_service.providers.git.blobs import BlobReader
from indexing_service.providers.git.clone import Clone
from indexing_service.providers.git.command import Limits, Reach
from indexing_service.providers.git.configuration import Configuration
from indexing_service.providers.git.source import GitSource

LIMITS = Limits(seconds=20)


def quiet(_: int) -> None:
    """Nobody listens."""


@dataclass
class World:
    """The repository at `url`, copied below a folder."""

    home: Path
    url: str
    limits: Limits = LIMITS
    protocol: str = "file"
    settings: Mapping[str, str] = field(default_factory=dict)

    async def reach(self) -> Reach:
        return Reach(self.protocol, self.settings)

    def clone(self) -> Clone:
        return Clone(self.home, self.url, self.reach, self.limits)

    @asynccontextmanager
    async def source(self, **config: Any) -> AsyncIterator[GitSource]:
        configuration = Configuration.of({"url": self.url, **config})
        clone = self.clone()
        async with BlobReader(clone.git) as reader:
            yield GitSource(configuration, clone, reader)

    async def inventory(self, **config: Any) -> Inventory:
        async with self.source(**config) as source:
            return await source.list(quiet)

    async def changes(self, cursor: str | None, **config: Any) -> Changes | None:
        async with self.source(**config) as source:
            return await source.changes(cursor or "", quiet)

    async def document(self, external_id: str, **config: Any) -> SourceDocument:
        async with self.source(**config) as source:
            found = await source.fetch(external_id)
        assert isinstance(found, SourceDocument), found
        return found


def ids(inventory: Inventory) -> list[str]:
    return [item.external_id for item in inventory.items if item.state is ItemState.PENDING]
