"""A company's own words: an accepted alias acts in the next search, whichever half of it looks."""

import pytest

from tests.e2e.fleet import User

pytestmark = pytest.mark.timeout(240)
ALIASES = "/api/v1/aliases"


async def _best(user: User, query: str, mode: str) -> tuple[str | None, str | None]:
    """The title of the best hit, and the query as it was expanded."""
    found = await user.post("/api/v1/search", {"query": query, "mode": mode}, expect=200)
    return (found["hits"][0]["title"] if found["hits"] else None), found["expanded_query"]


async def test_an_alias_acts_in_both_directions_until_it_is_deleted(admin: User) -> None:
    await admin.index(
        {
            "Night shift": "Wombat liaison officers answer the telephone after eight in the evening.",
            "Badge colours": "A WLO wears a purple badge, all others wear green ones.",
        }
    )
    assert (await _best(admin, "WLO", "keyword"))[0] == "Badge colours"
    body = {"term": "WLO", "synonyms": ["wombat liaison officer"]}
    alias = await admin.post(ALIASES, body, expect=201)
    for mode in ("keyword", "dense", "hybrid"):
        title, expanded = await _best(admin, "When do WLOs answer the telephone?", mode)
        assert title == "Night shift"
        assert expanded is not None
        assert "wombat liaison officer" in expanded
        assert (await _best(admin, "What badge does a wombat liaison officer wear?", mode))[0] == "Badge colours"
    body = {"query": "wombat liaison officers", "mode": "keyword"}
    hits = (await admin.post("/api/v1/search", body, expect=200))["hits"]
    assert {"Night shift", "Badge colours"} <= {hit["title"] for hit in hits}
    assert (await admin.http.delete(f"{ALIASES}/{alias['id']}")).status_code == 204
    hits = (await admin.post("/api/v1/search", body, expect=200))["hits"]
    assert "Badge colours" not in {hit["title"] for hit in hits}


async def test_what_the_documentation_explains_is_proposed(admin: User) -> None:
    await admin.index({"Marsupials": "The marsupial oversight board (MOB) meets on Mondays."})
    found = await admin.post(f"{ALIASES}/discover", {"limit": 500}, expect=200)
    [proposal] = [one for one in found["proposals"] if one["term"] == "MOB"]
    assert proposal["synonyms"] == ["marsupial oversight board"]
    assert [(one["title"], one["kind"]) for one in proposal["evidence"]] == [("Marsupials", "acronym")]
    assert (proposal["covered"], found["stopped"]) == (False, None)
