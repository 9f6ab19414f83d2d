"""What the indexing service reads when it builds an index anew."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection

from flash_core.interfaces.documents import StoredDocumentsInterface
from flash_core.schemas.documentation import (
    CurrentVersionsRequest,
    CurrentVersionsResponse,
    StoredDocumentsResponse,
)
from flash_core.web.identity import internal_caller

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[Depends(internal_caller)])


async def _stored(connection: HTTPConnection) -> StoredDocumentsInterface:
    stored: StoredDocumentsInterface = connection.state.container.stored
    return stored


_StoredDep = Annotated[StoredDocumentsInterface, Depends(_stored)]


@router.get("/documents")
async def page(stored: _StoredDep, after: UUID | None = None) -> StoredDocumentsResponse:
    return StoredDocumentsResponse(documents=await stored.page(after))


@router.post("/documents/current")
async def current(body: CurrentVersionsRequest, stored: _StoredDep) -> CurrentVersionsResponse:
    return CurrentVersionsResponse(versions=await stored.current(body.document_ids))


@router.post("/index/changed", status_code=204)
async def index_changed(stored: _StoredDep) -> None:
    await stored.index_changed()
