"""Git repositories as a type of source."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import FlashError
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface, DocumentationSourceInterface
from indexing_service.providers.git.blobs import BlobReader
from indexing_service.providers.git.clone import Clone
from indexing_service.providers.git.command import Limits, Reach, require_git
from indexing_service.providers.git.configuration import Configuration, checked, folder_of, is_folder
from indexing_service.providers.git.source import GitSource
from indexing_service.providers.redaction import forms_of

_PORTS: Final = {"https": 443, "http": 80}
_ANY_NAME: Final = "x-access-token"
_NAMES: Final = {"bitbucket.org": "x-token-auth"}
"""Who goes with a token where nobody was named; most hosts take any name."""


class GitProvider(DocumentationProviderInterface):
    """`folder`: where copies are kept. `local`: folders of this machine may be named as repositories."""

    def __init__(
        self, outgoing: OutgoingPolicy, folder: Path, *, local: bool = False, limits: Limits | None = None
    ) -> None:
        self._outgoing = outgoing
        self._folder = folder.absolute()
        self._local = local
        self._limits = limits or Limits()

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset({"url"})

    async def validated(self, access: Access) -> Access:
        return checked(access, self._problem)

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:
        configuration = Configuration.of(access.config)
        url = Path(folder_of(configuration.url)).as_uri() if configuration.is_folder else configuration.url

        async def reach() -> Reach:
            await require_git()
            return await self._reach(configuration, access.credentials)

        clone = Clone(self._folder, url, reach, self._limits)
        async with BlobReader(clone.git) as reader:
            yield GitSource(configuration, clone, reader)

    def _problem(self, url: str) -> str:
        if is_folder(url):
            return "" if self._local else "Repositories in folders of the machine are not allowed here."
        try:
            self._outgoing.permit(url)
        except FlashError as error:
            return str(error)
        return ""

    async def _reach(self, configuration: Configuration, credentials: Mapping[str, str]) -> Reach:
        """Checked before every connection; git is held to the addresses that were checked."""
        if configuration.is_folder:
            return Reach("file")
        parts = urlsplit(configuration.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = await self._outgoing.addresses(host, port)
        settings = (
            {} if ":" in host else {"http.curloptResolve": f"{host}:{port}:{','.join(map(_bracketed, addresses))}"}
        )
        token = credentials.get("token")
        if not token:
            return Reach(parts.scheme, settings)
        name = credentials.get("username") or _NAMES.get(host, _ANY_NAME)
        basic = f"Basic {base64.b64encode(f'{name}:{token}'.encode()).decode()}"
        settings["http.extraHeader"] = f"Authorization: {basic}"
        return Reach(parts.scheme, settings, forms_of(basic))


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
