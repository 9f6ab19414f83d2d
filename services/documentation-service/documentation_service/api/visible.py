"""Which documents a person may read now: for the service that remembers what they said."""

from fastapi import APIRouter

from documentation_service.api.dependencies import LibraryDep
from flash_core.schemas.documentation import VisibleDocument, VisibleDocumentsRequest, VisibleDocumentsResponse
from flash_core.web.identity import OnBehalf

router = APIRouter(prefix="/internal/documents", include_in_schema=False)


@router.post("/visible")
async def visible(body: VisibleDocumentsRequest, user: OnBehalf, library: LibraryDep) -> VisibleDocumentsResponse:
    found = await library.visible(body.document_ids, user)
    return VisibleDocumentsResponse(
        documents=[VisibleDocument(document_id=one.id, version=one.content_hash) for one in found]
    )
