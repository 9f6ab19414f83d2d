"""The documents' owner, as the service that brings documents in sees it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from flash_core.models.user import Principal
from flash_core.schemas.documentation import (
    CurrentVersion,
    PutDocumentRequest,
    PutSourceRequest,
    ResolvedDocument,
    StoredDocument,
)


class VisibleDocumentsInterface(Protocol):
    """What a person may read at this moment. `UpstreamUnavailableError` when that can't be said now."""

    @abstractmethod
    async def versions(self, document_ids: Sequence[UUID], principal: Principal) -> dict[UUID, str]:
        """The current version of each of these that is there and that `principal` may read; at most 1,000 a call."""


class DocumentRegistryInterface(Protocol):
    """Identity and versions of documents. Every write may be repeated. `UpstreamUnavailableError` when away.

    A worker says its `fence` with all that it writes, first with the source itself; a write with a lower one than the
    source has seen raises `FencedError` and changes nothing.
    """

    @abstractmethod
    async def put_source(self, source_id: UUID, source: PutSourceRequest) -> None:
        """Name, type and groups of a source, in effect for every later search."""

    @abstractmethod
    async def delete_source(self, source_id: UUID) -> int:
        """Remove all of its documents everywhere; returns how many there were."""

    @abstractmethod
    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        """One entry an external id, in their order; ids are made for new ones."""

    @abstractmethod
    async def put_document(self, document_id: UUID, document: PutDocumentRequest) -> None:
        """Make this version the searchable one. `ConflictError` when it was deleted after `resolve`."""

    @abstractmethod
    async def documents_of(self, source_id: UUID, *, after: str = "", limit: int = 1_000) -> list[ResolvedDocument]:
        """Searchable documents of a source, ordered by external id, behind `after`."""

    @abstractmethod
    async def delete_documents(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> None: ...

    @abstractmethod
    async def regroup(self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None) -> None:
        """Narrow documents, by external id, to these groups, in effect for every later search and reading; their
        content and its version stay. Those that are not there are passed over.
        """

    @abstractmethod
    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> None:
        """Documents keep their identity under new external ids; those whose new one is a searchable document's stay."""

    @abstractmethod
    async def checked(self, source_id: UUID, at: datetime) -> None:
        """What is known of the source's documents was true at this moment. A deleted source is passed over."""


class StoredDocumentsInterface(Protocol):
    """The searchable documents of all sources, for whoever builds an index of them. `UpstreamUnavailableError` when
    away.
    """

    @abstractmethod
    async def page(self, after: UUID | None) -> list[StoredDocument]:
        """The next ones behind `after`, ordered by id, with not much more text than one call should carry."""

    @abstractmethod
    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        """Of those that are searchable now; at most 1,000 a call."""

    @abstractmethod
    async def index_changed(self) -> None:
        """Another collection is searched from now on: what is remembered of searches is outdated, and what is usual
        in a source has to be found out anew.
        """
