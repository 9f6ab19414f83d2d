"""A documentation in which each page holds words that nobody else has, and people who may read some of it."""

import asyncio
import random
import secrets
import string
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.fleet import Fleet, User, signed_in
from tests.servers import confluence, confluence_world
from tests.servers.confluence_world import Confluence

GROUPS: Final = ("amber", "birch", "cedar")
PROJECTS: Final = ("Alder", "Basalt", "Cobalt", "Dorado", "Ember", "Fjord", "Garnet", "Hazel")
UPLOADS: Final = 3
PASSWORD: Final = "a long password of a test"
ROLES: Final = (["user"], ["user"], ["editor"], ["admin"])


@dataclass
class Page:
    """`title`, `secret`: words that no question has. `place`: its id where it comes from, if that is elsewhere."""

    project: str
    source_id: str
    groups: frozenset[str]
    title: str
    secret: str
    id: str = ""
    place: str = ""

    @property
    def heading(self) -> str:
        return f"Codes {self.title}"

    @property
    def text(self) -> str:
        board = f"{self.secret.capitalize()} Review Board ({self.secret[0].upper()}RB)"
        return (
            f"The access code of the project {self.project} is {self.secret}. "
            f"Ask the porter of {self.project} for it. It was given out by the {board}."
        )

    @property
    def canaries(self) -> tuple[str, str, str]:
        return self.title, self.secret, self.id


@dataclass
class Person:
    user: User
    id: str
    email: str
    groups: frozenset[str]
    conversations: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


@dataclass
class Matrix:
    """`sources`: their groups by their ids; the last one is a Confluence whose pages are restricted there."""

    fleet: Fleet
    admin: User
    random: random.Random
    confluence: Confluence
    sources: dict[str, frozenset[str]] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def may(self, person: Person, page: Page) -> bool:
        of_source = self.sources[page.source_id]
        return all(not groups or groups & person.groups for groups in (of_source, page.groups))

    def some(self) -> frozenset[str]:
        """Groups; often none, which means everyone."""
        return frozenset(self.random.sample(GROUPS, self.random.choice((0, 0, 1, 1, 2))))

    def canary(self) -> str:
        return "zq" + "".join(self.random.choices(string.ascii_lowercase, k=12))

    async def write(self) -> None:
        """All pages with the groups that they have now, and until that is in the index."""
        *uploads, wiki = self.sources
        for source_id in uploads:
            here = [page for page in self.pages if page.source_id == source_id]
            await self._done(await self.admin.post("/api/v1/documents/batch", _batch(source_id, here), expect=202))
        for page in self.pages:
            if page.source_id == wiki:
                self.confluence.restrict(page.place, groups=[f"wiki-{group}" for group in sorted(page.groups)])
        await self._done(await self.admin.post(f"/api/v1/sources/{wiki}/sync", {}, expect=202))

    async def regroup(self) -> None:
        """Other groups for all sources and pages."""
        for source_id in self.sources:
            self.sources[source_id] = self.some()
            body = {"groups": sorted(self.sources[source_id])}
            assert (await self.admin.http.patch(f"/api/v1/sources/{source_id}", json=body)).status_code == 200
        for page in self.pages:
            page.groups = self.some()
        await self.write()

    async def move(self, person: Person, groups: frozenset[str]) -> None:
        person.groups = groups
        response = await self.admin.http.patch(f"/api/v1/users/{person.id}", json={"groups": sorted(groups)})
        assert response.status_code == 200

    async def person(self, stack: AsyncExitStack, roles: Sequence[str], groups: frozenset[str]) -> Person:
        email = f"reader-{secrets.token_hex(6)}@example.org"
        body = {"email": email, "password": PASSWORD, "roles": list(roles), "groups": sorted(groups)}
        made = await self.admin.post("/api/v1/users", body, expect=201)
        user = await stack.enter_async_context(signed_in(self.fleet, email, PASSWORD))
        return Person(user, made["id"], email, groups)

    async def _done(self, accepted: dict[str, str]) -> None:
        job = await self.admin.finished_job(accepted["job_id"])
        assert (job["state"], job["counts"]["failed"]) == ("succeeded", 0), job
        self.jobs.append(job["id"])


@asynccontextmanager
async def made_matrix(fleet: Fleet, admin: User, seed: int) -> AsyncIterator[Matrix]:
    """Its first person may read everything: what a route shows to nobody proves nothing."""
    async with AsyncExitStack() as stack:
        matrix = Matrix(fleet, admin, random.Random(seed), await stack.enter_async_context(confluence.running()))
        await _fill(matrix)
        await matrix.write()
        matrix.people.append(await matrix.person(stack, ["editor"], frozenset(GROUPS)))
        await _identify(matrix)
        for roles in ROLES:
            matrix.people.append(await matrix.person(stack, roles, matrix.some()))
        yield matrix
        await asyncio.gather(*(admin.http.delete(f"/api/v1/sources/{one}") for one in matrix.sources))


async def _fill(matrix: Matrix) -> None:
    matrix.confluence.space("DEV", "Development")
    wiki: dict[str, Any] = {
        "type": "confluence",
        "config": {
            "base_url": matrix.confluence.address,
            "deployment": "cloud",
            "spaces": ["DEV"],
            "group_map": {f"wiki-{group}": group for group in GROUPS},
        },
        "credentials": {"email": confluence_world.EMAIL, "api_token": confluence_world.API_TOKEN},
        "schedule": None,
    }
    for number, body in enumerate([*[{"type": "upload"}] * UPLOADS, wiki]):
        named = {**body, "name": f"Matrix {number}", "groups": sorted(groups := matrix.some())}
        matrix.sources[(await matrix.admin.post("/api/v1/sources", named, expect=201))["id"]] = groups
    for number, project in enumerate(PROJECTS):
        source_id = list(matrix.sources)[number % len(matrix.sources)]
        page = Page(project, source_id, matrix.some(), matrix.canary(), matrix.canary())
        if source_id == list(matrix.sources)[-1]:
            page.place = matrix.confluence.write(page.heading, f"<p>{page.text}</p>")
        matrix.pages.append(page)


async def _identify(matrix: Matrix) -> None:
    reader = matrix.people[0].user
    listed = [await reader.get("/api/v1/documents", source_id=one, limit=200) for one in matrix.sources]
    ids = {one["title"]: one["id"] for page in listed for one in page["items"]}
    for page in matrix.pages:
        page.id = ids[page.heading]


def _batch(source_id: str, pages: Sequence[Page]) -> dict[str, object]:
    documents = [
        {"external_id": page.project, "title": page.heading, "text": page.text, "groups": sorted(page.groups)}
        for page in pages
    ]
    return {"source_id": source_id, "documents": documents}
