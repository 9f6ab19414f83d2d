"""The documentation service as it is composed, on PostgreSQL and Valkey, while its siblings are away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx2
import pytest
from asgi_lifespan import LifespanManager
from redis.asyncio import Redis

from documentation_service.composition import Container, compose
from documentation_service.main import SPEC
from flash_core.clients.documentation import DocumentRegistryClient
from flash_core.clients.http import Sibling
from flash_core.clients.identity import ServiceTokens
from flash_core.database import migrate
from flash_core.errors import ConflictError, NotFoundError
from flash_core.models.user import UserRole
from flash_core.schemas.documentation import PutDocumentRequest, PutSourceRequest
from flash_core.testing.fakes import FakeAuthenticator
from flash_core.utils.ids import new_id
from flash_core.web.app import create_app
from tests.unit.documentation_service.world import NOON, person

KEY = "k" * 32
NOBODY = "http://127.0.0.1:9"
EDITOR = person(roles=[UserRole.EDITOR])


@pytest.fixture
async def client(
    postgres_url: str, redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    settings = {"DATABASE_URL_DOCUMENTATION": postgres_url, "REDIS_URL": redis_url, "INTERNAL_KEY": KEY}
    for name, value in (settings | {"VECTOR_URL": NOBODY, "EMBEDDING_URL": NOBODY}).items():
        monkeypatch.setenv(name, value)
    await asyncio.to_thread(migrate.upgrade, "documentation_service", postgres_url)

    class Identities(FakeAuthenticator):
        def internal(self, token: str) -> None:
            ServiceTokens(KEY, "documentation").verify(token)

    @asynccontextmanager
    async def composed() -> AsyncIterator[Container]:
        async with compose() as container:
            yield replace(container, authenticator=Identities({"editor": EDITOR}))

    async with (
        LifespanManager(create_app(replace(SPEC, compose=composed))) as manager,
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=manager.app),
            base_url="http://documentation",
            headers={"Authorization": "Bearer editor"},
        ) as client,
    ):
        yield client


@pytest.fixture
def registry(client: httpx2.AsyncClient) -> DocumentRegistryClient:
    return DocumentRegistryClient(Sibling(client, ServiceTokens(KEY, "indexing"), "http://documentation"))


async def test_the_migrations_lead_to_the_tables(postgres_url: str) -> None:
    await asyncio.to_thread(migrate.upgrade, "documentation_service", postgres_url)
    await asyncio.to_thread(migrate.upgrade, "documentation_service", postgres_url)
    await asyncio.to_thread(migrate.check, "documentation_service", postgres_url)


async def test_a_search_says_that_it_can_not_search_now(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/health/ready")).status_code == 204
    response = await client.post("/api/v1/search", json={"query": "leave"})
    assert response.status_code == 503
    assert "Retry-After" in response.headers


async def test_what_is_deleted_is_gone_though_the_vectors_can_not_follow_yet(
    client: httpx2.AsyncClient, registry: DocumentRegistryClient
) -> None:
    of = new_id()
    await registry.put_source(of, PutSourceRequest(name="Handbook", provider="folder", groups=[]))
    first, second = await registry.resolve(of, ["a.md", "b.md"])
    for place in (first, second):
        version = PutDocumentRequest(
            source_id=of,
            external_id=place.external_id,
            title="Page",
            path=["x"],
            url=None,
            text="Text. " * 300_000,
            groups=[],
            content_hash="1.1",
            updated_at=NOON,
        )
        await registry.put_document(place.document_id, version)
    path = f"/api/v1/documents/{first.document_id}"
    assert (await client.get(path)).json()["text"] == "Text. " * 300_000
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    with pytest.raises(ConflictError):
        await registry.put_document(first.document_id, version)
    assert [one.external_id for one in await registry.documents_of(of)] == ["b.md"]
    await registry.put_source(of, PutSourceRequest(name="Handbook", provider="folder", groups=["hr"]))
    assert (await client.get(f"/api/v1/documents/{second.document_id}")).status_code == 404
    assert await registry.delete_source(of) == 1
    with pytest.raises(NotFoundError):
        await registry.resolve(of, ["c.md"])
