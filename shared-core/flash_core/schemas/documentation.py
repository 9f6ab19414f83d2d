"""Documents on the wire: the public face, and what indexing hands to documentation."""

from uuid import UUID

from pydantic import Field

from flash_core.schemas.common import Request, Response, ShownUrl, Timestamp


class DocumentSummary(Response):
    id: UUID
    source_id: UUID
    external_id: str
    provider: str
    title: str
    path: list[str]
    url: ShownUrl
    groups: list[str]
    updated_at: Timestamp


class DocumentResponse(DocumentSummary):
    """`text` is what every offset points into."""

    text: str


# Between indexing and documentation (`/internal/…`). Documentation owns the documents' identity.


class DeletedSourceResponse(Response):
    """DELETE /internal/sources/{id}: how many documents went with it."""

    documents: int


class ResolveRequest(Request):
    """POST /internal/documents/resolve: ids for these external ids of a source, made where there are none."""

    source_id: UUID
    external_ids: list[str] = Field(max_length=1_000)


class ResolvedDocument(Response):
    """`content_hash` is that of the version now searchable, None when there is none (yet, or any more);
    `source_version` what the source calls it.
    """

    external_id: str
    document_id: UUID
    content_hash: str | None
    source_version: str = ""


class ResolveResponse(Response):
    documents: list[ResolvedDocument]


class PutSourceRequest(Request):
    """PUT /internal/sources/{id}: what documentation must know of a source; takes effect on every search at once.

    `fence`: of the worker who begins with it. From then on what carries a lower one is refused (409 `fenced`), here and
    wherever else a worker changes a source or its documents: it lost its turn without knowing.
    """

    name: str
    provider: str
    groups: list[str]
    fence: int | None = None


class PutDocumentRequest(Request):
    """PUT /internal/documents/{id}: make this version the searchable one (its chunks are in the vector store already).

    409 when the document was deleted after it was resolved.
    """

    source_id: UUID
    external_id: str
    title: str
    path: list[str]
    url: str | None
    text: str
    groups: list[str]
    content_hash: str
    updated_at: Timestamp
    source_version: str = ""
    fence: int | None = None


class SourceDocumentsResponse(Response):
    """GET /internal/sources/{id}/documents?after=&limit=: searchable documents, by external id."""

    documents: list[ResolvedDocument]


class VisibleDocumentsRequest(Request):
    """POST /internal/documents/visible, on behalf of a user: which of these may they read now, in which version."""

    document_ids: list[UUID] = Field(max_length=1_000)


class VisibleDocument(Response):
    document_id: UUID
    version: str


class VisibleDocumentsResponse(Response):
    documents: list[VisibleDocument]


class DeleteDocumentsRequest(Request):
    """POST /internal/documents/delete: gone from search, reading and citations when this returns."""

    document_ids: list[UUID] = Field(max_length=1_000)
    fence: int | None = None


class RenameDocumentsRequest(Request):
    """POST /internal/documents/rename: old external ids to new ones. What has no searchable document, or was renamed
    before, is passed over.
    """

    source_id: UUID
    renamed: dict[str, str] = Field(max_length=1_000)
    fence: int | None = None


class RegroupDocumentsRequest(Request):
    """POST /internal/documents/regroup: the groups that these documents are narrowed to, by external id; in effect for
    every later search and reading. Those that are not there are passed over.
    """

    source_id: UUID
    groups: dict[str, list[str]] = Field(max_length=1_000)
    fence: int | None = None


class CheckedSourceRequest(Request):
    """PUT /internal/sources/{id}/checked: the index was equal to the source at this moment."""

    checked_at: Timestamp


class StoredDocument(Response):
    """A searchable document as it is kept."""

    document_id: UUID
    source_id: UUID
    external_id: str
    title: str
    path: list[str]
    url: str | None
    text: str
    groups: list[str]
    content_hash: str
    updated_at: Timestamp


class StoredDocumentsResponse(Response):
    """GET /internal/documents?after=: searchable documents of all sources, by id; empty behind the last one."""

    documents: list[StoredDocument]


class CurrentVersionsRequest(Request):
    """POST /internal/documents/current."""

    document_ids: list[UUID] = Field(max_length=1_000)


class CurrentVersion(Response):
    """What is searchable of a document now, and for whom."""

    content_hash: str
    groups: list[str]


class CurrentVersionsResponse(Response):
    """Those of the searchable ones among the documents, by id."""

    versions: dict[UUID, CurrentVersion]
