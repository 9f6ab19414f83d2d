"""kill -9 at each step of a batch that changes, empties, moves and adds documents, from its acceptance on: before the
step is done and after it, of whoever asks and of whoever is asked.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from tests.chaos.shelf import (
    ADDRESS,
    HANDED_IN,
    SECONDS,
    Batch,
    cleared,
    ended,
    ids_of,
    only_stored,
    reckoned,
    settled,
    stored,
    upload_source,
)
from tests.chaos.steps import Death, cases, deaths, died, of_both, of_servers
from tests.chaos.wires.traps import Moment, Trap, Traps
from tests.e2e.fleet import Fleet, User, until

pytestmark = pytest.mark.timeout(240)

BETWEEN_SERVICES: Final = {
    "indexing: POST /internal/documents/resolve": "documentation",
    "indexing: PUT /internal/sources/{id}": "documentation",
    "indexing: GET /internal/model": "embedding",
    "indexing: PUT /internal/collections/{name}": "vector",
    "indexing: POST /internal/tokens": "embedding",
    "indexing: POST /internal/collections/{name}/content-hashes": "vector",
    "indexing: POST /internal/collections/{name}/payload": "vector",
    "indexing: POST /internal/embeddings": "embedding",
    "indexing: POST /internal/collections/{name}/points": "vector",
    "indexing: PUT /internal/documents/{id}": "documentation",
    "indexing: POST /internal/collections/{name}/delete": "vector",
    "indexing: POST /internal/documents/delete": "documentation",
    "documentation: POST /internal/collections/{name}/delete": "vector",
}
"""Who is asked at each step."""
ACCEPTED: Final = (
    "indexing: DELETE intake, INSERT handed_in, INSERT jobs, INSERT job_items, INSERT intake, INSERT outbox"
)
IN_DATABASES: Final = (
    ACCEPTED,
    "indexing: DELETE outbox",
    "indexing: UPDATE jobs",
    "indexing: UPDATE jobs, UPDATE job_items",
    "indexing: UPDATE job_items, DELETE intake, UPDATE jobs",
    "indexing: INSERT job_items",
    "indexing: DELETE intake",
    "indexing: UPDATE job_items, UPDATE jobs, DELETE job_items",
    "documentation: INSERT documents",
    "documentation: INSERT sources, UPDATE sources",
    "documentation: UPDATE sources, UPDATE documents",
    "documentation: UPDATE sources, DELETE documents, INSERT vector_chores",
    "documentation: DELETE vector_chores",
)
OTHERS: Final = (
    "indexing: GET /internal/collections/{name}",
    "indexing: GET /internal/collections/{name}/versions",
    "documentation: POST /internal/embeddings",
    "documentation: POST /internal/collections/{name}/search",
    "documentation: INSERT calibrations",
)
"""What goes on besides, for those who look at the index and for the calibration after a job."""
TIMES: Final = {
    "indexing: POST /internal/documents/resolve": (1, 2, 3),
    "documentation: INSERT documents": (1, 2, 3),
    "indexing: UPDATE jobs": (1, 2),
    "indexing: PUT /internal/documents/{id}": (1, 2),
    "documentation: UPDATE sources, UPDATE documents": (1, 2),
    "indexing: POST /internal/collections/{name}/delete": (1, 2, 3, 4),
}
"""Steps that a batch takes more than once, for more than one reason: at acceptance and in the job, for what is the
same, is moved, is new or is emptied.
"""
SERVERS: Final = of_servers(
    ACCEPTED, "indexing: POST /internal/collections/{name}/points", "indexing: PUT /internal/documents/{id}"
)
SHORT: Final = (
    *SERVERS[1::3],
    Death("vector", "indexing: POST /internal/collections/{name}/payload", Moment.AFTER),
    Death("documentation", "documentation: UPDATE sources, DELETE documents, INSERT vector_chores", Moment.AFTER),
    Death("indexing", "indexing: UPDATE job_items, DELETE intake, UPDATE jobs", Moment.BEFORE),
)
DEATHS: Final = cases((*deaths(BETWEEN_SERVICES, IN_DATABASES, TIMES), *SERVERS), short=SHORT)


async def test_the_steps_of_a_batch_are_these(admin: User, traps: Traps) -> None:
    batch, source_id = await _handed_in_first(admin)
    batch.second()
    traps.forget()
    job = await admin.finished_job(await _accepted(admin, "/batch", json=batch.body(source_id)))
    seen = set(traps.seen)
    assert (job["state"], job["counts"]) == ("succeeded", HANDED_IN)
    assert await batch.wrong(admin, source_id) == []
    await admin.http.delete(f"/api/v1/sources/{source_id}")
    assert of_both(seen) - set(OTHERS) == {*BETWEEN_SERVICES, *IN_DATABASES}


@pytest.mark.parametrize("death", DEATHS)
async def test_whoever_dies_at_a_step_what_was_handed_in_is_there_once(
    death: Death, fleet: Fleet, admin: User, traps: Traps
) -> None:
    await settled(fleet, admin)
    others = await stored(admin)
    batch, source_id = await _handed_in_first(admin)
    ids = await ids_of(admin, source_id)
    batch.second()
    hand_in = partial(_accepted, admin, "/batch", json=batch.body(source_id))
    job = await died(death, fleet, admin, traps, hand_in)
    assert (job["state"], reckoned(job["counts"])) == ("succeeded", reckoned(HANDED_IN))
    assert [one["document"] for one in job["problems"]] == ["emptied.md"]
    assert await _jobs(admin, source_id) == 2
    assert await batch.wrong(admin, source_id) == []
    now = await ids_of(admin, source_id)
    assert {name: now[name] for name in ids if name in now} == {name: ids[name] for name in ids if name != "emptied.md"}
    assert (await admin.get(f"/api/v1/documents/{now['moved.md']}"))["url"] == ADDRESS
    await only_stored(admin, others + await batch.passages(admin, source_id))
    await cleared(admin, source_id, others)


def _a_batch(source_id: str, word: str) -> tuple[str, dict[str, Any]]:
    return "/batch", {
        "json": {"source_id": source_id, "documents": [{"external_id": "One", "title": "One", "text": word}]}
    }


def _a_document_without_a_name(source_id: str, word: str) -> tuple[str, dict[str, Any]]:
    return "", {"json": {"source_id": source_id, "title": "One", "text": word}}


def _a_file(source_id: str, word: str) -> tuple[str, dict[str, Any]]:
    return "", {"data": {"source_id": source_id}, "files": {"file": ("one.md", word.encode(), "text/markdown")}}


HAND_INS: Final = [
    pytest.param(_a_batch, id="a batch"),
    pytest.param(_a_document_without_a_name, id="a document without a name"),
    pytest.param(_a_file, id="a file"),
]
HandIn = Callable[[str, str], tuple[str, dict[str, Any]]]


@pytest.mark.parametrize("moment", [pytest.param(Moment.BEFORE, marks=pytest.mark.long), Moment.AFTER])
@pytest.mark.parametrize("hand_in", HAND_INS)
async def test_what_was_handed_in_to_a_dying_service_and_is_so_again_is_accepted_and_indexed_once(
    hand_in: HandIn, moment: Moment, fleet: Fleet, admin: User, traps: Traps
) -> None:
    await settled(fleet, admin)
    others = await stored(admin)
    source_id, word = await upload_source(admin), secrets.token_hex(8)
    path, content = hand_in(source_id, word)
    with traps.set(Trap(ACCEPTED, moment, lambda: fleet.kill("indexing"))) as trap:
        job_id = await _accepted(admin, path, **content)
        assert trap.sprung.is_set()
    await _is_there_once(admin, source_id, word, job_id)
    await cleared(admin, source_id, others)


@pytest.mark.parametrize("hand_in", HAND_INS)
async def test_what_was_accepted_is_indexed_though_the_service_dies_at_once(
    hand_in: HandIn, fleet: Fleet, admin: User
) -> None:
    await settled(fleet, admin)
    others = await stored(admin)
    source_id, word = await upload_source(admin), secrets.token_hex(8)
    path, content = hand_in(source_id, word)
    job_id = await _accepted(admin, path, **content)
    fleet.kill("indexing")
    await _is_there_once(admin, source_id, word, job_id)
    await cleared(admin, source_id, others)


async def _handed_in_first(admin: User) -> tuple[Batch, str]:
    """A source with the first version, indexed."""
    batch, source_id = Batch(), await upload_source(admin)
    batch.first()
    job = await admin.finished_job(await _accepted(admin, "/batch", json=batch.body(source_id)))
    assert (job["state"], job["counts"]["indexed"]) == ("succeeded", 5), job
    return batch, source_id


async def _accepted(admin: User, path: str, **content: Any) -> str:
    """The job of what is handed in, again and again with the same key, until the answer comes."""
    headers = {"Idempotency-Key": secrets.token_hex(8)}

    async def accepted() -> Any:
        response = await admin.http.post(f"/api/v1/documents{path}", headers=headers, **content)
        return response.json()["job_id"] if response.status_code == 202 else None

    return str(await until(accepted, seconds=SECONDS))


async def _is_there_once(admin: User, source_id: str, word: str, job_id: str) -> None:
    job = await ended(admin, job_id)
    assert (job["state"], job["counts"]["indexed"], job["problems"]) == ("succeeded", 1, [])
    assert await _jobs(admin, source_id) == 1
    assert len(await ids_of(admin, source_id)) == 1
    body = {"query": word, "per_chunk": True, "filters": {"source_ids": [source_id]}}
    assert [hit["text"] for hit in (await admin.post("/api/v1/search", body, expect=200))["hits"]] == [word]


async def _jobs(admin: User, source_id: str) -> int:
    return len((await admin.get("/api/v1/indexing/jobs", source_id=source_id))["items"])
