"""The disk of a whole fleet is full: what is there is found, what is new is refused or waits and says why, and all goes
on by itself when there is room.
"""

import json
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from local_fleet.errors import FleetError
from local_fleet.postgres import PostgresServer
from tests.chaos.shelf import SECONDS, ended, ids_of, settled, upload_source
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in, until

pytestmark = pytest.mark.timeout(400)

_SIZE: Final = "700m"
_BELOW_THE_RESERVE: Final = 100 << 20
_PIECE: Final = 1 << 20
_BLOCK: Final = 4096


@dataclass(frozen=True)
class Disk:
    """A small file system; a ballast file takes what room there is."""

    folder: Path

    def fill(self, *, leave: int) -> None:
        with (self.folder / "ballast").open("ab", buffering=0) as ballast:
            while (room := shutil.disk_usage(self.folder).free - leave) > 0:
                ballast.write(bytes(min(_PIECE, max(room, _BLOCK))))

    def make_room(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("there is no `mount`")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={_SIZE}", "none", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def fleet(disk: Disk) -> Iterator[Fleet]:
    with running_fleet(disk.folder / "home") as fleet:
        yield fleet


@pytest.fixture
async def admin(fleet: Fleet) -> AsyncIterator[User]:
    async with signed_in(fleet) as admin:
        yield admin


async def test_on_a_full_disk_what_is_there_is_found_and_what_is_new_waits_or_is_refused(
    disk: Disk, fleet: Fleet, admin: User
) -> None:
    await admin.index({"Vacation": "# Vacation\n\nFull-time employees get 27 vacation days a year."})
    source_id, question = await upload_source(admin), _Question(await admin.conversation())
    disk.fill(leave=_BELOW_THE_RESERVE)
    first = _Pages(source_id, 3)
    waiting = (await first.handed_in(admin)).json()["job_id"]
    assert "The disk with the vectors is full" in await _waits(admin, waiting)

    disk.fill(leave=0)
    accepted, refused = await _until_refused(admin, source_id)
    _is_explained(refused.response)
    _is_explained(await _Pages(source_id, 1, words=40_000).handed_in(admin))
    await _is_found(admin)
    for name in ("indexing", "documentation"):
        fleet.kill(name)
    await until(lambda: _answers(admin, f"/api/v1/indexing/jobs/{waiting}"), seconds=SECONDS)
    await until(lambda: _answers(admin, "/api/v1/documents"), seconds=SECONDS)
    await _is_found(admin)
    asked = await question.asked(admin)
    if asked.status_code != 202:
        _is_explained(asked)

    disk.make_room()
    await settled(fleet, admin)
    assert (await until(lambda: question.answered(admin), seconds=SECONDS)) == ["user", "assistant"]
    again = (await refused.pages.handed_in(admin)).json()["job_id"]
    for job_id in (waiting, *(one.json()["job_id"] for one in accepted.values()), again):
        job = await ended(admin, job_id)
        assert (job["state"], job["problems"]) == ("succeeded", [])
    pages = [first, *accepted, refused.pages]
    assert sorted(await ids_of(admin, source_id)) == sorted(word for one in pages for word in one.words)
    for one in pages:
        for word in one.words:
            assert await _times(admin, word) == 1


@pytest.mark.long
async def test_a_database_that_a_full_disk_has_stopped_starts_again_when_there_is_room(
    disk: Disk, fleet: Fleet, admin: User
) -> None:
    await admin.index({"Vacation": "# Vacation\n\nFull-time employees get 27 vacation days a year."})
    password = json.loads((fleet.home / "secrets.json").read_text())["postgres"]
    database = PostgresServer(fleet.home / "data" / "postgres", fleet.state()["ports"]["postgres"], password)
    disk.fill(leave=0)
    with pytest.raises(FleetError, match="disk is full"):
        _write_until_it_stops(database)
    response = await admin.http.get("/api/v1/documents")
    assert (response.status_code, response.json()["type"]) == (503, "urn:flash:upstream-unavailable")
    disk.make_room()
    await until(lambda: _answers(admin, "/api/v1/documents"), seconds=SECONDS)
    await settled(fleet, admin)
    await _is_found(admin)


def _write_until_it_stops(database: PostgresServer) -> None:
    while True:
        database.execute("SELECT pg_switch_wal(); SELECT txid_current()")


class _Pages:
    """A batch of pages, each with a word of its own as its name; the same hand-in each time."""

    def __init__(self, source_id: str, count: int, *, words: int = 1_000) -> None:
        self.words = [f"w{secrets.token_hex(5)}" for _ in range(count)]
        filler = " ".join(secrets.token_hex(3) for _ in range(words))
        documents = [{"external_id": word, "title": word, "text": f"About {word}.\n\n{filler}"} for word in self.words]
        self._body = {"source_id": source_id, "documents": documents}
        self._key = {"Idempotency-Key": secrets.token_hex(8)}

    async def handed_in(self, admin: User) -> httpx2.Response:
        return await admin.http.post("/api/v1/documents/batch", json=self._body, headers=self._key)


class _Question:
    """One question, the same each time."""

    def __init__(self, conversation_id: str) -> None:
        self._path = f"/api/v1/conversations/{conversation_id}/messages"
        self._key = {"Idempotency-Key": secrets.token_hex(8)}

    async def asked(self, admin: User) -> httpx2.Response:
        body = {"content": "How many vacation days do employees get?"}
        return await admin.http.post(self._path, json=body, headers=self._key)

    async def answered(self, admin: User) -> list[str] | None:
        """Who has said what in the conversation, when there is an answer."""
        asked = await self.asked(admin)
        if asked.status_code != 202:
            return None
        answer = await admin.get(f"/api/v1/answers/{asked.json()['answer_id']}")
        messages = (await admin.get(self._path))["items"]
        return [message["role"] for message in messages] if answer["state"] == "done" else None


@dataclass(frozen=True)
class _Refused:
    pages: _Pages
    response: httpx2.Response


async def _until_refused(admin: User, source_id: str) -> tuple[dict[_Pages, httpx2.Response], _Refused]:
    """Hand in ever more: what is accepted, and the first that is not."""
    accepted: dict[_Pages, httpx2.Response] = {}
    while True:
        pages = _Pages(source_id, 5)
        response = await pages.handed_in(admin)
        if response.status_code != 202:
            return accepted, _Refused(pages, response)
        accepted[pages] = response


async def _waits(admin: User, job_id: str) -> str:
    async def look() -> Any:
        job = await admin.get(f"/api/v1/indexing/jobs/{job_id}")
        return job["problems"] and job["problems"][0]["detail"]

    detail = str(await until(look, seconds=SECONDS))
    assert detail.startswith("Waiting: ")
    return detail


async def _is_found(admin: User) -> None:
    assert await _times(admin, "27 vacation days") == 1


async def _times(admin: User, words: str) -> int:
    body = {"query": words, "per_chunk": True}
    hits = (await admin.post("/api/v1/search", body, expect=200))["hits"]
    return sum(words in hit["text"] for hit in hits)


async def _answers(admin: User, path: str) -> bool:
    return (await admin.http.get(path)).status_code == 200


def _is_explained(refusal: httpx2.Response) -> None:
    assert (refusal.status_code, refusal.json()["type"]) == (503, "urn:flash:upstream-unavailable")
    assert "full" in refusal.json()["detail"]
    assert int(refusal.headers["Retry-After"]) > 0
