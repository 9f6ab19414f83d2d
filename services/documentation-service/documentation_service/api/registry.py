"""What the indexing service calls: identity and versions of documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from documentation_service.api.dependencies import RegistryDep
from documentation_service.interfaces import Source
from flash_core.models.document import Document
from flash_core.schemas.documentation import (
    CheckedSourceRequest,
    DeleteDocumentsRequest,
    DeletedSourceResponse,
    PutDocumentRequest,
    PutSourceRequest,
    RegroupDocumentsRequest,
    RenameDocumentsRequest,
    ResolveRequest,
    ResolveResponse,
    SourceDocumentsResponse,
)
from flash_core.web.identity import internal_caller

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[Depends(internal_caller)])


@router.put("/sources/{source_id}", status_code=204)
async def put_source(source_id: UUID, body: PutSourceRequest, registry: RegistryDep) -> None:
    source = Source(source_id, body.name, body.provider, frozenset(body.groups))
    await registry.put_source(source, fence=body.fence)


@router.delete("/sources/{source_id}")
async def delete_source(source_id: UUID, registry: RegistryDep) -> DeletedSourceResponse:
    return DeletedSourceResponse(documents=await registry.delete_source(source_id))


@router.get("/sources/{source_id}/documents")
async def documents_of(
    source_id: UUID,
    registry: RegistryDep,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 1_000,
) -> SourceDocumentsResponse:
    return SourceDocumentsResponse(documents=await registry.documents_of(source_id, after=after, limit=limit))


@router.put("/sources/{source_id}/checked", status_code=204)
async def put_checked(source_id: UUID, body: CheckedSourceRequest, registry: RegistryDep) -> None:
    await registry.checked(source_id, body.checked_at)


@router.post("/documents/rename", status_code=204)
async def rename_documents(body: RenameDocumentsRequest, registry: RegistryDep) -> None:
    await registry.rename(body.source_id, body.renamed, fence=body.fence)


@router.post("/documents/regroup", status_code=204)
async def regroup_documents(body: RegroupDocumentsRequest, registry: RegistryDep) -> None:
    groups = {name: frozenset(those) for name, those in body.groups.items()}
    await registry.regroup(body.source_id, groups, fence=body.fence)


@router.post("/documents/resolve")
async def resolve(body: ResolveRequest, registry: RegistryDep) -> ResolveResponse:
    return ResolveResponse(documents=await registry.resolve(body.source_id, body.external_ids))


@router.put("/documents/{document_id}", status_code=204)
async def put_document(document_id: UUID, body: PutDocumentRequest, registry: RegistryDep) -> None:
    await registry.put_document(
        Document(
            id=document_id,
            source_id=body.source_id,
            external_id=body.external_id,
            title=body.title,
            path=tuple(body.path),
            url=body.url,
            text=body.text,
            groups=frozenset(body.groups),
            content_hash=body.content_hash,
            updated_at=body.updated_at,
            source_version=body.source_version,
        ),
        fence=body.fence,
    )


@router.post("/documents/delete", status_code=204)
async def delete_documents(body: DeleteDocumentsRequest, registry: RegistryDep) -> None:
    await registry.delete_documents(body.document_ids, fence=body.fence)
