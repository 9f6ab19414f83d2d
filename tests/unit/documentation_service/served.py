"""The documentation service over HTTP, with everything behind it faked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx2
from asgi_lifespan import LifespanManager

from documentation_service.composition import Container
from documentation_service.main import SPEC
from documentation_service.services.aliases import Aliases
from documentation_service.services.calibrating import SourceCalibration
from documentation_service.services.chores import VectorChores
from documentation_service.services.discovery import AliasDiscovery
from documentation_service.services.library import Library
from documentation_service.services.registry import DocumentRegistry
from documentation_service.services.stored import StoredDocuments
from flash_core.models.user import UserRole
from flash_core.testing.fakes import FakeAuthenticator, FakeEmbeddingProvider, FakeIdempotencyStore, FrozenClock
from flash_core.testing.vector_store import FakeVectorStore
from flash_core.web.app import create_app
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON, index_of, person, search_of

UNKNOWN = "01a20752-444d-7012-a4be-4da4dd32f44c"
USERS = {
    "member": person("hr"),
    "stranger": person(),
    "editor": person("hr", roles=[UserRole.EDITOR]),
    "admin": person(roles=[UserRole.ADMIN]),
}


@dataclass
class Service:
    client: httpx2.AsyncClient
    database: FakeDatabase = field(default_factory=FakeDatabase)
    vectors: FakeVectorStore = field(default_factory=FakeVectorStore)

    async def call(
        self, method: str, path: str, who: str | None = "member", json: object = None, **options: object
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {who}"} if who else {}
        return await self.client.request(method, path, headers=headers, json=json, **options)  # type: ignore[arg-type]  # as there

    async def internal(self, method: str, path: str, json: object = None, who: str = "service") -> httpx2.Response:
        return await self.client.request(method, path, headers={SERVICE_TOKEN_HEADER: who}, json=json)


@asynccontextmanager
async def served() -> AsyncIterator[Service]:
    database, vectors = FakeDatabase(), FakeVectorStore()

    @asynccontextmanager
    async def compose() -> AsyncIterator[Container]:
        transaction = database.transaction
        chores = VectorChores(transaction, vectors)
        yield Container(
            authenticator=FakeAuthenticator(dict(USERS)),
            idempotency=FakeIdempotencyStore(),
            search=search_of(transaction, FakeEmbeddingProvider(), vectors),
            library=Library(transaction, chores),
            registry=DocumentRegistry(transaction, chores),
            aliases=Aliases(transaction, FrozenClock(NOON)),
            discovery=AliasDiscovery(transaction),
            chores=chores,
            calibration=SourceCalibration(
                transaction, index_of(vectors, FakeEmbeddingProvider()), vectors, FrozenClock(NOON)
            ),
            stored=StoredDocuments(transaction),
        )

    async with (
        LifespanManager(create_app(replace(SPEC, compose=compose))) as manager,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=manager.app), base_url="http://documentation") as client,
    ):
        yield Service(client, database, vectors)
