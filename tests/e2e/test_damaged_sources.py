"""A source that answers half: nothing is lost, the job and the source say so, and what was true comes in afterwards."""

import secrets
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.fleet import User, until
from tests.servers import confluence, confluence_world

DOCUMENTS: Final = 20
pytestmark = pytest.mark.timeout(240)


async def sync(admin: User, source_id: str, **body: object) -> str:
    return str((await admin.post(f"/api/v1/sources/{source_id}/sync", body, expect=202))["job_id"])


async def readable(admin: User, source_id: str) -> int:
    """Documents that are listed; each can be found, too, by the word that all of them hold."""
    listed = (await admin.get("/api/v1/documents", source_id=source_id, limit=200))["items"]
    body = {"query": "porcupine", "limit": 100, "filters": {"source_ids": [source_id]}}
    hits = (await admin.post("/api/v1/search", body, expect=200))["hits"]
    assert {hit["document_id"] for hit in hits} == {one["id"] for one in listed}
    return len(listed)


async def test_a_folder_that_suddenly_lists_half_keeps_its_documents_until_somebody_says_so(
    admin: User, tmp_path: Path
) -> None:
    for number in range(DOCUMENTS):
        (tmp_path / f"{number:02}.md").write_text(f"# Page {number}\n\nOn the porcupine of floor {number}.\n")
    body = {"type": "folder", "name": "Half", "config": {"path": str(tmp_path)}, "schedule": None}
    source_id = (await admin.post("/api/v1/sources", body, expect=201))["id"]
    await admin.finished_job(await sync(admin, source_id))
    for number in range(DOCUMENTS // 2):
        (tmp_path / f"{number:02}.md").unlink()

    for _ in range(2):  # it stays so, however often it is asked
        job = await admin.finished_job(await sync(admin, source_id))
        assert (job["state"], job["counts"]["deleted"]) == ("partial", 0), job
        [problem] = job["problems"]
        assert "10 of 20" in problem["detail"]
        assert "allow_deletions" in problem["detail"]
        assert (await admin.get(f"/api/v1/sources/{source_id}"))["held_deletions"] == DOCUMENTS // 2
        assert await readable(admin, source_id) == DOCUMENTS

    job = await admin.finished_job(await sync(admin, source_id, allow_deletions=True))
    assert (job["state"], job["counts"]["deleted"]) == ("succeeded", DOCUMENTS // 2), job
    assert (await admin.get(f"/api/v1/sources/{source_id}"))["held_deletions"] is None
    assert await readable(admin, source_id) == DOCUMENTS // 2


async def test_a_listing_that_is_cut_in_its_middle_deletes_nothing_and_is_taken_up_again(admin: User) -> None:
    async with confluence.running() as server:
        server.space("DEV", "Development")
        pages = [server.write(f"Page {number}", f"<p>On the porcupine of floor {number}.</p>") for number in range(8)]
        server.cap = 3
        body = {
            "type": "confluence",
            "name": f"Cut {secrets.token_hex(3)}",
            "config": {"base_url": server.address, "deployment": "cloud", "spaces": ["DEV"]},
            "credentials": {"email": confluence_world.EMAIL, "api_token": confluence_world.API_TOKEN},
            "schedule": None,
        }
        source_id = (await admin.post("/api/v1/sources", body, expect=201))["id"]
        job = await admin.finished_job(await sync(admin, source_id))
        assert job["counts"]["indexed"] == len(pages), job
        server.trash(pages[-1])
        server.cut = "cursor="
        job_id = await sync(admin, source_id, full=True)

        async def waits() -> Any:
            job = await admin.get(f"/api/v1/indexing/jobs/{job_id}")
            return job if job["problems"] else None

        job = await until(waits, seconds=90)
        assert job["state"] == "queued"
        assert job["problems"][0]["detail"].startswith("Waiting: ")
        assert (await readable(admin, source_id), job["counts"]["deleted"]) == (len(pages), 0)

        server.cut = ""
        job = await admin.finished_job(job_id)
        assert (job["state"], job["counts"]["deleted"], job["problems"]) == ("succeeded", 1, []), job
        assert await readable(admin, source_id) == len(pages) - 1
        await admin.http.delete(f"/api/v1/sources/{source_id}")
