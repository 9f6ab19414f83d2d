"""Random permission matrices over every route that can show documentation: each document holds words that nobody else
has, and those may reach exactly the people who may read it.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.e2e.fleet import Fleet, User, signed_in

GROUPS: Final = ("amber", "birch", "cedar")
PROJECTS: Final = ("Alder", "Basalt", "Cobalt", "Dorado", "Ember", "Fjord")
SOURCES: Final = 3
USERS: Final = 4
CHANGED_WITHIN_SECONDS: Final = 60
PASSWORD: Final = "a long password of a test"
pytestmark = pytest.mark.timeout(300)
MODES: Final = ("hybrid", "dense", "keyword")


@dataclass
class Page:
    """`canaries`: words of its title and its text that no question has."""

    project: str
    source_id: str
    groups: frozenset[str]
    canaries: tuple[str, str]
    id: str = ""

    @property
    def body(self) -> dict[str, object]:
        title, secret = self.canaries
        text = f"The access code of the project {self.project} is {secret}. Ask the porter of {self.project} for it."
        return {"external_id": self.project, "title": f"Codes {title}", "text": text, "groups": sorted(self.groups)}


@dataclass
class Person:
    user: User
    id: str
    email: str
    groups: frozenset[str]
    answers: list[str] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)


@dataclass
class Matrix:
    random: random.Random
    sources: dict[str, frozenset[str]]
    pages: list[Page]
    people: list[Person]

    def may(self, person: Person, page: Page) -> bool:
        of_source = self.sources[page.source_id]
        return all(not groups or groups & person.groups for groups in (of_source, page.groups))

    def some(self) -> frozenset[str]:
        """Groups; often none, which means everyone."""
        return frozenset(self.random.sample(GROUPS, self.random.choice((0, 0, 1, 1, 2))))


@pytest.fixture(params=[11, 12])
async def matrix(request: pytest.FixtureRequest, fleet: Fleet, admin: User) -> AsyncIterator[Matrix]:
    made = Matrix(random.Random(request.param), {}, [], [])
    async with AsyncExitStack() as stack:
        for number in range(SOURCES):
            body = {"type": "upload", "name": f"Matrix {number}", "groups": sorted(groups := made.some())}
            source = await admin.post("/api/v1/sources", body, expect=201)
            made.sources[source["id"]] = groups
        for number, project in enumerate(PROJECTS):
            canaries = (f"zq{made.random.getrandbits(40):x}", f"qz{made.random.getrandbits(40):x}")
            made.pages.append(Page(project, list(made.sources)[number % SOURCES], made.some(), canaries))
        reader = await _person(stack, fleet, admin, f"all{request.param}", frozenset(GROUPS))
        await _write(admin, made.pages)
        await _identified(reader.user, made)
        for number in range(USERS):
            made.people.append(await _person(stack, fleet, admin, f"m{request.param}.{number}", made.some()))
        yield made
        for source_id in made.sources:
            await admin.http.delete(f"/api/v1/sources/{source_id}")


async def test_words_reach_exactly_those_who_may_read_them(matrix: Matrix, fleet: Fleet, admin: User) -> None:
    for person in matrix.people:
        await _ask_everything(person, matrix.pages)
        assert await _wrong(matrix, person) == []

    for source_id in matrix.sources:  # and now all of it differently
        matrix.sources[source_id] = matrix.some()
        body = {"groups": sorted(matrix.sources[source_id])}
        assert (await admin.http.patch(f"/api/v1/sources/{source_id}", json=body)).status_code == 200
    for page in matrix.pages:
        page.groups = matrix.some()
    await _write(admin, matrix.pages)
    async with AsyncExitStack() as stack:
        for person in matrix.people:
            person.groups = matrix.some()
            body = {"groups": sorted(person.groups)}
            assert (await admin.http.patch(f"/api/v1/users/{person.id}", json=body)).status_code == 200
            person.user = await stack.enter_async_context(signed_in(fleet, person.email, PASSWORD))
        for person in matrix.people:
            assert await _wrong_in_the_end(matrix, person) == []
            await _ask_everything(person, matrix.pages)
            assert await _wrong(matrix, person) == []


async def _write(admin: User, pages: Sequence[Page]) -> None:
    for source_id in {page.source_id for page in pages}:
        here = [page for page in pages if page.source_id == source_id]
        body = {"source_id": source_id, "documents": [page.body for page in here]}
        job = await admin.finished_job((await admin.post("/api/v1/documents/batch", body, expect=202))["job_id"])
        assert job["state"] == "succeeded", job


async def _identified(reader: User, matrix: Matrix) -> None:
    """The ids of all pages, by somebody who is in every group."""
    listed = [await reader.get("/api/v1/documents", source_id=one, limit=200) for one in matrix.sources]
    ids = {one["external_id"]: one["id"] for page in listed for one in page["items"]}
    for page in matrix.pages:
        page.id = ids[page.project]


async def _person(stack: AsyncExitStack, fleet: Fleet, admin: User, name: str, groups: frozenset[str]) -> Person:
    email = f"{name}@example.org"
    body = {"email": email, "password": PASSWORD, "name": name, "groups": sorted(groups)}
    made = await admin.post("/api/v1/users", body, expect=201)
    return Person(await stack.enter_async_context(signed_in(fleet, email, PASSWORD)), made["id"], email, groups)


async def _ask_everything(person: Person, pages: Sequence[Page]) -> None:
    """One question a page, in a conversation of its own; what was asked before stays in the history."""

    async def ask(page: Page) -> None:
        conversation = await person.user.conversation()
        answer_id = await person.user.question(conversation, f"What is the access code of the project {page.project}?")
        await person.user.finished_answer(answer_id)
        person.conversations.append(conversation)
        person.answers.append(answer_id)

    await asyncio.gather(*map(ask, pages))


async def _wrong_in_the_end(matrix: Matrix, person: Person) -> list[str]:
    """What is still wrong when a change has had its time."""
    deadline = time.monotonic() + CHANGED_WITHIN_SECONDS
    wrong = await _wrong(matrix, person)
    while wrong and time.monotonic() < deadline:
        wrong = await _wrong(matrix, person)
    return wrong


async def _wrong(matrix: Matrix, person: Person) -> list[str]:
    """What reached this person and must not, and what must be readable and is not."""
    everything = [await _searched(person.user, matrix), await _listed(person.user, matrix), await _history(person)]
    wrong = [
        f"{page.project} reached {sorted(person.groups)} by {name}"
        for name, text in (one for part in everything for one in part)
        for page in matrix.pages
        if not matrix.may(person, page) and any(word in text for word in page.canaries)
    ]
    for page in matrix.pages:
        status = (await person.user.http.get(f"/api/v1/documents/{page.id}")).status_code
        if status != (200 if matrix.may(person, page) else 404):
            wrong.append(f"{page.project} answers {status} to {sorted(person.groups)}")
    found = "".join(text for _, text in everything[0])
    return wrong + [
        f"{page.project} is not found by {sorted(person.groups)}"
        for page in matrix.pages
        if matrix.may(person, page) and page.canaries[1] not in found
    ]


Shown = list[tuple[str, str]]


async def _searched(user: User, matrix: Matrix) -> Shown:
    queries = ["access code of the project", *(page.project for page in matrix.pages)]
    queries += [page.canaries[1] for page in matrix.pages]

    async def search(mode: str, query: str) -> tuple[str, str]:
        body = {"query": query, "limit": 50, "mode": mode, "explain": True, "per_chunk": query == queries[0]}
        answer = await user.post("/api/v1/search", body, expect=200)
        return f"search {mode} {query}", json.dumps(answer["hits"])  # the rest of it repeats the query

    shown = list(await asyncio.gather(*(search(mode, query) for mode in MODES for query in queries)))
    for source_id in matrix.sources:
        body = {"query": "access code", "filters": {"source_ids": [source_id]}}
        shown.append((f"search in {source_id}", json.dumps(await user.post("/api/v1/search", body, expect=200))))
    return shown


async def _listed(user: User, matrix: Matrix) -> Shown:
    paths = ["/api/v1/documents?limit=200", "/api/v1/sources?limit=200", "/api/v1/aliases", "/api/v1/status"]
    paths += [f"/api/v1/documents?source_id={source_id}" for source_id in matrix.sources]
    paths += [f"/api/v1/sources/{source_id}" for source_id in matrix.sources]
    paths += ["/api/v1/indexing/jobs", *(f"/api/v1/documents/{page.id}" for page in matrix.pages)]
    shown = [(path, (await user.http.get(path)).text) for path in paths]
    return [*shown, ("discover", (await user.http.post("/api/v1/aliases/discover", json={})).text)]


async def _history(person: Person) -> Shown:
    user = person.user
    paths = [f"/api/v1/conversations/{one}/messages" for one in person.conversations]
    paths += [f"/api/v1/answers/{one}{tail}" for one in person.answers for tail in ("", "/events")]
    shown = [(path, (await user.http.get(path)).text) for path in paths]
    return [*shown, ("resumed", await _resumed(person))]


async def _resumed(person: Person) -> str:
    frames: list[Any] = []
    async with person.user.socket() as socket:
        for answer_id in person.answers:
            await socket.send(type="resume", answer_id=answer_id, after=None)
            frames += await socket.until("done", "error")
    return json.dumps(frames)
