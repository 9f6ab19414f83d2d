"""The documentation service, as a client."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from flash_core.clients.http import Sibling
from flash_core.interfaces.documents import (
    DocumentRegistryInterface,
    StoredDocumentsInterface,
    VisibleDocumentsInterface,
)
from flash_core.interfaces.search import SearchInterface
from flash_core.models.user import Principal
from flash_core.schemas.documentation import (
    CheckedSourceRequest,
    CurrentVersion,
    CurrentVersionsRequest,
    CurrentVersionsResponse,
    DeleteDocumentsRequest,
    DeletedSourceResponse,
    PutDocumentRequest,
    PutSourceRequest,
    RegroupDocumentsRequest,
    RenameDocumentsRequest,
    ResolvedDocument,
    ResolveRequest,
    ResolveResponse,
    SourceDocumentsResponse,
    StoredDocument,
    StoredDocumentsResponse,
    VisibleDocumentsRequest,
    VisibleDocumentsResponse,
)
from flash_core.schemas.search import SearchRequest, SearchResponse

_SEARCH_SECONDS = 10.0
_WRITE_SECONDS = 30.0
_NAMES_A_CALL = 1_000


class SearchClient(SearchInterface):
    def __init__(self, documentation: Sibling) -> None:
        self._documentation = documentation

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        return await self._documentation.post(
            SearchResponse, "/internal/search", request, principal=principal, seconds=_SEARCH_SECONDS
        )


class VisibleDocumentsClient(VisibleDocumentsInterface):
    """`seconds` is what the caller can wait."""

    def __init__(self, documentation: Sibling, *, seconds: float) -> None:
        self._documentation = documentation
        self._seconds = seconds

    async def versions(self, document_ids: Sequence[UUID], principal: Principal) -> dict[UUID, str]:
        answer = await self._documentation.post(
            VisibleDocumentsResponse,
            "/internal/documents/visible",
            VisibleDocumentsRequest(document_ids=list(document_ids)),
            principal=principal,
            seconds=self._seconds,
        )
        return {one.document_id: one.version for one in answer.documents}


class DocumentRegistryClient(DocumentRegistryInterface):
    def __init__(self, documentation: Sibling) -> None:
        self._documentation = documentation

    async def put_source(self, source_id: UUID, source: PutSourceRequest) -> None:
        await self._documentation.call("PUT", f"/internal/sources/{source_id}", body=source, seconds=_WRITE_SECONDS)

    async def delete_source(self, source_id: UUID) -> int:
        path = f"/internal/sources/{source_id}"
        answer = await self._documentation.call("DELETE", path, seconds=_WRITE_SECONDS)
        return DeletedSourceResponse.model_validate_json(answer).documents

    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        request = ResolveRequest(source_id=source_id, external_ids=list(external_ids))
        answer = await self._documentation.post(
            ResolveResponse, "/internal/documents/resolve", request, seconds=_WRITE_SECONDS
        )
        return answer.documents

    async def put_document(self, document_id: UUID, document: PutDocumentRequest) -> None:
        path = f"/internal/documents/{document_id}"
        await self._documentation.call("PUT", path, body=document, seconds=_WRITE_SECONDS)

    async def documents_of(self, source_id: UUID, *, after: str = "", limit: int = 1_000) -> list[ResolvedDocument]:
        answer = await self._documentation.get(
            SourceDocumentsResponse,
            f"/internal/sources/{source_id}/documents",
            query={"after": after, "limit": str(limit)},
            seconds=_WRITE_SECONDS,
        )
        return answer.documents

    async def delete_documents(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> None:
        body = DeleteDocumentsRequest(document_ids=list(document_ids), fence=fence)
        await self._documentation.call("POST", "/internal/documents/delete", body=body, seconds=_WRITE_SECONDS)

    async def regroup(self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None) -> None:
        told = [(name, sorted(those)) for name, those in groups.items()]
        for start in range(0, len(told), _NAMES_A_CALL):
            some = dict(told[start : start + _NAMES_A_CALL])
            body = RegroupDocumentsRequest(source_id=source_id, groups=some, fence=fence)
            await self._documentation.call("POST", "/internal/documents/regroup", body=body, seconds=_WRITE_SECONDS)

    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> None:
        names = list(renamed.items())
        for start in range(0, len(names), _NAMES_A_CALL):
            some = dict(names[start : start + _NAMES_A_CALL])
            body = RenameDocumentsRequest(source_id=source_id, renamed=some, fence=fence)
            await self._documentation.call("POST", "/internal/documents/rename", body=body, seconds=_WRITE_SECONDS)

    async def checked(self, source_id: UUID, at: datetime) -> None:
        body = CheckedSourceRequest(checked_at=at)
        await self._documentation.call(
            "PUT", f"/internal/sources/{source_id}/checked", body=body, seconds=_WRITE_SECONDS
        )


class StoredDocumentsClient(StoredDocumentsInterface):
    def __init__(self, documentation: Sibling) -> None:
        self._documentation = documentation

    async def page(self, after: UUID | None) -> list[StoredDocument]:
        query = {} if after is None else {"after": str(after)}
        answer = await self._documentation.get(
            StoredDocumentsResponse, "/internal/documents", query=query, seconds=_WRITE_SECONDS
        )
        return answer.documents

    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        request = CurrentVersionsRequest(document_ids=list(document_ids))
        answer = await self._documentation.post(
            CurrentVersionsResponse, "/internal/documents/current", request, seconds=_WRITE_SECONDS
        )
        return answer.versions

    async def index_changed(self) -> None:
        await self._documentation.call("POST", "/internal/index/changed", seconds=_WRITE_SECONDS)
