"""A Confluence with two spaces, and a source that reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.interfaces.clock import ClockInterface
from indexing_service.interfaces import ItemState
from indexing_service.interfaces.providers import Access, DocumentationSourceInterface, Inventory
from indexing_service.providers.confluence.provider import ConfluenceProvider
from tests.servers.confluence_world import API_TOKEN, EMAIL, PERSONAL_TOKEN, Confluence

FACES = ("cloud", "data_center")
PROVIDER_POLICY = OutgoingPolicy(["127.0.0.1"])


@dataclass
class Clock(ClockInterface):
    moment: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def passes(self, **span: float) -> None:
        self.moment += timedelta(**span)


def filled(clock: Clock) -> Confluence:
    """DEV holds a front page with a guide and, under it, a chapter; HR a page of its own."""
    confluence = Confluence(clock.now)
    confluence.space("DEV", "Development")
    confluence.space("HR", "People")
    home = confluence.write("Development", "<p>Welcome.</p>")
    guide = confluence.write("Guide", "<p>How it is done.</p>", parent=home)
    confluence.write("Chapter", "<p>One thing after the other.</p>", parent=guide)
    confluence.write("Holidays", "<p>Thirty days.</p>", space="HR")
    return confluence


def access_to(confluence: Confluence, face: str, **config: Any) -> Access:
    credentials = {"token": PERSONAL_TOKEN}
    if face == "cloud":
        credentials = {"email": EMAIL, "api_token": API_TOKEN}
    return Access({"base_url": confluence.address, "deployment": face, **config}, credentials)


@asynccontextmanager
async def connected(
    confluence: Confluence, face: str, clock: ClockInterface | None = None, **config: Any
) -> AsyncIterator[DocumentationSourceInterface]:
    provider = ConfluenceProvider(PROVIDER_POLICY, clock)
    access = await provider.validated(access_to(confluence, face, **config))
    async with provider.connect(access) as source:
        yield source


def uncounted(_: int) -> None: ...


async def listed(source: DocumentationSourceInterface) -> Inventory:
    return await source.list(uncounted)


def pending(inventory: Inventory) -> list[str]:
    return [item.external_id for item in inventory.items if item.state is ItemState.PENDING]


def problems(inventory: Inventory) -> list[str]:
    return [item.reason for item in inventory.items if item.state is ItemState.FAILED]
