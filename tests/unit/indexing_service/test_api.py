"""The HTTP face of the indexing service, with everything behind it faked."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from asgi_lifespan import LifespanManager

from flash_core.schemas.indexing import JobState, SourceType
from flash_core.testing.fakes import (
    FakeAuthenticator,
    FakeEmbeddingModels,
    FakeEmbeddingProvider,
    FakeIdempotencyStore,
    FrozenClock,
)
from flash_core.testing.vector_store import FakeVectorStore
from flash_core.web.app import create_app
from flash_core.web.identity import SERVICE_TOKEN_HEADER
from indexing_service.composition import Container
from indexing_service.interfaces import Item, ItemState, JobKind
from indexing_service.main import SPEC
from indexing_service.providers.folder import FolderProvider
from indexing_service.providers.upload import UploadProvider
from indexing_service.services.collections import IndexCollections
from indexing_service.services.connections import Providers
from indexing_service.services.intake import DocumentIntake
from indexing_service.services.jobs import JobManager, ended
from indexing_service.services.sources import SourceManager
from indexing_service.services.webhooks import WebhookReceiver
from tests.unit.indexing_service.fake_rebuilds import FakeRebuilds
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.fakes import FakeDatabase, FakeDocumentRegistry, FakeVault, FakeVisibleDocuments
from tests.unit.indexing_service.world import ADMIN, EDITOR, NOON, USER, job, listed, source, stored

UNKNOWN = "01a20752-444d-7012-a4be-4da4dd32f44c"
USERS = {"admin": ADMIN, "editor": EDITOR, "user": USER}


@dataclass
class Service:
    client: httpx2.AsyncClient
    database: FakeDatabase
    registry: FakeDocumentRegistry

    async def call(self, method: str, path: str, who: str | None = "editor", **options: Any) -> httpx2.Response:
        headers = ({"Authorization": f"Bearer {who}"} if who else {}) | options.pop("headers", {})
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def source(self, folder: Path, **about: Any) -> dict[str, Any]:
        body = {"type": "folder", "name": "Docs", "config": {"path": str(folder)}, **about}
        response = await self.call("POST", "/sources", "admin", json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    database, registry, clock = FakeDatabase(), FakeDocumentRegistry(), FrozenClock(NOON)
    types: Providers = {
        SourceType.FOLDER: FolderProvider(),
        SourceType.UPLOAD: UploadProvider(),
        SourceType.GIT: FakeProvider(),
    }

    @asynccontextmanager
    async def compose() -> AsyncIterator[Container]:
        unit_of_work = database.unit_of_work
        sources = SourceManager(unit_of_work, registry, types, FakeVault(), clock)
        yield Container(
            authenticator=FakeAuthenticator(dict(USERS)),
            idempotency=FakeIdempotencyStore(),
            sources=sources,
            intake=DocumentIntake(unit_of_work, registry, FakeVisibleDocuments(registry), clock),
            jobs=JobManager(unit_of_work, registry, clock, watch_seconds=0.001),
            collections=IndexCollections(
                FakeRebuilds().transaction, FakeEmbeddingModels([FakeEmbeddingProvider()]), FakeVectorStore(), clock
            ),
            webhooks=WebhookReceiver(partial(sources.sync, full=False), b"k" * 32),
            workers=(),
        )

    async with (
        LifespanManager(create_app(replace(SPEC, compose=compose))) as manager,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=manager.app), base_url="http://indexing") as client,
    ):
        yield Service(client, database, registry)


async def test_a_source_from_its_making_to_its_end(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A")
    made = await service.source(tmp_path, groups=["hr"], schedule="daily")
    path = f"/sources/{made['id']}"
    assert (made["type"], made["groups"], made["schedule"]) == ("folder", ["hr"], "daily")
    assert "s3cret" not in str(made) + str(service.database.state)
    assert (await service.call("GET", path, "admin")).json() == made
    checked = (await service.call("POST", f"{path}/check", "admin")).json()
    assert checked == {"ok": True, "detail": "The folder can be read.", "found": {"documents": 1, "skipped": 0}}
    changed = (await service.call("PATCH", path, "admin", json={"groups": [], "name": "Wiki"})).json()
    assert (changed["groups"], changed["name"], changed["config"]) == ([], "Wiki", made["config"])
    synced = await service.call("POST", f"{path}/sync", "admin", json={"full": True})
    assert synced.status_code == 202
    assert (await service.call("POST", f"{path}/sync", "admin")).json() == synced.json()
    assert (await service.call("GET", path, "admin")).json()["last_job_id"] == synced.json()["job_id"]
    assert (await service.call("DELETE", path, "admin")).status_code == 204
    assert (await service.call("GET", path, "admin")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "gopher", "name": "x"}, "type"),
        ({"type": "folder", "name": "x", "config": {"path": "/no/such"}}, "config.path"),
        ({"type": "folder", "name": "", "config": {"path": "/"}}, "name"),
        ({"type": "folder", "name": "x", "config": {"path": "/"}, "groups": [""]}, "groups.0"),
        ({"name": "x"}, "type"),
        ({"type": "folder", "name": "x", "config": {"path": "/"}, "schedule": "banana"}, "schedule"),
    ],
)
async def test_a_wrong_source_is_refused_by_field(service: Service, body: dict[str, Any], field: str) -> None:
    response = await service.call("POST", "/sources", "admin", json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_schedule_left_out_is_the_usual_one_and_null_is_never(service: Service, tmp_path: Path) -> None:
    made = await service.source(tmp_path)
    assert (made["schedule"], made["next_sync_at"]) == ("5m", "2026-01-01T12:05:00.000Z")
    path = f"/sources/{made['id']}"
    assert (await service.call("PATCH", path, json={"name": "x"})).json()["schedule"] == "5m"
    ended = (await service.call("PATCH", path, json={"schedule": None})).json()
    assert (ended["schedule"], ended["next_sync_at"]) == (None, None)
    never = await service.source(tmp_path, schedule=None)
    assert (never["schedule"], never["next_sync_at"]) == (None, None)
    refused = await service.call("PATCH", path, json={"schedule": "banana"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "schedule")


async def test_editors_do_not_choose_folders_of_the_server(service: Service, tmp_path: Path) -> None:
    body = {"type": "folder", "name": "x", "config": {"path": str(tmp_path)}}
    assert (await service.call("POST", "/sources", json=body)).status_code == 403
    made = await service.source(tmp_path)
    path = f"/sources/{made['id']}"
    assert (await service.call("PATCH", path, json={"config": {"path": "/"}})).status_code == 403
    assert (await service.call("PATCH", path, json={"name": "y"})).status_code == 200
    assert (await service.call("GET", path)).json()["config"] == made["config"]


async def test_secrets_go_in_and_never_come_out(service: Service) -> None:
    body = {"type": "git", "name": "x", "config": {"url": "https://a.example/x"}, "credentials": {"token": "s3cret"}}
    made = await service.call("POST", "/sources", json=body)
    assert made.status_code == 201
    path = f"/sources/{made.json()['id']}"
    moved = await service.call("PATCH", path, json={"config": {"url": "https://b.example/x"}})
    assert (moved.status_code, moved.json()["errors"][0]["field"]) == (422, "credentials")
    assert (await service.call("PATCH", path, json={"credentials": {"token": "n3w"}})).status_code == 200
    wrong = await service.call("PATCH", path, json={"credentials": {"token": ["n3w"]}})
    assert wrong.status_code == 422
    shown = await service.call("GET", path)
    for answer in (made, moved, wrong, shown):
        assert not {"s3cret", "n3w"} & set(re.findall(r"\w+", answer.text))
    assert service.database.state.sources[UUID(made.json()["id"])].sealed_credentials


async def test_users_see_their_sources_without_configuration(service: Service, tmp_path: Path) -> None:
    shown = await service.source(tmp_path, groups=["hr"])
    hidden = await service.source(tmp_path, groups=["it"])
    listed = (await service.call("GET", "/sources", "user")).json()
    assert [(one["id"], one["config"]) for one in listed["items"]] == [(shown["id"], {})]
    assert (await service.call("GET", f"/sources/{shown['id']}", "user")).json()["config"] == {}
    assert (await service.call("GET", f"/sources/{hidden['id']}", "user")).status_code == 404
    page = (await service.call("GET", "/sources", "admin", params={"limit": 1})).json()
    rest = (await service.call("GET", "/sources", "admin", params={"cursor": page["next_cursor"]})).json()
    assert [one["id"] for one in (*page["items"], *rest["items"])] == sorted([shown["id"], hidden["id"]])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/sources"), ("PATCH", f"/sources/{UNKNOWN}"), ("DELETE", f"/sources/{UNKNOWN}"),
        ("POST", f"/sources/{UNKNOWN}/sync"), ("POST", f"/sources/{UNKNOWN}/check"), ("POST", "/documents"),
        ("POST", "/documents/batch"), ("GET", "/indexing/jobs"), ("GET", f"/indexing/jobs/{UNKNOWN}"),
        ("POST", f"/indexing/jobs/{UNKNOWN}/cancel"), ("POST", f"/indexing/jobs/{UNKNOWN}/retry"),
        ("GET", f"/indexing/jobs/{UNKNOWN}/events"), ("GET", f"/indexing/jobs/{UNKNOWN}/problems"),
    ],
)  # fmt: skip
async def test_plain_users_change_nothing(service: Service, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {}} if method in {"POST", "PATCH"} else {}
    assert (await service.call(method, path, None, **body)).status_code == 401
    refused = await service.call(method, path, "user", **body)
    assert refused.status_code in {403, 422}
    assert service.database.state.jobs == {}


async def test_a_document_as_json(service: Service) -> None:
    body = {"title": "Leave", "text": "25 days.", "external_id": "leave"}
    first = await service.call("POST", "/documents", json=body)
    assert first.status_code == 202
    again = await service.call("POST", "/documents", json=body | {"text": "26 days."})
    assert again.json()["document_id"] == first.json()["document_id"]


async def test_a_document_does_not_replace_what_its_editor_may_not_see(service: Service) -> None:
    body = {"title": "Pay", "text": "Secret.", "external_id": "pay", "groups": ["hr"]}
    assert (await service.call("POST", "/documents", "admin", json=body)).status_code == 202
    refused = await service.call("POST", "/documents", json=body | {"groups": []})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:flash:conflict")
    documents = [{"external_id": name, "title": "Mine", "text": "x"} for name in ("pay", "other")]
    accepted = await service.call("POST", "/documents/batch", json={"documents": documents})
    job = (await service.call("GET", f"/indexing/jobs/{accepted.json()['job_id']}")).json()
    assert (job["counts"]["found"], job["counts"]["failed"]) == (2, 1)
    assert [one["document"] for one in job["problems"]] == ["pay"]


async def test_what_is_closed_to_an_editor_is_not_there_for_him(service: Service, tmp_path: Path) -> None:
    closed = await service.source(tmp_path, groups=["hr"])
    path = f"/sources/{closed['id']}"
    job_id = (await service.call("POST", f"{path}/sync", "admin")).json()["job_id"]
    at_source = [("GET", path), ("DELETE", path), ("POST", f"{path}/check"), ("POST", f"{path}/sync")]
    at_job = [("GET", ""), ("GET", "/problems"), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry")]
    for method, route in [*at_source, *((one, f"/indexing/jobs/{job_id}{end}") for one, end in at_job)]:
        assert (await service.call(method, route)).status_code == 404, route
    assert (await service.call("PATCH", path, json={"groups": []})).status_code == 404
    for listing in ("/sources", "/indexing/jobs"):
        assert (await service.call("GET", listing)).json()["items"] == []
        assert len((await service.call("GET", listing, "admin")).json()["items"]) == 1


async def test_who_hands_in_to_a_closed_source_may_look_after_the_job(service: Service) -> None:
    body = {"type": "upload", "name": "HR", "groups": ["hr"]}
    source_id = (await service.call("POST", "/sources", "admin", json=body)).json()["id"]
    page = {"title": "T", "text": "x", "external_id": "t", "source_id": source_id}
    for _ in range(2):
        accepted = (await service.call("POST", "/documents", json=page)).json()
        assert (await service.call("GET", f"/indexing/jobs/{accepted['job_id']}")).status_code == 200
    assert len((await service.call("GET", "/indexing/jobs")).json()["items"]) == 2


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"{}", 422),
        (b'{"title": "x", "text": ""}', 422),
        (b'{"title": "x", "text": "y", "format": "pdf"}', 422),
        (b'{"title": "x", "text": "' + b"y" * (1 << 20) + b'"}', 413),
    ],
)
async def test_json_that_makes_no_sense_is_refused(service: Service, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    response = await service.call("POST", "/documents", content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_a_document_as_a_file(service: Service) -> None:
    response = await service.call(
        "POST",
        "/documents",
        files={"file": ("pond.md", b"# Pond", "text/markdown")},
        data={"groups": ["hr", "it"], "path": "a/b", "title": "The pond", "external_id": "", "source_id": ""},
    )
    assert response.status_code == 202, response.text
    [document] = service.database.state.intake.values()
    assert (document.title, document.path, document.groups) == ("The pond", ("a", "b"), frozenset({"hr", "it"}))


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"data": {"title": "x"}, "files": {"other": ("a.md", b"x")}}, 422),
        ({"data": {"file": "no file"}}, 415),
        ({"files": {"file": ("a.md", b"x")}, "data": {"source_id": "x"}}, 422),
        ({"files": {"file": ("a.md", b"x")}, "data": {"surprise": "x"}}, 422),
        ({"files": {"file": ("a.md", b"x")}, "data": {"title": "a\x00b"}}, 422),
        ({"files": {"file": ("a.md", b"x")}, "data": {"source_id": UNKNOWN}}, 404),
        ({"files": [("file", ("a.md", b"x")), ("file", ("b.md", b"x"))]}, 400),
        ({"files": {"file": ("a.pdf", b"words, but no PDF")}}, 415),
        ({"files": {"file": ("a.exe", b"MZ")}}, 415),
        ({"files": {"file": ("a.md", b"")}}, 422),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused(service: Service, form: dict[str, Any], status: int) -> None:
    response = await service.call("POST", "/documents", **form)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_a_form_that_is_cut_off_is_refused(service: Service) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await service.call("POST", "/documents", content=b"--x\r\nnonsense", headers=headers)
    assert response.status_code in {400, 422}


async def test_a_batch(service: Service) -> None:
    documents = [{"external_id": str(at), "title": "T", "text": "x"} for at in range(1_000)]
    accepted = await service.call("POST", "/documents/batch", json={"documents": documents})
    assert accepted.status_code == 202
    job = (await service.call("GET", f"/indexing/jobs/{accepted.json()['job_id']}")).json()
    assert (job["state"], job["phase"], job["counts"]["found"]) == ("queued", "queued", 1_000)
    too_many = {"documents": [*documents, documents[0]]}
    assert (await service.call("POST", "/documents/batch", json=too_many)).status_code == 422


async def test_jobs_are_listed_cancelled_and_repeated(service: Service) -> None:
    body = {"title": "Leave", "text": "25 days."}
    ids = [(await service.call("POST", "/documents", json=body)).json()["job_id"] for _ in range(3)]
    listed = (await service.call("GET", "/indexing/jobs", params={"limit": 2})).json()
    assert [job["id"] for job in listed["items"]] == sorted(ids, reverse=True)[:2]
    rest = (await service.call("GET", "/indexing/jobs", params={"cursor": listed["next_cursor"]})).json()
    assert [job["id"] for job in rest["items"]] == [min(ids)]
    cancelled = await service.call("POST", f"/indexing/jobs/{ids[0]}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    states = {"state": "cancelled", "source_id": cancelled.json()["source_id"]}
    assert len((await service.call("GET", "/indexing/jobs", params=states)).json()["items"]) == 1
    repeated = await service.call("POST", f"/indexing/jobs/{ids[0]}/retry")
    assert repeated.status_code == 202
    assert repeated.json()["job_id"] not in ids
    assert (await service.call("POST", f"/indexing/jobs/{ids[1]}/retry")).status_code == 409
    assert (await service.call("GET", "/indexing/jobs", params={"state": "odd"})).status_code == 422


async def test_a_job_is_followed_to_its_end(service: Service) -> None:
    accepted = await service.call("POST", "/documents", json={"title": "Leave", "text": "25 days."})
    job_id = accepted.json()["job_id"]
    [row] = service.database.state.jobs.values()
    async with service.database.unit_of_work() as work:
        await ended(work, row.job.id, JobState.CANCELLED, None)
        await work.commit()
    response = await service.call("GET", f"/indexing/jobs/{job_id}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    [event] = [line for line in response.text.splitlines() if line.startswith("data: ")]
    assert json.loads(event.removeprefix("data: "))["state"] == "cancelled"
    assert (await service.call("GET", f"/indexing/jobs/{uuid4()}/events")).status_code == 404


async def test_all_problems_of_a_job_can_be_read(service: Service) -> None:
    handbook = source()
    one = job(handbook, JobKind.DOCUMENTS, listed=True)
    await stored(service.database.unit_of_work, handbook, one)
    await listed(service.database.unit_of_work, one.id, *(f"{at:03}" for at in range(130)))
    async with service.database.unit_of_work() as work:
        await work.items.settle(one.id, [Item(at, "", ItemState.SKIPPED, "Empty.") for at in range(120)])
        await work.items.settle(one.id, [Item(at, "", ItemState.FAILED, "Broken.") for at in range(120, 130)])
        await ended(work, one.id, JobState.PARTIAL, "Some of it is held.")
        await work.commit()
    path = f"/indexing/jobs/{one.id}"
    shown = (await service.call("GET", path)).json()
    assert (len(shown["problems"]), shown["problems_total"]) == (101, 131)
    read: list[dict[str, str]] = []
    query: dict[str, Any] = {"limit": 50}
    while True:
        page = (await service.call("GET", f"{path}/problems", params=query)).json()
        read += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert read[:101] == shown["problems"]
    assert read[0] == {"document": "", "detail": "Some of it is held."}
    assert [one["document"] for one in read[1:]] == [f"{at:03}" for at in [*range(120, 130), *range(120)]]
    for cursor in ("eA", "MSB4"):
        assert (await service.call("GET", f"{path}/problems", params={"cursor": cursor})).status_code == 400
    assert (await service.call("GET", f"/indexing/jobs/{UNKNOWN}/problems")).status_code == 404


async def test_an_accepted_document_is_accepted_once_by_its_key(service: Service) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"title": "Leave", "text": "25 days."}
    first, second = [await service.call("POST", "/documents", json=body, headers=headers) for _ in range(2)]
    assert first.json() == second.json()
    assert len(service.database.state.jobs) == 1


async def test_documents_of_a_source_that_is_synced_are_not_handed_in(service: Service) -> None:
    folder = source()
    await stored(service.database.unit_of_work, folder)
    body = {"title": "T", "text": "x", "source_id": str(folder.id)}
    response = await service.call("POST", "/documents", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "source_id"


async def test_the_jobs_that_wait_are_told_to_services_alone(service: Service) -> None:
    one = source()
    await stored(service.database.unit_of_work, one, replace(job(one), created_at=NOON - timedelta(seconds=90)))
    path = "http://indexing/internal/jobs/queue"
    assert (await service.client.get(path)).status_code == 401
    told = await service.client.get(path, headers={SERVICE_TOKEN_HEADER: "service"})
    assert told.json() == {"name": "indexing", "waiting": 1, "in_progress": 0, "oldest_seconds": 90, "dead": 0}
