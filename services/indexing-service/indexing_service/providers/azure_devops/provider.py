"""Azure DevOps wikis as a type of source."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx2

from flash_core.clients.outgoing import OutgoingPolicy, open_outgoing
from flash_core.errors import FlashError
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface, DocumentationSourceInterface
from indexing_service.providers.azure_devops.auth import EntraApplication, personal_token
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.azure_devops.settings import API_VERSION, AUTHORITY, checked
from indexing_service.providers.azure_devops.source import AzureWikiSource, Choice
from indexing_service.providers.rest import RestClient

_HEADERS: Final = {"Accept": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
"""Without the second, who is not let in is sent to a page for people."""
_STEP_SECONDS: Final = 75.0
_SECONDS: Final = 240.0
"""Answers are delayed by up to half a minute, with success, to those who ask much: that is not silence."""


class AzureDevOpsWikiProvider(DocumentationProviderInterface):
    def __init__(self, outgoing: OutgoingPolicy) -> None:
        self._outgoing = outgoing

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset({"organization_url", "authority"})

    async def validated(self, access: Access) -> Access:
        return checked(access, self._problem)

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:
        config = access.config
        base, project = config["organization_url"], config["project"]
        authority = str(config.get("authority") or AUTHORITY)
        auth = _auth(access.credentials, authority)
        also = [authority] if isinstance(auth, EntraApplication) else []
        async with open_outgoing(
            base, self._outgoing, auth=auth, headers=_HEADERS, timeout=_STEP_SECONDS, also=also
        ) as http:
            client = WikiClient(RestClient(http, seconds=_SECONDS), project, config.get("api_version") or API_VERSION)
            yield AzureWikiSource(client, _choice(config), f"{base}/{quote(project, safe='')}")

    def _problem(self, url: str) -> str:
        try:
            self._outgoing.permit(url)
        except FlashError as error:
            return str(error)
        return ""


def _auth(credentials: Mapping[str, str], authority: str) -> httpx2.Auth:
    if "pat" in credentials:
        return personal_token(credentials["pat"])
    return EntraApplication(authority, credentials["tenant_id"], credentials["client_id"], credentials["client_secret"])


def _choice(config: Mapping[str, Any]) -> Choice:
    return Choice(
        project=config["project"],
        wikis=tuple(config.get("wikis") or ()),
        branch=config.get("branch"),
        paths=tuple(config.get("paths") or ()),
    )
