"""Documents over HTTP: listing, reading, deleting."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from documentation_service.api.dependencies import LibraryDep
from documentation_service.interfaces import DocumentQuery, LiveDocument
from flash_core.errors import BadRequestError, ForbiddenError, NotFoundError, UnauthenticatedError
from flash_core.schemas.common import Page
from flash_core.schemas.documentation import DocumentResponse, DocumentSummary
from flash_core.web.identity import CurrentEditor, CurrentUser
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])
_ONE = problems(UnauthenticatedError, NotFoundError)
Words = Annotated[
    str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="In the title or the id.")
]


@router.get("", responses=problems(BadRequestError, UnauthenticatedError))
async def list_documents(
    user: CurrentUser, library: LibraryDep, page: PageQuery, source_id: UUID | None = None, q: Words = None
) -> Page[DocumentSummary]:
    """The documents that the caller may see, oldest first."""
    query = DocumentQuery(user.groups, page.rows, page.after_id, source_id, q)
    return page_of(await library.page(query), page, key=lambda row: row.id, item=_summary)


@router.get("/{document_id}", responses=_ONE)
async def read_document(document_id: UUID, user: CurrentUser, library: LibraryDep) -> DocumentResponse:
    """One document with the text that the offsets of hits and citations point into."""
    document, text = await library.read(document_id, user)
    return DocumentResponse(**_summary(document).model_dump(), text=text)


@router.delete("/{document_id}", status_code=204, responses=_ONE | problems(ForbiddenError))
async def delete_document(document_id: UUID, user: CurrentEditor, library: LibraryDep) -> None:
    """When this returns it can no longer be found, read or cited. A later sync of its source may bring it again."""
    await library.delete(document_id, user)


def _summary(row: LiveDocument) -> DocumentSummary:
    return DocumentSummary(
        id=row.id,
        source_id=row.source_id,
        external_id=row.external_id,
        provider=row.provider,
        title=row.title,
        path=list(row.path),
        url=row.url,
        groups=sorted(row.groups),
        updated_at=row.updated_at,
    )
