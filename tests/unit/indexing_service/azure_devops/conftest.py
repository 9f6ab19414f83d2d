from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces.providers import Access, DocumentationSourceInterface
from indexing_service.providers.azure_devops.provider import AzureDevOpsWikiProvider
from tests.servers.azure_devops import running
from tests.servers.azure_world import PROJECT, AzureDevOps, Wiki

Connect = Callable[..., AbstractAsyncContextManager[DocumentationSourceInterface]]


@pytest.fixture
def provider() -> AzureDevOpsWikiProvider:
    return AzureDevOpsWikiProvider(OutgoingPolicy(["127.0.0.1"]))


@pytest.fixture
async def server() -> AsyncIterator[AzureDevOps]:
    async with running() as world:
        yield world


@pytest.fixture
def wiki(server: AzureDevOps) -> Wiki:
    return server.add_wiki("Hand Book.wiki")


@pytest.fixture
def connect(server: AzureDevOps, provider: AzureDevOpsWikiProvider) -> Connect:
    """With `credentials`, or the right token; everything else is configuration."""

    def connected(
        credentials: dict[str, str] | None = None, **config: Any
    ) -> AbstractAsyncContextManager[DocumentationSourceInterface]:
        known = {"organization_url": server.organization_url, "project": PROJECT}
        return provider.connect(Access(known | config, credentials or {"pat": server.pat}))

    return connected


@pytest.fixture
async def source(connect: Connect) -> AsyncIterator[DocumentationSourceInterface]:
    async with connect() as connected:
        yield connected
