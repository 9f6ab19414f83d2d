"""The HTTP face of the monitoring service."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from asgi_lifespan import LifespanManager

from flash_core.models.user import Principal, UserRole
from flash_core.testing.fakes import FakeAuthenticator, FakeIdempotencyStore, FrozenClock
from flash_core.web.app import create_app
from monitoring_service.composition import Container
from monitoring_service.main import SPEC
from monitoring_service.services.api_document import ApiDocument
from monitoring_service.services.fleet_status import FleetStatus
from tests.unit.monitoring_service.fakes import FakeQueueProbe, FakeServiceProbe

USER = Principal(uuid4(), frozenset({UserRole.USER}), frozenset())
KINDS = {
    "properties": {
        "link": {"$ref": "#/components/schemas/Kinds"},
        "several": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
        "choice": {"enum": ["a", "b"], "description": "One <b>of</b> them."},
        "fixed": {"const": "x"},
        "many": {"type": "array", "items": {"type": "integer"}},
        "free": {},
    },
    "required": ["link"],
    "description": "All & sundry.",
}
CHAT: dict[str, Any] = {
    "paths": {
        "/api/v1/things/{id}": {
            "get": {
                "summary": "<script>alert(1)</script>",
                "description": "Reads.",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "q", "in": "query"},
                ],
                "responses": {
                    "200": {
                        "description": "OK",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Kinds"}}},
                    },
                    "204": {"description": "Nothing"},
                },
            },
            "post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}},
        }
    },
    "components": {"schemas": {"Kinds": KINDS}},
}


@asynccontextmanager
async def compose() -> AsyncIterator[Container]:
    probes = [FakeServiceProbe("chat", document=CHAT)]
    yield Container(
        authenticator=FakeAuthenticator(users={"user": USER}),
        idempotency=FakeIdempotencyStore(),
        fleet_status=FleetStatus(
            probes, FakeQueueProbe(), FakeQueueProbe(), FrozenClock(datetime(2026, 1, 1, tzinfo=UTC)), "1.0"
        ),
        api_document=ApiDocument(probes, "1.0"),
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        LifespanManager(create_app(replace(SPEC, compose=compose))) as manager,
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=manager.app), base_url="http://monitoring/api/v1"
        ) as client,
    ):
        yield client


async def test_the_status_is_for_those_who_are_logged_in(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/status")).status_code == 401
    response = await client.get("/status", headers={"Authorization": "Bearer user"})
    assert response.json()["status"] == "ok"
    assert response.json()["checked_at"] == "2026-01-01T00:00:00.000Z"


async def test_the_document_holds_the_fleets_routes_and_its_own(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert list(document["paths"]) == ["/api/v1/status", "/api/v1/things/{id}"]
    refused = document["paths"]["/api/v1/status"]["get"]["responses"]["401"]
    assert refused["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


async def test_the_page_shows_every_route_and_schema_escaped(client: httpx2.AsyncClient) -> None:
    response = await client.get("/docs")
    text = response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "/api/v1/things/{id}" in text
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert 'id="Kinds"' in text
    assert '<a href="#Kinds">Kinds</a>' in text
    assert "uuid | null" in text
    assert "<code>a</code> | <code>b</code>" in text
    assert "[integer]" in text
    assert "One &lt;b&gt;of&lt;/b&gt; them." in text


async def test_the_page_needs_no_other_host_and_nothing_inline(client: httpx2.AsyncClient) -> None:
    response = await client.get("/docs")
    assert response.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "style=" not in response.text
    assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', response.text))
    style = await client.get("/docs/style.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "url(" not in style.text
