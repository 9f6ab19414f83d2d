"""Notion as a type of source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flash_core.clients.outgoing import OutgoingPolicy, open_outgoing
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface, DocumentationSourceInterface
from indexing_service.providers.notion.client import PER_SECOND, Notion
from indexing_service.providers.notion.configuration import Configuration, checked
from indexing_service.providers.notion.source import NotionSource
from indexing_service.providers.rest import RestClient
from indexing_service.providers.rest_pace import Timing


class NotionProvider(DocumentationProviderInterface):
    def __init__(self, outgoing: OutgoingPolicy, timing: Timing | None = None) -> None:
        self._outgoing = outgoing
        self._timing = timing or Timing()

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset({"api_url"})

    async def validated(self, access: Access) -> Access:
        return checked(access, self._outgoing.permit)

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:
        configuration = Configuration.of(access.config)
        headers = {
            "Authorization": f"Bearer {access.credentials.get('token', '')}",
            "Notion-Version": configuration.api_version,
        }
        async with open_outgoing(configuration.api_url, self._outgoing, headers=headers) as http:
            rest = RestClient(http, per_second=PER_SECOND, timing=self._timing)
            yield NotionSource(configuration, Notion(rest), self._timing)
