"""Wikis, spaces, workspaces and repositories, behind servers that keep the protocols' rules: connected, followed
through changes, renames and deletions, and never heard to say a secret.
"""

import base64
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.e2e.fleet import Fleet, User, signed_in
from tests.servers import azure_devops, azure_world, confluence, confluence_world, git, notion

PASSWORD: Final = "a long password of a test"
WRONG: Final = "a-wrong-s3cret-of-a-test"
pytestmark = pytest.mark.timeout(120)


class Connected:
    """A source as its administrator has it. `requests`: what its server has heard; no answer may hold a secret."""

    def __init__(self, admin: User, source: dict[str, Any], requests: Sequence[object], secret: str) -> None:
        self.admin = admin
        self.id = str(source["id"])
        self._requests = requests
        self._secret = secret

        async def says_no_secret(response: httpx2.Response) -> None:
            text = (await response.aread()).decode("utf-8", "replace")
            assert secret not in text, response.url
            assert WRONG not in text, response.url

        admin.http.event_hooks["response"].append(says_no_secret)

    def logs_hold_no_secret(self) -> None:
        for log in (self.admin.fleet.home / "logs").glob("*.log"):
            text = log.read_text(errors="replace")
            assert self._secret not in text, log.name
            assert WRONG not in text, log.name

    async def check(self) -> dict[str, Any]:
        checked: dict[str, Any] = await self.admin.post(f"/api/v1/sources/{self.id}/check", {}, expect=200)
        return checked

    async def sync(self) -> dict[str, Any]:
        accepted = await self.admin.post(f"/api/v1/sources/{self.id}/sync", {}, expect=202)
        return await self.admin.finished_job(accepted["job_id"])

    async def synced(self, **counts: int) -> int:
        """Sync, expect these counts, and return how many requests that took."""
        before = len(self._requests)
        job = await self.sync()
        assert job["state"] == "succeeded", job
        assert {name: job["counts"][name] for name in counts} == counts, job
        return len(self._requests) - before

    async def told(self) -> dict[str, Any]:
        """As the source itself does: without signing in, by the secret that its settings were given."""
        hook = await self.admin.get(f"/api/v1/sources/{self.id}/webhook")
        proof = base64.b64encode(f"askflash:{hook['secret']}".encode()).decode()
        async with httpx2.AsyncClient(base_url=self.admin.fleet.url, trust_env=False) as http:
            assert (await http.post(hook["path"], json={})).status_code == 401
            heard = await http.post(hook["path"], json={}, headers={"Authorization": f"Basic {proof}"})
        assert heard.status_code == 202
        source = await self.admin.get(f"/api/v1/sources/{self.id}")
        return await self.admin.finished_job(source["last_job_id"])


async def connected(
    admin: User, kind: str, config: dict[str, Any], credentials: dict[str, str], requests: Sequence[object]
) -> Connected:
    """With a wrong secret first: what is said then must help, and the right one must be all that it takes."""
    [*_, name] = credentials
    body = {"type": kind, "name": f"{kind} {secrets.token_hex(3)}", "config": config}
    wrong = {**body, "credentials": {**credentials, name: WRONG}}
    source = Connected(admin, await admin.post("/api/v1/sources", wrong, expect=201), requests, credentials[name])
    checked = await source.check()
    assert not checked["ok"]
    job = await source.sync()
    assert job["state"] == "failed"
    for said in (checked["detail"], job["problems"][0]["detail"]):
        assert "credentials" in said, (checked, job)
    changed = await admin.http.patch(f"/api/v1/sources/{source.id}", json={"credentials": credentials})
    assert changed.status_code == 200, changed.text
    assert (await source.check())["ok"]
    return source


async def found(user: User, word: str) -> list[dict[str, Any]]:
    hits = (await user.post("/api/v1/search", {"query": word}, expect=200))["hits"]
    return [hit for hit in hits if word in hit["text"]]


async def person(stack: AsyncExitStack, fleet: Fleet, admin: User, *groups: str) -> User:
    email = f"reader-{secrets.token_hex(4)}@example.org"
    await admin.post("/api/v1/users", {"email": email, "password": PASSWORD, "groups": groups}, expect=201)
    return await stack.enter_async_context(signed_in(fleet, email, PASSWORD))


async def lives_and_dies(source: Connected, word: str, link: str, delete: Callable[[], Awaitable[object]]) -> None:
    """A page that is cited, and then deleted where it came from."""
    admin = source.admin
    [hit] = await found(admin, word)
    assert link in hit["url"]
    conversation = await admin.conversation()
    answer_id = await admin.question(conversation, f"What does the {word} eat?")
    assert word in (await admin.finished_answer(answer_id))["content"]
    await delete()
    assert (await source.sync())["counts"]["deleted"] == 1
    assert await found(admin, word) == []
    assert (await admin.http.get(f"/api/v1/documents/{hit['document_id']}")).status_code == 404
    answer = await admin.finished_answer(answer_id)
    assert (answer["withheld"], answer["sources"], answer["citations"]) == (True, [], [])
    messages = (await admin.http.get(f"/api/v1/conversations/{conversation}/messages")).json()["items"]
    assert "eats only" not in str(messages)
    source.logs_hold_no_secret()


def page(word: str, food: str) -> str:
    return f"The {word} eats only {food}. It sleeps in the server room on the second floor.\n"


def new_word() -> str:
    return f"quokka{secrets.token_hex(4)}"


async def test_an_azure_devops_wiki_is_followed(admin: User) -> None:
    word, newer = new_word(), new_word()
    async with azure_devops.running() as server:
        wiki = server.add_wiki("Handbook.wiki")
        page_id = server.write(wiki, "/Animals", page(word, "bamboo"))
        for number in range(5):
            server.write(wiki, f"/Other {number}", f"Nothing of interest, number {number}.\n")
        config = {"organization_url": server.organization_url, "project": azure_world.PROJECT}
        source = await connected(admin, "azure_devops_wiki", config, {"pat": server.pat}, server.requests)
        await source.synced(found=6, indexed=6)
        [hit] = await found(admin, word)
        assert f"/_wiki/wikis/{wiki.id}/{page_id}/Animals" in hit["url"] or f"/{page_id}/Animals" in hit["url"]
        assert await source.synced(indexed=0) <= 3

        server.write(wiki, "/Animals", page(newer, "leaves"))
        assert await source.synced(indexed=1) <= 8
        assert (await found(admin, word), [one["document_id"] for one in await found(admin, newer)]) == (
            [],
            [hit["document_id"]],
        )

        server.rename(wiki, "/Animals", "/Mammals")
        server.fail("/refs", 429, headers={"Retry-After": "1"})
        began = time.monotonic()
        await source.synced(deleted=0)
        assert time.monotonic() - began >= 1
        [renamed] = await found(admin, newer)
        assert (renamed["document_id"], renamed["title"]) == (hit["document_id"], "Mammals")

        server.write(wiki, "/Told", page(word, "what it is told"))
        assert (await source.told())["counts"]["indexed"] == 1
        assert len(await found(admin, word)) == 1

        async def delete() -> None:
            server.delete(wiki, "/Mammals")

        await lives_and_dies(source, newer, f"/{page_id}/", delete)


async def test_a_confluence_space_is_followed_with_its_restrictions(admin: User, fleet: Fleet) -> None:
    word, newer = new_word(), new_word()
    async with confluence.running() as server, AsyncExitStack() as stack:
        server.space("DEV", "Development")
        page_id = server.write("Animals", f"<p>{page(word, 'bamboo')}</p>")
        for number in range(5):
            server.write(f"Other {number}", f"<p>Nothing of interest, number {number}.</p>")
        board = f"board-{secrets.token_hex(3)}"
        config = {
            "base_url": server.address,
            "deployment": "cloud",
            "spaces": ["DEV"],
            "group_map": {"confluence-board": board},
        }
        credentials = {"email": confluence_world.EMAIL, "api_token": confluence_world.API_TOKEN}
        source = await connected(admin, "confluence", config, credentials, server.requests)
        await source.synced(found=6, indexed=6)
        [hit] = await found(admin, word)
        assert hit["url"].startswith(f"{server.address}/wiki/spaces/DEV/pages/{page_id}")

        server.edit(page_id, body=f"<p>{page(newer, 'leaves')}</p>", title="Mammals")
        server.fail("/wiki/rest/api/content/search", 429, Retry_After="1")
        began = time.monotonic()
        assert await source.synced(indexed=1) <= 20
        assert time.monotonic() - began >= 1
        [renamed] = await found(admin, newer)
        assert (renamed["document_id"], renamed["title"]) == (hit["document_id"], "Mammals")

        insider, outsider = await person(stack, fleet, admin, board), await person(stack, fleet, admin)
        assert len(await found(outsider, newer)) == 1
        server.restrict(page_id, groups=["confluence-board"])
        await source.told()
        assert len(await found(insider, newer)) == 1
        assert await found(outsider, newer) == []
        assert (await outsider.http.get(f"/api/v1/documents/{hit['document_id']}")).status_code == 404
        server.restrict(page_id)
        await source.sync()

        async def delete() -> None:
            server.trash(page_id)

        await lives_and_dies(source, newer, f"/pages/{page_id}", delete)


async def test_a_notion_workspace_is_followed(admin: User) -> None:
    word, newer = new_word(), new_word()
    async with notion.running() as server:
        page_id = server.write("Animals", page(word, "bamboo"))
        server.write("Other", "Nothing of interest.")
        server.tick()
        source = await connected(admin, "notion", {"api_url": server.address}, {"token": notion.TOKEN}, server.requests)
        await source.synced(found=2, indexed=2)
        [hit] = await found(admin, word)
        assert hit["url"] == f"https://app.notion.com/p/{page_id.replace('-', '')}"

        server.write(page_id, page(newer, "leaves"))
        server.rename(page_id, "Mammals")
        server.fail(f"{page_id}/markdown", 429, headers={"Retry-After": "1"})
        began = time.monotonic()
        assert await source.synced(indexed=1) <= 10
        assert time.monotonic() - began >= 1
        [renamed] = await found(admin, newer)
        assert (renamed["document_id"], renamed["title"]) == (hit["document_id"], "Mammals")

        async def delete() -> None:
            server.delete(page_id)

        await lives_and_dies(source, newer, "app.notion.com", delete)


async def test_a_repository_is_followed(admin: User, tmp_path: Path) -> None:
    word, newer = new_word(), new_word()
    docs = git.Repository(tmp_path / "docs")
    docs.write("animals.md", f"# Animals\n\n{page(word, 'bamboo')}")
    for number in range(5):
        docs.write(f"other-{number}.md", f"# Other\n\nNothing of interest, number {number}.\n")
    docs.commit()
    with git.running(tmp_path) as server:
        token = secrets.token_urlsafe(16)
        server.sign_in = f"x-access-token:{token}"
        config = {"url": server.url("docs"), "web_url": "https://git.example.com/docs/{path}"}
        source = await connected(admin, "git", config, {"token": token}, server.requests)
        await source.synced(found=6, indexed=6)
        [hit] = await found(admin, word)
        assert hit["url"] == "https://git.example.com/docs/animals.md"

        docs.write("animals.md", f"# Animals\n\n{page(newer, 'leaves')}").commit()
        assert await source.synced(indexed=1) <= 5
        docs.git("mv", "animals.md", "mammals.md")
        docs.commit()
        assert (await source.told())["state"] == "succeeded"
        [renamed] = await found(admin, newer)
        assert (renamed["document_id"], renamed["url"]) == (
            hit["document_id"],
            "https://git.example.com/docs/mammals.md",
        )
        assert await found(admin, word) == []

        async def delete() -> None:
            (docs.folder / "mammals.md").unlink()
            docs.commit()

        await lives_and_dies(source, newer, "/mammals.md", delete)


@pytest.mark.parametrize("address", ["https://192.168.0.1", "https://169.254.169.254", "http://wiki.example.com"])
async def test_what_the_operator_did_not_allow_is_not_asked_for(admin: User, address: str) -> None:
    for kind, field in (("confluence", "base_url"), ("azure_devops_wiki", "organization_url"), ("git", "url")):
        config = {field: f"{address}/acme"} | ({"project": "Handbook"} if kind == "azure_devops_wiki" else {})
        credentials = {"pat": WRONG} if kind == "azure_devops_wiki" else {"token": WRONG}
        refused = await admin.http.post(
            "/api/v1/sources", json={"type": kind, "name": "Inside", "config": config, "credentials": credentials}
        )
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["field"] == f"config.{field}"
        assert "OUTGOING_ALLOW" in refused.text
        assert WRONG not in refused.text
