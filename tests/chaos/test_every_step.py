"""kill -9 at each step of a sync that changes, renames, removes and adds pages, before the step is done and after it,
of whoever asks and of whoever is asked. The short selection takes one of each kind; `make chaos` takes all.
"""

import secrets
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos.shelf import (
    CHANGED,
    SECONDS,
    cleared,
    ended,
    ids_of,
    only_stored,
    reckoned,
    settled,
    shelved,
    stored,
    sync,
)
from tests.chaos.steps import Death, cases, deaths, died, of_both, of_servers
from tests.chaos.wires.traps import Moment, Trap, Traps
from tests.e2e.fleet import Fleet, User, until

pytestmark = pytest.mark.timeout(240)

BETWEEN_SERVICES: Final = {
    "indexing: PUT /internal/sources/{id}": "documentation",
    "indexing: GET /internal/sources/{id}/documents": "documentation",
    "indexing: POST /internal/documents/rename": "documentation",
    "indexing: POST /internal/documents/delete": "documentation",
    "documentation: POST /internal/collections/{name}/delete": "vector",
    "indexing: GET /internal/model": "embedding",
    "indexing: PUT /internal/collections/{name}": "vector",
    "indexing: POST /internal/documents/resolve": "documentation",
    "indexing: POST /internal/tokens": "embedding",
    "indexing: POST /internal/embeddings": "embedding",
    "indexing: POST /internal/collections/{name}/points": "vector",
    "indexing: PUT /internal/documents/{id}": "documentation",
    "indexing: POST /internal/collections/{name}/delete": "vector",
    "indexing: PUT /internal/sources/{id}/checked": "documentation",
}
"""Who is asked at each step."""
IN_DATABASES: Final = (
    "indexing: UPDATE jobs",
    "indexing: DELETE job_items, INSERT job_items, UPDATE jobs",
    "indexing: UPDATE known_documents",
    "indexing: INSERT job_items",
    "indexing: UPDATE jobs, UPDATE job_items",
    "indexing: UPDATE job_items, DELETE intake, INSERT known_documents, UPDATE jobs",
    "indexing: DELETE known_documents, UPDATE sources",
    "indexing: UPDATE job_items, UPDATE jobs, DELETE job_items",
    "documentation: INSERT sources, UPDATE sources",
    "documentation: UPDATE sources, DELETE documents, UPDATE documents",
    "documentation: UPDATE sources, DELETE documents, INSERT vector_chores",
    "documentation: DELETE vector_chores",
    "documentation: INSERT documents",
    "documentation: UPDATE sources, UPDATE documents",
    "documentation: UPDATE sources",
)
ACCEPTED: Final = "indexing: INSERT jobs, UPDATE sources, INSERT outbox"
OTHERS: Final = (
    ACCEPTED,
    "indexing: DELETE outbox",
    "indexing: GET /internal/collections/{name}",
    "indexing: GET /internal/collections/{name}/versions",
    "documentation: POST /internal/embeddings",
    "documentation: POST /internal/collections/{name}/search",
    "documentation: INSERT calibrations",
)
"""What goes on besides, for those who look at the index and for the calibration after a job."""
LATER: Final = {"indexing: GET /internal/sources/{id}/documents": (1, 3), "indexing: UPDATE jobs": (1, 2, 3, 4)}
"""Steps that a sync takes more than once, for more than one reason: which times to look at."""


SERVERS: Final = of_servers(
    "indexing: DELETE job_items, INSERT job_items, UPDATE jobs",
    "indexing: POST /internal/collections/{name}/points",
    "indexing: PUT /internal/documents/{id}",
)
SHORT: Final = (
    *SERVERS[1::3],
    Death("documentation", "documentation: UPDATE sources, DELETE documents, INSERT vector_chores", Moment.AFTER),
    Death("vector", "indexing: POST /internal/collections/{name}/points", Moment.BEFORE),
    Death("indexing", "indexing: PUT /internal/documents/{id}", Moment.AFTER),
    Death("indexing", "indexing: DELETE known_documents, UPDATE sources", Moment.AFTER),
)
DEATHS: Final = cases((*deaths(BETWEEN_SERVICES, IN_DATABASES, LATER), *SERVERS), short=SHORT)


async def test_the_steps_of_a_sync_are_these(admin: User, traps: Traps, tmp_path: Path) -> None:
    shelf, source_id = await shelved(admin, tmp_path / "pages")
    shelf.second()
    traps.forget()
    job = await admin.finished_job(await sync(admin, source_id))
    seen = set(traps.seen)
    assert (job["state"], job["counts"]) == ("succeeded", CHANGED)
    assert await shelf.wrong(admin, source_id) == []
    await admin.http.delete(f"/api/v1/sources/{source_id}")
    assert of_both(seen) - set(OTHERS) == {*BETWEEN_SERVICES, *IN_DATABASES}


@pytest.mark.parametrize("death", DEATHS)
async def test_whoever_dies_at_a_step_nothing_is_lost_and_nothing_doubled(
    death: Death, fleet: Fleet, admin: User, traps: Traps, tmp_path: Path
) -> None:
    await settled(fleet, admin)
    others = await stored(admin)
    shelf, source_id = await shelved(admin, tmp_path / "pages")
    ids = await ids_of(admin, source_id)
    shelf.second()
    job = await died(death, fleet, admin, traps, lambda: sync(admin, source_id))
    assert (job["state"], reckoned(job["counts"]), job["problems"]) == ("succeeded", reckoned(CHANGED), [])
    assert await shelf.wrong(admin, source_id) == []
    now = await ids_of(admin, source_id)
    kept = {"kept.md": "kept.md", "changed.md": "changed.md", "long.md": "long.md", "new name.md": "renamed.md"}
    assert {name: now[name] for name in kept} == {name: ids[before] for name, before in kept.items()}
    visible = await shelf.passages(admin, source_id)
    await only_stored(admin, others + visible)
    await cleared(admin, source_id, others)


@pytest.mark.parametrize("moment", [pytest.param(Moment.BEFORE, marks=pytest.mark.long), Moment.AFTER])
async def test_a_sync_that_was_asked_of_a_dying_service_is_asked_again_and_indexes_once(
    moment: Moment, fleet: Fleet, admin: User, traps: Traps, tmp_path: Path
) -> None:
    await settled(fleet, admin)
    (tmp_path / "page.md").write_text("# One\n\nA single page.")
    body = {"type": "folder", "name": "Asked", "config": {"path": str(tmp_path)}, "schedule": None}
    source = await admin.post("/api/v1/sources", body, expect=201)
    headers = {"Idempotency-Key": secrets.token_hex(8)}

    async def asked() -> Any:
        response = await admin.http.post(f"/api/v1/sources/{source['id']}/sync", json={}, headers=headers)
        return response.json()["job_id"] if response.status_code == 202 else None

    with traps.set(Trap(ACCEPTED, moment, lambda: fleet.kill("indexing"))) as trap:
        assert await asked() is None
        assert trap.sprung.is_set()
    job_id = await until(asked, seconds=SECONDS)
    assert (await ended(admin, job_id))["state"] == "succeeded"
    jobs = (await admin.get("/api/v1/indexing/jobs", source_id=source["id"]))["items"]
    assert {job["state"] for job in jobs} == {"succeeded"}
    assert sum(job["counts"]["indexed"] for job in jobs) == 1
    assert len(await ids_of(admin, source["id"])) == 1
    await admin.http.delete(f"/api/v1/sources/{source['id']}")
