"""The way to a source, with its secrets."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from flash_core.schemas.indexing import SourceType
from indexing_service.interfaces import CredentialVaultInterface, Source
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface, DocumentationSourceInterface
from indexing_service.services.addresses import destinations

Providers = Mapping[SourceType, DocumentationProviderInterface]


class Connections:
    """Secrets are opened for as long as they are used."""

    def __init__(self, providers: Providers, vault: CredentialVaultInterface) -> None:
        self._providers = providers
        self._vault = vault

    @property
    def types(self) -> list[SourceType]:
        """Those that can be read."""
        return sorted(self._providers)

    async def validated(self, kind: SourceType, access: Access) -> Access:
        """As it is stored; `InvalidInputError` names the fields that are wrong."""
        return await self._providers[kind].validated(access)

    def destinations(self, kind: SourceType, config: Mapping[str, Any]) -> frozenset[str]:
        """Where credentials go with this configuration."""
        return destinations({name: config.get(name) for name in self._providers[kind].addresses})

    def sealed(self, source: Source, credentials: Mapping[str, str]) -> bytes | None:
        return self._vault.seal(source.id, credentials) if credentials else None

    def credentials(self, source: Source) -> Mapping[str, str]:
        sealed = source.sealed_credentials
        return {} if sealed is None else self._vault.open(source.id, sealed)

    def connect(self, source: Source) -> AbstractAsyncContextManager[DocumentationSourceInterface]:
        return self._providers[source.type].connect(Access(source.config, self.credentials(source)))
