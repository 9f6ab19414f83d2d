"""The HTTP face of the documentation service, with everything behind it faked."""

from uuid import uuid4

import pytest

from flash_core.testing.fakes import FakeEmbeddingProvider
from tests.unit.documentation_service.served import UNKNOWN, Service
from tests.unit.documentation_service.world import NOON, embedded, published, source


async def test_a_search_over_http(service: Service) -> None:
    of = source()
    live = await published(service.database.transaction, of, "Leave is 25 days.", "hr")
    await embedded(service.vectors, FakeEmbeddingProvider(), live, of)
    found = (await service.call("POST", "/api/v1/search", json={"query": "leave"})).json()
    assert [hit["document_id"] for hit in found["hits"]] == [str(live.id)]
    assert found["hits"][0]["updated_at"].endswith("Z")
    assert (await service.call("POST", "/api/v1/search", "stranger", {"query": "leave"})).json()["hits"] == []


async def test_a_search_with_the_key_of_an_earlier_one_finds_nothing_that_was_deleted_since(service: Service) -> None:
    of = source()
    live = await published(service.database.transaction, of, "Leave is 25 days.", "hr")
    await embedded(service.vectors, FakeEmbeddingProvider(), live, of)
    headers = {"Authorization": "Bearer member", "Idempotency-Key": "one"}
    found = []
    for _ in range(2):
        response = await service.client.post("/api/v1/search", json={"query": "leave"}, headers=headers)
        found.append([hit["document_id"] for hit in response.json()["hits"]])
        await service.call("DELETE", f"/api/v1/documents/{live.id}", "admin")
    assert found == [[str(live.id)], []]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": "nul \x00"},
        {"query": "x", "filters": {"source_names": ["\x00"]}},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 201},
        {"query": "x", "mode": "magic"},
        {"query": "x", "more": 1},
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(service: Service, body: dict[str, object]) -> None:
    response = await service.call("POST", "/api/v1/search", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"]


async def test_a_sibling_searches_on_behalf_of_a_user(service: Service) -> None:
    body = {"query": "leave"}
    assert (await service.internal("POST", "/internal/search", body, who="member")).status_code == 200
    assert (await service.internal("POST", "/internal/search", body)).status_code == 401
    assert (await service.internal("POST", "/internal/search", body, who="nobody")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/search"), ("GET", "/api/v1/documents"), ("GET", f"/api/v1/documents/{UNKNOWN}")],
)
async def test_nobody_looks_without_signing_in(service: Service, method: str, path: str) -> None:
    assert (await service.call(method, path, None, {"query": "x"} if method == "POST" else None)).status_code == 401


async def test_documents_are_listed_in_pages(service: Service) -> None:
    of = source()
    for name in "abc":
        await published(service.database.transaction, of, "Text", external_id=f"{name}.md", title=f"Page {name}")
    first = (await service.call("GET", "/api/v1/documents", params={"limit": 2})).json()
    query = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await service.call("GET", "/api/v1/documents", params=query)).json()
    assert [one["title"] for one in (*first["items"], *rest["items"])] == ["Page a", "Page b", "Page c"]
    assert rest["next_cursor"] is None
    assert "text" not in first["items"][0]
    narrowed = (await service.call("GET", "/api/v1/documents", params={"q": "page B"})).json()
    assert [one["external_id"] for one in narrowed["items"]] == ["b.md"]
    assert (await service.call("GET", "/api/v1/documents", params={"cursor": "?"})).status_code == 400
    assert (await service.call("GET", "/api/v1/documents", params={"q": "\x00"})).status_code == 422


async def test_a_document_is_read_by_members_only(service: Service) -> None:
    live = await published(service.database.transaction, source(), "Secret", "hr")
    path = f"/api/v1/documents/{live.id}"
    shown = (await service.call("GET", path)).json()
    assert (shown["text"], shown["groups"], shown["provider"]) == ("Secret", ["hr"], "folder")
    assert (await service.call("GET", path, "stranger")).status_code == 404
    assert (await service.call("GET", path, "admin")).status_code == 404
    assert (await service.call("GET", "/api/v1/documents/not-an-id")).status_code == 422


async def test_a_deleted_document_is_gone_when_that_is_said(service: Service) -> None:
    of = source()
    live = await published(service.database.transaction, of, "Leave is 25 days.", "hr")
    await embedded(service.vectors, FakeEmbeddingProvider(), live, of)
    path = f"/api/v1/documents/{live.id}"
    assert (await service.call("DELETE", path)).status_code == 403
    assert (await service.call("DELETE", path, "editor")).status_code == 204
    assert (await service.call("DELETE", path, "admin")).status_code == 404
    assert (await service.call("GET", path)).status_code == 404
    assert (await service.call("POST", "/api/v1/search", json={"query": "leave"})).json()["hits"] == []
    assert service.vectors.points() == []


async def test_internal_routes_are_for_siblings(service: Service) -> None:
    for method, path in (("PUT", f"/internal/sources/{uuid4()}"), ("POST", "/internal/documents/delete")):
        assert (await service.call(method, path, "admin", {})).status_code == 401


async def test_a_document_travels_through_the_internal_routes(service: Service) -> None:
    of = source("hr")
    body = {"name": of.name, "provider": "folder", "groups": ["hr"]}
    assert (await service.internal("PUT", f"/internal/sources/{of.id}", body)).status_code == 204
    asked = {"source_id": str(of.id), "external_ids": ["a.md"]}
    resolved = (await service.internal("POST", "/internal/documents/resolve", asked)).json()["documents"]
    document_id = resolved[0]["document_id"]
    version = {
        "source_id": str(of.id),
        "external_id": "a.md",
        "title": "A",
        "path": [],
        "url": "https://example.org/a",
        "text": "x" * 2_000_000,
        "groups": [],
        "content_hash": "1.1",
        "updated_at": NOON.isoformat(),
    }
    assert (await service.internal("PUT", f"/internal/documents/{document_id}", version)).status_code == 204
    listed = (await service.internal("GET", f"/internal/sources/{of.id}/documents")).json()["documents"]
    assert listed == [{"external_id": "a.md", "document_id": document_id, "content_hash": "1.1", "source_version": ""}]
    gone = {"document_ids": [document_id]}
    assert (await service.internal("POST", "/internal/documents/delete", gone)).status_code == 204
    assert (await service.internal("PUT", f"/internal/documents/{document_id}", version)).status_code == 409
    deleted = await service.internal("DELETE", f"/internal/sources/{of.id}")
    assert deleted.json() == {"documents": 0}
    assert (await service.internal("PUT", f"/internal/sources/{of.id}", body)).status_code == 409
