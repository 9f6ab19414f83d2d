"""A page that its server can't give fails alone, in each type of source behind REST, and comes when it is mended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.database import migrate
from flash_core.database.context import open_database
from flash_core.schemas.indexing import JobCounts, JobState, SourceType
from flash_core.testing.waiting import eventually
from indexing_service.providers.azure_devops.provider import AzureDevOpsWikiProvider
from indexing_service.providers.confluence.provider import ConfluenceProvider
from indexing_service.providers.notion.provider import NotionProvider
from indexing_service.services.connections import Providers
from indexing_service.services.sources import NewSource
from tests.integration.indexing_service.test_service import World, running
from tests.servers import azure_devops, azure_world, confluence, confluence_world, notion
from tests.unit.indexing_service.world import ADMIN

LOOPBACK = OutgoingPolicy(["127.0.0.1"])
PROVIDERS: Providers = {
    SourceType.AZURE_DEVOPS_WIKI: AzureDevOpsWikiProvider(LOOPBACK),
    SourceType.CONFLUENCE: ConfluenceProvider(LOOPBACK),
    SourceType.NOTION: NotionProvider(LOOPBACK),
}
PAGES = 10


@dataclass
class Server:
    """With ten pages, `broken` one of them."""

    source: NewSource
    broken: str
    mend: Callable[[], None]


def source_at(server: confluence_world.Confluence) -> NewSource:
    config = {"base_url": server.address, "deployment": "cloud"}
    credentials = {"email": confluence_world.EMAIL, "api_token": confluence_world.API_TOKEN}
    return NewSource("confluence", "C", config, frozenset(), None, credentials)


@asynccontextmanager
async def confluence_with_an_error() -> AsyncIterator[Server]:
    async with confluence.running() as server:
        server.space("DEV", "Development")
        pages = [server.write(f"Page {at}", f"<p>Text {at}.</p>") for at in range(PAGES)]
        server.fail(f"/pages/{pages[3]}", 500, times=1_000)
        yield Server(source_at(server), pages[3], server.faults.clear)


@asynccontextmanager
async def azure_with_half_an_answer() -> AsyncIterator[Server]:
    async with azure_devops.running() as server:
        server.scopes = {"wiki"}
        wiki = server.add_wiki("Handbook")
        pages = [server.write(wiki, f"/Page {at}", f"Text {at}.") for at in range(PAGES)]
        server.fail(f"/pages/{pages[3]}$", 200, times=1_000, body="{")
        config = {"organization_url": server.organization_url, "project": azure_world.PROJECT}
        source = NewSource("azure_devops_wiki", "A", config, frozenset(), None, {"pat": server.pat})
        yield Server(source, f"{wiki.id}/{pages[3]}", server.mend)


@asynccontextmanager
async def notion_with_another_answer() -> AsyncIterator[Server]:
    async with notion.running() as server:
        pages = [server.write(f"Page {at}", f"Text {at}.") for at in range(PAGES)]
        server.tick()
        server.fail(f"/pages/{pages[3]}", 200, times=1_000, body={"detail": "broken"})
        source = NewSource("notion", "N", {"api_url": server.address}, frozenset(), None, {"token": notion.TOKEN})
        yield Server(source, pages[3], server.faults.clear)


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    await asyncio.to_thread(migrate.upgrade, "indexing_service", postgres_url)
    async with open_database(postgres_url) as database:
        yield World(database, providers=PROVIDERS)


@pytest.mark.parametrize(
    "serving",
    [confluence_with_an_error, azure_with_half_an_answer, notion_with_another_answer],
    ids=lambda one: one.__name__,
)
async def test_a_page_that_its_server_can_not_give_holds_up_no_other(
    world: World, serving: Callable[[], AbstractAsyncContextManager[Server]]
) -> None:
    async with serving() as server, running(world.scheduler()):
        source_id = (await world.sources.create(server.source, ADMIN)).id
        job = await world.ended(await world.sources.sync(source_id, full=False), seconds=60)
        assert (job.state, job.counts) == (JobState.PARTIAL, JobCounts(found=PAGES, indexed=PAGES - 1, failed=1))
        assert [problem.document for problem in job.problems] == [server.broken]
        server.mend()
        job = await world.ended(await world.sources.sync(source_id, full=False), seconds=60)
        assert (job.state, job.counts.indexed, job.counts.failed) == (JobState.SUCCEEDED, 1, 0)
    assert len(world.registry.live) == PAGES
    world.check_consistent()


@pytest.mark.parametrize(("status", "pages"), [(429, 1), (429, PAGES), (503, 2)])
async def test_a_server_that_throttles_is_waited_for_and_no_document_fails(
    world: World, status: int, pages: int
) -> None:
    async with confluence.running() as server, running(world.scheduler()):
        server.space("DEV", "Development")
        for at in range(pages):
            server.write(f"Page {at}", f"<p>Text {at}.</p>")
        server.fail("/pages/10", status, times=1_000, Retry_After="300")
        source_id = (await world.sources.create(source_at(server), ADMIN)).id
        job_id = await world.sources.sync(source_id, full=False)

        async def waits() -> bool:
            job = await world.jobs.get(job_id)
            return any(one.detail.startswith("Waiting: ") for one in job.problems)

        await eventually(waits, seconds=20)
        server.faults.clear()
        job = await world.ended(job_id)
    assert (job.state, job.counts) == (JobState.SUCCEEDED, JobCounts(found=pages, indexed=pages))
