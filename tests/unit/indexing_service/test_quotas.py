"""A whole sync of each source behind REST keeps to the rate that its server enforces."""

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces import SourceDocument
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface
from indexing_service.providers.azure_devops.provider import AzureDevOpsWikiProvider
from indexing_service.providers.confluence.provider import ConfluenceProvider
from indexing_service.providers.notion.provider import NotionProvider
from tests.servers import azure_devops, azure_world, confluence, confluence_world, notion
from tests.servers.quota import Quota

LOOPBACK = OutgoingPolicy(["127.0.0.1"])


async def read_whole(provider: DocumentationProviderInterface, access: Access) -> int:
    """How many documents there are; each must come."""
    async with provider.connect(await provider.validated(access)) as source:
        inventory = await source.list(lambda _: None)
        await source.permissions()
        for item in inventory.items:
            assert isinstance(await source.fetch(item.external_id), SourceDocument)
    return len(inventory.items)


async def test_azure_devops_is_left_alone_when_it_answers_late_and_says_so() -> None:
    async with azure_devops.running() as server:
        wiki = server.add_wiki("Handbook")
        for number in range(30):
            server.write(wiki, f"/Page {number}", "text")
        server.quota = Quota(size=20, per_second=15)
        config = {"organization_url": server.organization_url, "project": azure_world.PROJECT}
        assert await read_whole(AzureDevOpsWikiProvider(LOOPBACK), Access(config, {"pat": server.pat})) == 30
        assert (server.quota.refused, server.quota.impatient) == (0, 0)


async def test_azure_devops_is_asked_again_after_it_refused() -> None:
    async with azure_devops.running() as server:
        server.write(server.add_wiki("Handbook"), "/Home", "text")
        server.quota = Quota(size=1, per_second=1)
        config = {"organization_url": server.organization_url, "project": azure_world.PROJECT}
        assert await read_whole(AzureDevOpsWikiProvider(LOOPBACK), Access(config, {"pat": server.pat})) == 1
        assert server.quota.impatient == 0


async def test_confluence_is_asked_again_after_it_refused() -> None:
    async with confluence.running() as server:
        server.space("DEV", "Development")
        for number in range(30):
            server.write(f"Page {number}", "<p>text</p>")
        server.quota = Quota(size=20, per_second=30)
        credentials = {"email": confluence_world.EMAIL, "api_token": confluence_world.API_TOKEN}
        access = Access({"base_url": server.address, "deployment": "cloud"}, credentials)
        assert await read_whole(ConfluenceProvider(LOOPBACK), access) == 30
        assert server.quota.refused > 0
        assert server.quota.impatient == 0


async def test_notion_is_never_asked_faster_than_it_allows() -> None:
    async with notion.running() as server:
        for number in range(4):
            server.write(f"Page {number}", "text")
        server.tick()
        server.quota = Quota(size=3, per_second=3)
        access = Access({"api_url": server.address}, {"token": notion.TOKEN})
        assert await read_whole(NotionProvider(LOOPBACK), access) == 4
        assert server.quota.refused == 0
