"""Documentation comes in, is found by those who may see it, and goes away when it is deleted."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from flash_core.cli import SERVICES
from tests.e2e.fleet import Fleet, User, signed_in, until

pytestmark = pytest.mark.timeout(240)


async def test_a_folder_is_indexed_and_follows_its_files(admin: User, pages: Path) -> None:
    word = f"quokka{secrets.token_hex(3)}"
    (pages / "animals.md").write_text(f"# Animals\n\nThe office animal is the {word}.\n")
    (pages / "plants.txt").write_text("Plants are watered on Fridays.\n")
    (pages / "empty.md").write_text("")
    source = await admin.post(
        "/api/v1/sources", {"type": "folder", "name": "Pages", "config": {"path": str(pages)}}, expect=201
    )
    job = await _synced(admin, source["id"])
    counts = job["counts"]
    assert job["state"] in {"succeeded", "partial"}
    assert counts["found"] == counts["indexed"] + counts["unchanged"] + counts["skipped"] + counts["failed"] == 3
    assert counts["indexed"] == 2
    [hit] = await _found(admin, word)
    assert hit["text"] in (await admin.get(f"/api/v1/documents/{hit['document_id']}"))["text"]

    assert (await _synced(admin, source["id"]))["counts"]["unchanged"] == 2
    (pages / "animals.md").unlink()
    assert (await _synced(admin, source["id"]))["counts"]["deleted"] == 1
    assert await _found(admin, word) == []
    assert (await admin.http.delete(f"/api/v1/sources/{source['id']}")).status_code == 204


async def test_a_mass_deletion_waits_for_an_approval_and_hits_say_how_fresh_they_are(admin: User, pages: Path) -> None:
    word = f"quokka{secrets.token_hex(3)}"
    for at in range(10):
        (pages / f"page{at}.md").write_text(f"# Page {at}\n\nThe {word} has number {at}.\n")
    created = {"type": "folder", "name": "Pages", "config": {"path": str(pages)}}
    source = await admin.post("/api/v1/sources", created, expect=201)
    path = f"/api/v1/sources/{source['id']}"
    await _synced(admin, source["id"])
    for at in range(5):
        (pages / f"page{at}.md").unlink()

    held = await _synced(admin, source["id"])
    assert (held["state"], held["counts"]["deleted"]) == ("partial", 0)
    assert "5 of 10 documents" in held["problems"][0]["detail"]
    assert (await admin.get(path))["held_deletions"] == 5
    assert len(await _found(admin, word)) == 10

    approved = await _synced(admin, source["id"], allow_deletions=True)
    assert (approved["state"], approved["counts"]["deleted"]) == ("succeeded", 5)
    after = await admin.get(path)
    hits = await _found(admin, word)
    assert (after["held_deletions"], len(hits)) == (None, 5)
    assert {hit["checked_at"] for hit in hits} == {after["checked_at"]}
    assert all(hit["source_version"] for hit in hits)
    assert (await admin.http.delete(path)).status_code == 204


async def _synced(user: User, source_id: str, **options: bool) -> dict[str, Any]:
    accepted = await user.post(f"/api/v1/sources/{source_id}/sync", options, expect=202)
    return await user.finished_job(accepted["job_id"])


async def _found(user: User, word: str) -> list[dict[str, str]]:
    hits = (await user.post("/api/v1/search", {"query": word}, expect=200))["hits"]
    return [hit for hit in hits if word in hit["text"]]


async def test_a_deleted_document_is_gone_at_once(admin: User) -> None:
    word = f"numbat{secrets.token_hex(3)}"
    await admin.index({f"Page {word}": f"The secret mascot is {word}."})
    [hit] = await _found(admin, word)
    assert (await admin.http.delete(f"/api/v1/documents/{hit['document_id']}")).status_code == 204
    assert await _found(admin, word) == []
    assert (await admin.http.get(f"/api/v1/documents/{hit['document_id']}")).status_code == 404
    await admin.index({f"Page {word}": f"The secret mascot is {word}."})
    assert len(await _found(admin, word)) == 1


async def test_an_uploaded_file_is_found(admin: User) -> None:
    word = f"axolotl{secrets.token_hex(3)}"
    file = {"file": ("pond.md", f"# The pond\n\nIn the pond lives an {word}.\n".encode(), "text/markdown")}
    response = await admin.http.post("/api/v1/documents", files=file)
    assert response.status_code == 202, response.text
    assert (await admin.finished_job(response.json()["job_id"]))["state"] == "succeeded"
    [hit] = await _found(admin, word)
    assert hit["document_id"] == response.json()["document_id"]


async def test_an_editor_does_not_replace_what_he_may_not_see(fleet: Fleet, admin: User) -> None:
    word = f"quokka{secrets.token_hex(3)}"
    insider, outsider = f"in-{word}@example.org", f"out-{word}@example.org"
    for email, groups in ((insider, [word]), (outsider, [])):
        account = {"email": email, "password": "a-long-password", "groups": groups, "roles": ["editor"]}
        await admin.post("/api/v1/users", account, expect=201)
    page = {"external_id": word, "title": "Pay", "text": f"The secret is {word}.", "groups": [word]}
    async with signed_in(fleet, insider, "a-long-password") as user:
        accepted = await user.post("/api/v1/documents/batch", {"documents": [page]}, expect=202)
        assert (await user.finished_job(accepted["job_id"]))["state"] == "succeeded"
    mine = [{"external_id": name, "title": "Mine", "text": f"Open {name}."} for name in (word, f"{word}-other")]
    async with signed_in(fleet, outsider, "a-long-password") as user:
        accepted = await user.post("/api/v1/documents/batch", {"documents": mine}, expect=202)
        job = await user.finished_job(accepted["job_id"])
        assert (job["state"], job["counts"]["indexed"], job["counts"]["failed"]) == ("partial", 1, 1)
        assert (await user.http.post("/api/v1/documents", json=mine[0])).status_code == 409
        for text in ("Once.", "Renewed."):
            own = {"external_id": f"{word}-own", "title": "Own", "text": f"{word} {text}", "groups": [word]}
            accepted = await user.post("/api/v1/documents", own, expect=202)
            assert (await user.finished_job(accepted["job_id"]))["state"] == "succeeded"
    async with signed_in(fleet, insider, "a-long-password") as user:
        found = {hit["external_id"]: hit["text"] for hit in await _found(user, word)}
        assert word in found
        assert "Renewed." in found[f"{word}-own"]
        accepted = await user.post("/api/v1/documents/batch", {"documents": [page | {"text": "New."}]}, expect=202)
        assert (await user.finished_job(accepted["job_id"]))["state"] == "succeeded"


async def test_a_documents_groups_hide_it_from_all_others(fleet: Fleet, admin: User) -> None:
    word = f"canary{secrets.token_hex(3)}"
    group = f"group-{word}"
    await admin.index({f"Salaries {word}": f"The secret number is {word}."}, groups=[group])
    assert await _found(admin, word) == []
    insider, outsider = f"in-{word}@example.org", f"out-{word}@example.org"
    for email, groups in ((insider, [group]), (outsider, [])):
        account = {"email": email, "password": "a-long-password", "groups": groups}
        await admin.post("/api/v1/users", account, expect=201)
    async with signed_in(fleet, insider, "a-long-password") as user:
        [hit] = await _found(user, word)
        answer = await user.post("/api/v1/chat", {"query": f"What is the secret number {word}?"}, expect=200)
        assert word in str(answer["sources"])
    async with signed_in(fleet, outsider, "a-long-password") as user:
        assert await _found(user, word) == []
        assert (await user.http.get(f"/api/v1/documents/{hit['document_id']}")).status_code == 404
        answer = await user.post("/api/v1/chat", {"query": f"What is the secret number {word}?"}, expect=200)
        assert f"The secret number is {word}" not in str(answer)


async def test_the_status_is_ok_and_counts_no_dead_letters(admin: User) -> None:
    async def ok() -> object:
        status = await admin.get("/api/v1/status")
        return status if status["status"] == "ok" else None

    status = await until(ok, seconds=30)
    names = {service["name"] for service in status["services"]}
    assert names >= {*SERVICES, "redis"}
    assert all(queue["dead"] == 0 for queue in status["queues"])


async def test_the_api_document_names_every_route_group(admin: User) -> None:
    document = await admin.get("/api/v1/openapi.json")
    for path in ("/api/v1/search", "/api/v1/auth/token", "/api/v1/conversations", "/api/v1/sources", "/v1/embeddings"):
        assert path in document["paths"], path
    assert not [path for path in document["paths"] if "internal" in path]


async def test_embeddings_speak_the_openai_protocol(admin: User) -> None:
    answer = await admin.post("/v1/embeddings", {"model": "askflash", "input": ["one", "two"]}, expect=200)
    assert [len(one["embedding"]) for one in answer["data"]] == [384, 384]
