"""The HTTP face of the vector service, with its engine faked. What it does is tested by the store's contract."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asgi_lifespan import LifespanManager
from httpx2 import ASGITransport, AsyncClient

from flash_core.clients.http import HttpClient
from flash_core.clients.vector import VectorStoreClient
from flash_core.testing.fakes import FakeAuthenticator, FakeIdempotencyStore
from flash_core.web.app import create_app
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from tests.unit.vector_service.fakes import DIMENSION, FakeVectorEngine, named
from vector_service.composition import Container
from vector_service.interfaces import VectorEngineInterface
from vector_service.main import SPEC
from vector_service.services.engine_health import EngineHealth
from vector_service.services.hybrid_store import HybridVectorStore

CHUNKS = "/internal/collections/chunks"
NORTH = base64.b64encode(np.array([1, 0, 0, 0], "<f4").tobytes()).decode()


@asynccontextmanager
async def serving(engine: VectorEngineInterface) -> AsyncIterator[AsyncClient]:
    @asynccontextmanager
    async def compose() -> AsyncIterator[Container]:
        yield Container(
            vectors=HybridVectorStore(engine),
            authenticator=FakeAuthenticator(),
            idempotency=FakeIdempotencyStore(),
            health=(EngineHealth(engine),),
        )

    async with (
        LifespanManager(create_app(replace(SPEC, compose=compose))) as manager,
        AsyncClient(
            transport=ASGITransport(app=manager.app),
            base_url="http://vector",
            headers={SERVICE_TOKEN_HEADER: "service"},
        ) as client,
    ):
        yield client


def store_client(client: AsyncClient) -> VectorStoreClient:
    return VectorStoreClient(HttpClient(client, FakeAuthenticator()).sibling("http://vector"))


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with serving(FakeVectorEngine()) as client:
        made = await client.put(CHUNKS, json={"dimension": DIMENSION, "model": "m"})
        described = {
            "alias": "chunks",
            "version": "chunks_v1",
            "model": "m",
            "dimension": 4,
            "points": 0,
            "chunker": "",
        }
        assert made.json() == described
        yield client


def point(**changes: Any) -> dict[str, Any]:
    payload = {"source_groups": ["*"], "document_groups": ["*"], "text": "a text"}
    return {"id": str(named("a")), "vector": NORTH, "keywords": "a text", "payload": payload} | changes


async def test_a_point_that_was_written_is_found(client: AsyncClient) -> None:
    assert (await client.post(f"{CHUNKS}/points", json={"points": [point()]})).status_code == 204
    body = {"filter": {"groups": []}, "vector": NORTH, "text": "text"}
    [hit] = (await client.post(f"{CHUNKS}/search", json=body)).json()["hits"]
    assert hit["id"] == str(named("a"))
    assert hit["payload"]["text"] == "a text"
    assert set(hit["scores"]) == {"dense", "keyword", "dense_normalised", "keyword_normalised"}


async def test_a_search_without_an_asker_is_impossible(client: AsyncClient) -> None:
    response = await client.post(f"{CHUNKS}/search", json={"filter": {}, "vector": NORTH, "mode": "dense"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "filter.groups"


@pytest.mark.parametrize(
    ("vector", "status"),
    [
        (base64.b64encode(b"123").decode(), 422),
        (base64.b64encode(np.array([1, 2], "<f4").tobytes()).decode(), 422),
        (base64.b64encode(np.array([1, np.nan, 0, 0], "<f4").tobytes()).decode(), 422),
        ("not base64!", 422),
    ],
    ids=["torn", "short", "not-a-number", "not-base64"],
)
async def test_what_is_no_vector_of_this_collection_is_refused(client: AsyncClient, vector: str, status: int) -> None:
    response = await client.post(f"{CHUNKS}/points", json={"points": [point(vector=vector)]})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["Chunks", "..", "a%2Fb", "a b", "x" * 101])
async def test_a_name_cannot_leave_the_folder(client: AsyncClient, name: str) -> None:
    response = await client.put(f"/internal/collections/{name}", json={"dimension": 4, "model": "m"})
    assert response.status_code in {404, 405, 422}


async def test_only_services_come_in(client: AsyncClient) -> None:
    response = await client.get(CHUNKS, headers={SERVICE_TOKEN_HEADER: "user"})
    assert response.status_code == 401


async def test_an_unknown_collection_is_404(client: AsyncClient) -> None:
    response = await client.post("/internal/collections/nothing/delete", json={"source_id": str(named("wiki"))})
    assert response.status_code == 404


async def test_thousands_of_points_fit_in_one_request(client: AsyncClient) -> None:
    long = point(keywords="x" * 2_000)
    response = await client.post(f"{CHUNKS}/points", json={"points": [long] * 2_000})
    assert response.status_code == 204


async def test_ready_means_that_the_engine_answers(client: AsyncClient) -> None:
    assert (await client.get("/health/ready")).status_code == 204
