"""Pages in two versions, in a folder or handed in, and what must be true of them whatever died meanwhile."""

import secrets
from pathlib import Path
from typing import Any, Final

from tests.e2e.fleet import Fleet, User, until

PARAGRAPHS: Final = 12
CHANGED: Final = {"found": 5, "indexed": 3, "unchanged": 2, "deleted": 1, "skipped": 0, "failed": 0}
"""The counts of the sync that takes up the second version: the renamed page has the content that it had."""
HANDED_IN: Final = {"found": 6, "indexed": 4, "unchanged": 1, "deleted": 1, "skipped": 1, "failed": 0}
"""Those of the second batch: the emptied page is skipped, as there is nothing to show, and deleted."""
SECONDS: Final = 90.0


def _word() -> str:
    return f"w{secrets.token_hex(5)}"


class Shelf:
    """`common` is in every passage, `now` and `before` are words of pages as they are, and as they are no more."""

    def __init__(self) -> None:
        self.common = _word()
        self.now: dict[str, str] = {}
        self.before: list[str] = []

    def written(self, name: str, paragraphs: int = 1) -> str:
        """The page with a word that no page has had."""
        if name in self.now:
            self.gone(name)
        self.now[name] = _word()
        filler = f"Of {self.common} there is more to say than fits on a page, so it is said again. " * 8
        return "\n\n".join(
            [f"# Page {name}", f"Here {self.now[name]} is meant. {filler}", *[filler] * (paragraphs - 1)]
        )

    def gone(self, name: str) -> None:
        self.before.append(self.now.pop(name))

    async def wrong(self, user: User, source_id: str) -> list[str]:
        """What is not as it has to be in searches, lists and texts."""
        wrong = []
        for name, word in self.now.items():
            if (number := len(await _found(user, word))) != 1:
                wrong.append(f"{name} is found {number} times")
        wrong += [f"{word} is found and is no more" for word in self.before if await _found(user, word)]
        listed = await ids_of(user, source_id)
        names, wanted = sorted(listed), sorted(f"{name}.md" for name in self.now)
        if names != wanted:
            return [*wrong, f"listed are {names}, not {wanted}"]
        texts = {name: (await user.get(f"/api/v1/documents/{listed[f'{name}.md']}"))["text"] for name in self.now}
        return wrong + [f"{name} is read as it was" for name, text in texts.items() if self.now[name] not in text]

    async def passages(self, user: User, source_id: str) -> int:
        """How many of this source's can be found."""
        body = {"query": self.common, "mode": "keyword", "limit": 100, "per_chunk": True}
        hits = (await user.post("/api/v1/search", {**body, "filters": {"source_ids": [source_id]}}, expect=200))["hits"]
        assert len({hit["chunk_id"] for hit in hits}) == len(hits)
        return len(hits)


class Folder(Shelf):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def first(self) -> None:
        self.folder.mkdir()
        for name in ("kept", "changed", "renamed", "deleted"):
            self._write(name)
        self._write("long", PARAGRAPHS)

    def second(self) -> None:
        """One page stays, two are written anew, one of them shorter, one is renamed, one deleted, one added."""
        self._write("changed")
        self._write("long", PARAGRAPHS // 2)
        (self.folder / "renamed.md").rename(self.folder / "new name.md")
        self.now["new name"] = self.now.pop("renamed")
        (self.folder / "deleted.md").unlink()
        self.gone("deleted")
        self._write("added")

    def _write(self, name: str, paragraphs: int = 1) -> None:
        (self.folder / f"{name}.md").write_text(self.written(name, paragraphs))


class Batch(Shelf):
    """Documents as they are handed in."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, dict[str, str]] = {}

    def first(self) -> None:
        for name in ("kept", "changed", "moved", "emptied"):
            self._put(name, self.written(name))
        self._put("long", self.written("long", PARAGRAPHS))

    def second(self) -> None:
        """One page stays, two are written anew, one of them shorter, one is moved, one emptied, one added."""
        self._put("changed", self.written("changed"))
        self._put("long", self.written("long", PARAGRAPHS // 2))
        self.documents["moved"] |= {"url": ADDRESS}
        self._put("emptied", " \n")
        self.gone("emptied")
        self._put("added", self.written("added"))

    def body(self, source_id: str) -> dict[str, Any]:
        return {"source_id": source_id, "documents": list(self.documents.values())}

    def _put(self, name: str, text: str) -> None:
        self.documents[name] = {"external_id": f"{name}.md", "title": f"Page {name}", "text": text}


ADDRESS: Final = "https://wiki.example/moved"


async def _found(user: User, word: str) -> list[Any]:
    hits = (await user.post("/api/v1/search", {"query": word, "per_chunk": True}, expect=200))["hits"]
    return [hit for hit in hits if word in hit["text"]]


async def stored(user: User) -> int:
    """Passages in the vector store, whoever's."""
    return sum(one["points"] for one in (await user.get("/api/v1/indexing/collections"))["collections"])


async def ended(user: User, job_id: str, *, seconds: float = SECONDS) -> dict[str, Any]:
    """The job at its end; whatever the gateway says while its service starts again."""

    async def look() -> Any:
        response = await user.http.get(f"/api/v1/indexing/jobs/{job_id}")
        over = response.status_code == 200 and response.json()["state"] not in {"queued", "running"}
        return response.json() if over else None

    job: dict[str, Any] = await until(look, seconds=seconds)
    return job


async def shelved(admin: User, folder: Path) -> tuple[Folder, str]:
    """A source with the first version, indexed."""
    shelf = Folder(folder)
    shelf.first()
    body = {"type": "folder", "name": folder.name, "config": {"path": str(folder)}, "schedule": None}
    source_id = str((await admin.post("/api/v1/sources", body, expect=201))["id"])
    job = await admin.finished_job(await sync(admin, source_id))
    assert (job["state"], job["counts"]["indexed"]) == ("succeeded", 5), job
    return shelf, source_id


async def sync(admin: User, source_id: str) -> str:
    return str((await admin.post(f"/api/v1/sources/{source_id}/sync", {}, expect=202))["job_id"])


async def upload_source(admin: User) -> str:
    return str((await admin.post("/api/v1/sources", {"type": "upload", "name": "Handed in"}, expect=201))["id"])


def reckoned(counts: dict[str, int]) -> dict[str, int]:
    """What had been begun and is found unchanged then counts as indexed by whoever died."""
    taken_up = counts["indexed"] + counts["unchanged"]
    return {name: count for name, count in counts.items() if name not in {"indexed", "unchanged"}} | {"up": taken_up}


async def ids_of(admin: User, source_id: str) -> dict[str, str]:
    listed = (await admin.get("/api/v1/documents", source_id=source_id, limit=200))["items"]
    return {one["external_id"]: one["id"] for one in listed}


async def settled(fleet: Fleet, admin: User) -> None:
    """Everything runs again, and is asked again."""

    async def all_run() -> bool:
        return all(one["state"] == "running" for one in fleet.state()["processes"])

    async def answers() -> bool:
        return (await admin.http.post("/api/v1/search", json={"query": "page"})).status_code == 200

    await until(all_run, seconds=SECONDS)
    await until(answers, seconds=SECONDS)


async def only_stored(admin: User, passages: int) -> None:
    """Sooner or later exactly so many: what is no more leaves the vector store after it left the searches."""

    async def exactly() -> bool:
        return await stored(admin) == passages

    await until(exactly, seconds=30)


async def cleared(admin: User, source_id: str, others: int) -> None:
    """Nothing of a deleted source is left."""
    assert (await admin.http.delete(f"/api/v1/sources/{source_id}")).status_code == 204
    await only_stored(admin, others)
