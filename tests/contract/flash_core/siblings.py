"""Services that answer with fakes, so that a client and the fake behind it can be held to the same promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
from fastapi import FastAPI
from starlette.requests import Request

from flash_core.clients.http import HttpClient, Sibling
from flash_core.errors import NotFoundError, UnauthenticatedError
from flash_core.interfaces.documents import DocumentRegistryInterface, VisibleDocumentsInterface
from flash_core.interfaces.generation import GenerationLeaseInterface
from flash_core.interfaces.identity import IdentitySourceInterface
from flash_core.interfaces.intent import IntentInterface
from flash_core.interfaces.search import SearchInterface
from flash_core.models.user import Principal
from flash_core.schemas.ai import IntentRequest, IntentResponse
from flash_core.schemas.auth import PrincipalResponse, VerifyKeyRequest
from flash_core.schemas.chat import (
    ClaimRequest,
    ClaimResponse,
    FinishRequest,
    HeartbeatRequest,
    HeartbeatResponse,
    ReleaseRequest,
)
from flash_core.schemas.documentation import (
    CheckedSourceRequest,
    DeleteDocumentsRequest,
    DeletedSourceResponse,
    PutDocumentRequest,
    PutSourceRequest,
    RenameDocumentsRequest,
    ResolveRequest,
    ResolveResponse,
    SourceDocumentsResponse,
    VisibleDocument,
    VisibleDocumentsRequest,
    VisibleDocumentsResponse,
)
from flash_core.schemas.search import SearchRequest, SearchResponse
from flash_core.testing.fakes import FakeAuthenticator
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from flash_core.web.problems import add_problem_handlers


@asynccontextmanager
async def _sibling(app: FastAPI, tokens: FakeAuthenticator | None = None) -> AsyncIterator[Sibling]:
    add_problem_handlers(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
        yield HttpClient(client, tokens or FakeAuthenticator()).sibling("http://sibling")


@asynccontextmanager
async def identity_source_over_http(source: IdentitySourceInterface) -> AsyncIterator[Sibling]:
    app = FastAPI()

    @app.get("/.well-known/jwks.json")
    async def keys() -> Any:
        return await source.public_keys()

    @app.post("/internal/api-keys/verify")
    async def verify(body: VerifyKeyRequest) -> PrincipalResponse:
        try:
            found = await source.api_key(body.key)
        except UnauthenticatedError as error:
            raise NotFoundError("There is no such key.") from error
        return PrincipalResponse(
            user_id=found.user_id, roles=sorted(found.roles), groups=sorted(found.groups), session_id=found.session_id
        )

    async with _sibling(app) as sibling:
        yield sibling


@asynccontextmanager
async def leases_over_http(leases: GenerationLeaseInterface) -> AsyncIterator[Sibling]:
    app = FastAPI()

    @app.post("/internal/generations/{generation_id}/claim")
    async def claim(generation_id: UUID, body: ClaimRequest) -> ClaimResponse:
        return await leases.claim(generation_id, body.worker)

    @app.post("/internal/generations/{generation_id}/heartbeat")
    async def heartbeat(generation_id: UUID, body: HeartbeatRequest) -> HeartbeatResponse:
        return HeartbeatResponse(cancel_requested=await leases.heartbeat(generation_id, body.attempt))

    @app.post("/internal/generations/{generation_id}/finish", status_code=204)
    async def finish(generation_id: UUID, body: FinishRequest) -> None:
        await leases.finish(generation_id, body)

    @app.post("/internal/generations/{generation_id}/release", status_code=204)
    async def release(generation_id: UUID, body: ReleaseRequest) -> None:
        await leases.release(generation_id, body)

    async with _sibling(app) as sibling:
        yield sibling


@asynccontextmanager
async def search_over_http(search: SearchInterface) -> AsyncIterator[Sibling]:
    app, tokens = FastAPI(), FakeAuthenticator()

    @app.post("/internal/search")
    async def run(body: SearchRequest, request: Request) -> SearchResponse:
        principal = tokens.internal(request.headers[SERVICE_TOKEN_HEADER])
        assert isinstance(principal, Principal)
        return await search.search(body, principal)

    async with _sibling(app, tokens) as sibling:
        yield sibling


@asynccontextmanager
async def visible_over_http(visible: VisibleDocumentsInterface) -> AsyncIterator[Sibling]:
    app, tokens = FastAPI(), FakeAuthenticator()

    @app.post("/internal/documents/visible")
    async def run(body: VisibleDocumentsRequest, request: Request) -> VisibleDocumentsResponse:
        principal = tokens.internal(request.headers[SERVICE_TOKEN_HEADER])
        assert isinstance(principal, Principal)
        found = await visible.versions(body.document_ids, principal)
        return VisibleDocumentsResponse(
            documents=[VisibleDocument(document_id=key, version=version) for key, version in found.items()]
        )

    async with _sibling(app, tokens) as sibling:
        yield sibling


@asynccontextmanager
async def intent_over_http(intent: IntentInterface) -> AsyncIterator[Sibling]:
    app = FastAPI()

    @app.post("/internal/intent")
    async def run(body: IntentRequest) -> IntentResponse:
        return await intent.analyse(body)

    async with _sibling(app) as sibling:
        yield sibling


@asynccontextmanager
async def registry_over_http(registry: DocumentRegistryInterface) -> AsyncIterator[Sibling]:
    app = FastAPI()

    @app.put("/internal/sources/{source_id}", status_code=204)
    async def put_source(source_id: UUID, body: PutSourceRequest) -> None:
        await registry.put_source(source_id, body)

    @app.delete("/internal/sources/{source_id}")
    async def delete_source(source_id: UUID) -> DeletedSourceResponse:
        return DeletedSourceResponse(documents=await registry.delete_source(source_id))

    @app.post("/internal/documents/resolve")
    async def resolve(body: ResolveRequest) -> ResolveResponse:
        return ResolveResponse(documents=await registry.resolve(body.source_id, body.external_ids))

    @app.put("/internal/documents/{document_id}", status_code=204)
    async def put_document(document_id: UUID, body: PutDocumentRequest) -> None:
        await registry.put_document(document_id, body)

    @app.get("/internal/sources/{source_id}/documents")
    async def documents_of(source_id: UUID, after: str = "", limit: int = 1_000) -> SourceDocumentsResponse:
        return SourceDocumentsResponse(documents=await registry.documents_of(source_id, after=after, limit=limit))

    @app.put("/internal/sources/{source_id}/checked", status_code=204)
    async def put_checked(source_id: UUID, body: CheckedSourceRequest) -> None:
        await registry.checked(source_id, body.checked_at)

    @app.post("/internal/documents/rename", status_code=204)
    async def rename(body: RenameDocumentsRequest) -> None:
        await registry.rename(body.source_id, body.renamed)

    @app.post("/internal/documents/delete", status_code=204)
    async def delete_documents(body: DeleteDocumentsRequest) -> None:
        await registry.delete_documents(body.document_ids)

    async with _sibling(app) as sibling:
        yield sibling
