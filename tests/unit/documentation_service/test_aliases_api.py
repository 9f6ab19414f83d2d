"""Aliases over HTTP, and what a search makes of them."""

from typing import Any

import pytest

from flash_core.testing.fakes import FakeEmbeddingProvider
from tests.unit.documentation_service.served import UNKNOWN, Service
from tests.unit.documentation_service.world import embedded, published, source

ALIASES = "/api/v1/aliases"
SRE = {"term": "SRE", "synonyms": ["site reliability engineering"]}


async def test_an_alias_is_made_read_listed_and_deleted(service: Service) -> None:
    made = await service.call("POST", ALIASES, "editor", SRE)
    assert made.status_code == 201
    alias: dict[str, Any] = made.json()
    assert (alias["term"], alias["synonyms"]) == ("SRE", ["site reliability engineering"])
    assert alias["created_at"].endswith("Z")
    assert (await service.call("GET", ALIASES, "editor")).json() == {"items": [alias], "next_cursor": None}
    path = f"{ALIASES}/{alias['id']}"
    assert (await service.call("GET", path, "admin")).json() == alias
    assert (await service.call("DELETE", path, "admin")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await service.call(method, path, "editor")).status_code == 404


async def test_the_same_term_again_is_the_same_alias_with_more_synonyms(service: Service) -> None:
    first = (await service.call("POST", ALIASES, "editor", SRE)).json()
    again = await service.call("POST", ALIASES, "editor", {"term": " sre ", "synonyms": ["uptime  crew"]})
    assert again.status_code == 201
    assert again.json()["id"] == first["id"]
    assert again.json()["synonyms"] == ["site reliability engineering", "uptime crew"]


async def test_an_idempotency_key_gives_the_first_answer_again(service: Service) -> None:
    headers = {"Authorization": "Bearer editor", "Idempotency-Key": "1"}
    first, again = [await service.client.post(ALIASES, json=SRE, headers=headers) for _ in range(2)]
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await service.client.post(ALIASES, json=SRE | {"term": "X"}, headers=headers)
    assert other.status_code == 409


async def test_aliases_are_listed_in_pages(service: Service) -> None:
    for n in range(3):
        await service.call("POST", ALIASES, "editor", {"term": f"term {n}", "synonyms": ["x"]})
    first = (await service.call("GET", ALIASES, "editor", params={"limit": 2})).json()
    query = {"limit": 2, "cursor": first["next_cursor"]}
    rest = (await service.call("GET", ALIASES, "editor", params=query)).json()
    assert [one["term"] for one in (*first["items"], *rest["items"])] == ["term 0", "term 1", "term 2"]
    assert rest["next_cursor"] is None
    assert (await service.call("GET", ALIASES, "editor", params={"cursor": "?"})).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"synonyms": ["x"]}, "term"),
        ({"term": "SRE"}, "synonyms"),
        ({"term": "SRE", "synonyms": []}, "synonyms"),
        ({"term": "", "synonyms": ["x"]}, "term"),
        ({"term": "  \t", "synonyms": ["x"]}, "term"),
        ({"term": "+++", "synonyms": ["x"]}, "term"),
        ({"term": "a\x00b", "synonyms": ["x"]}, "term"),
        ({"term": "x" * 101, "synonyms": ["x"]}, "term"),
        ({"term": "SRE", "synonyms": ["ok", ""]}, "synonyms.1"),
        ({"term": "SRE", "synonyms": ["x" * 101]}, "synonyms.0"),
        ({"term": "SRE", "synonyms": ["ok", " sre "]}, "synonyms.1"),
        ({"term": "SRE", "synonyms": [f"word {n}" for n in range(21)]}, "synonyms"),
        ({"term": "SRE", "synonyms": "x"}, "synonyms"),
        ({"term": "SRE", "synonyms": ["x"], "more": 1}, "more"),
    ],
)
async def test_an_alias_that_makes_no_sense_is_refused(service: Service, body: object, field: str) -> None:
    response = await service.call("POST", ALIASES, "editor", body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", ALIASES, None),
        ("POST", ALIASES, SRE),
        ("GET", f"{ALIASES}/{UNKNOWN}", None),
        ("DELETE", f"{ALIASES}/{UNKNOWN}", None),
        ("POST", f"{ALIASES}/discover", None),
    ],
)
async def test_aliases_are_for_editors_and_administrators(
    service: Service,
    method: str,
    path: str,
    body: object,
) -> None:
    assert (await service.call(method, path, None, body)).status_code == 401
    assert (await service.call(method, path, "member", body)).status_code == 403
    assert (await service.call(method, path, "admin", body)).status_code not in {401, 403}


async def test_what_the_documentation_suggests_can_be_accepted(service: Service) -> None:
    live = await published(service.database.transaction, source(), "Site reliability engineering (SRE)", "hr")
    found = (await service.call("POST", f"{ALIASES}/discover", "editor")).json()
    [proposal] = found.pop("proposals")
    assert found == {"documents_read": 1, "stopped": None}
    assert proposal.pop("score") == pytest.approx(0.9)
    assert proposal == {
        "term": "SRE",
        "synonyms": ["Site reliability engineering"],
        "evidence": [
            {
                "document_id": str(live.id),
                "title": "Page",
                "kind": "acronym",
                "text": "Site reliability engineering (SRE)",
                "count": 1,
            }
        ],
        "documents": 1,
        "open": False,
        "covered": False,
    }
    assert (await service.call("POST", ALIASES, "editor", {key: proposal[key] for key in SRE})).status_code == 201
    [again] = (await service.call("POST", f"{ALIASES}/discover", "editor", {"limit": 1})).json()["proposals"]
    assert again["covered"]
    assert (await service.call("POST", f"{ALIASES}/discover", "admin")).json()["proposals"] == []
    assert (await service.call("POST", f"{ALIASES}/discover", "editor", {"limit": 0})).status_code == 422


async def test_a_search_finds_what_is_called_otherwise_from_the_alias_on_until_it_is_deleted(
    service: Service,
) -> None:
    of = source()
    short = await published(service.database.transaction, of, "The SRE rota.", external_id="short.md")
    long = await published(service.database.transaction, of, "Site reliability engineering rules.", external_id="long")
    for live in (short, long):
        await embedded(service.vectors, FakeEmbeddingProvider(), live, of)

    async def found(query: str) -> set[str]:
        body = {"query": query, "mode": "keyword"}
        hits = (await service.call("POST", "/api/v1/search", json=body)).json()["hits"]
        return {hit["document_id"] for hit in hits}

    assert await found("SRE") == {str(short.id)}
    alias = (await service.call("POST", ALIASES, "editor", SRE)).json()
    assert await found("SRE") == {str(short.id), str(long.id)} == await found("site reliability engineering")
    await service.call("DELETE", f"{ALIASES}/{alias['id']}", "editor")
    assert await found("SRE") == {str(short.id)}
