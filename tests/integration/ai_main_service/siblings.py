"""Chat, intent, documentation and embedding as one small HTTP server, for a worker that talks to them for real."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from flash_core.clients.identity import ServiceTokens
from flash_core.errors import FlashError
from flash_core.schemas.ai import IntentRequest
from flash_core.schemas.chat import ClaimRequest, FinishRequest, HeartbeatRequest, HeartbeatResponse, ReleaseRequest
from flash_core.schemas.documentation import VisibleDocument, VisibleDocumentsRequest, VisibleDocumentsResponse
from flash_core.schemas.embedding import EmbedRequest, EmbedResponse
from flash_core.schemas.search import SearchRequest
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeIntent, FakeSearch, FakeVisibleDocuments
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from flash_core.web.problems import problem_response
from tests.unit.ai_main_service.builders import TRAVEL, hit

KEY = "k" * 32


class Siblings:
    """The fakes behind the routes can be told what to do and asked what they saw."""

    def __init__(self) -> None:
        self.url = ""
        self.leases = FakeGenerationLeases()
        self.intent = FakeIntent()
        self.search = FakeSearch([hit(), hit(TRAVEL, title="Travel")])
        self.documents = FakeVisibleDocuments()
        self.embeddings = FakeEmbeddingProvider()
        self._tokens = ServiceTokens(KEY, "test")

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_problems])
        app.router.add_post("/internal/generations/{id}/{action}", self._generation)
        app.router.add_post("/internal/intent", self._understand)
        app.router.add_post("/internal/search", self._found)
        app.router.add_post("/internal/documents/visible", self._visible)
        app.router.add_post("/internal/embeddings", self._embedded)
        return app

    async def _generation(self, request: web.Request) -> web.Response:
        self._tokens.verify(request.headers[SERVICE_TOKEN_HEADER])
        generation_id, body = UUID(request.match_info["id"]), await request.read()
        match request.match_info["action"]:
            case "claim":
                return _json(await self.leases.claim(generation_id, ClaimRequest.model_validate_json(body).worker))
            case "heartbeat":
                attempt = HeartbeatRequest.model_validate_json(body).attempt
                return _json(HeartbeatResponse(cancel_requested=await self.leases.heartbeat(generation_id, attempt)))
            case "finish":
                await self.leases.finish(generation_id, FinishRequest.model_validate_json(body))
            case _:
                await self.leases.release(generation_id, ReleaseRequest.model_validate_json(body))
        return web.Response(status=204)

    async def _understand(self, request: web.Request) -> web.Response:
        return _json(await self.intent.analyse(IntentRequest.model_validate_json(await request.read())))

    async def _found(self, request: web.Request) -> web.Response:
        principal = self._tokens.verify(request.headers[SERVICE_TOKEN_HEADER])
        assert principal is not None
        return _json(await self.search.search(SearchRequest.model_validate_json(await request.read()), principal))

    async def _visible(self, request: web.Request) -> web.Response:
        principal = self._tokens.verify(request.headers[SERVICE_TOKEN_HEADER])
        assert principal is not None
        asked = VisibleDocumentsRequest.model_validate_json(await request.read())
        found = await self.documents.versions(asked.document_ids, principal)
        listed = [VisibleDocument(document_id=one, version=version) for one, version in found.items()]
        return _json(VisibleDocumentsResponse(documents=listed))

    async def _embedded(self, request: web.Request) -> web.Response:
        asked = EmbedRequest.model_validate_json(await request.read())
        vectors = await self.embeddings.embed(asked.texts)
        encoded = [b64encode(vector.tobytes()) for vector in vectors]
        return _json(EmbedResponse(model="fake", dimension=self.embeddings.dimension, vectors=encoded))


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except FlashError as error:
        problem = problem_response(error)
        return web.Response(body=bytes(problem.body), status=problem.status_code, content_type=problem.media_type)


def _json(body: BaseModel) -> web.Response:
    return web.Response(body=body.model_dump_json(), content_type="application/json")


@asynccontextmanager
async def running_siblings() -> AsyncIterator[Siblings]:
    siblings = Siblings()
    runner = web.AppRunner(siblings.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        siblings.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield siblings
    finally:
        await runner.cleanup()
