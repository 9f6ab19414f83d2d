"""A repository as a source: what is listed, what changed, what is read."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Changes
from indexing_service.providers.git.blobs import BlobReader
from indexing_service.providers.git.command import GitFailedError
from tests.servers.git import Repository
from tests.unit.indexing_service.git.world import World, ids, quiet


async def test_the_documents_of_the_tree_are_listed_with_their_blobs(world: World, repository: Repository) -> None:
    inventory = await world.inventory()
    assert ids(inventory) == ["guides/deep/b.txt", "guides/setting up.md", "index.md"]
    assert inventory.complete
    assert [item.ordinal for item in inventory.items] == [0, 1, 2]
    assert inventory.items[2].version == repository.git("rev-parse", "HEAD:index.md")
    assert (inventory.cursor or "").split()[0] == repository.git("rev-parse", "HEAD")


async def test_links_other_repositories_and_hidden_files_are_left_out(world: World, repository: Repository) -> None:
    (repository.folder / "passwd.md").symlink_to("/etc/passwd")
    repository.write(".github/x.md", "x").write("a/.hidden.md", "x")
    sha = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{sha},module.md")
    repository.git("add", "passwd.md", ".github", "a")
    repository.git("commit", "--quiet", "-m", "odd")
    assert ids(await world.inventory()) == ["guides/deep/b.txt", "guides/setting up.md", "index.md"]
    async with world.source() as source:
        assert isinstance(await source.fetch("passwd.md"), Outcome)


async def test_patterns_and_a_folder_choose(world: World) -> None:
    assert ids(await world.inventory(include=["guides/**"], exclude=["deep"])) == ["guides/setting up.md"]
    assert ids(await world.inventory(subfolder="/guides/", include=["*.md"])) == ["guides/setting up.md"]
    assert (await world.document("guides/deep/b.txt", subfolder="guides")).path == ("deep",)
    refused = await world.inventory(include=["*.py"])
    assert [(item.state, "Only documents" in item.reason) for item in refused.items] == [(ItemState.WITHDRAWN, True)]


async def test_a_folder_or_branch_that_is_not_there_is_said(world: World, repository: Repository) -> None:
    with pytest.raises(UpstreamRejectedError, match="no folder `nowhere`"):
        await world.inventory(subfolder="nowhere")
    with pytest.raises(UpstreamRejectedError, match="no branch `gone`"):
        await world.inventory(branch="gone")


async def test_a_branch_is_followed_and_the_default_is_the_remotes(world: World, repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "next/one")
    repository.write("new.md", "New.").commit()
    assert "new.md" in ids(await world.inventory(branch="next/one"))
    repository.git("checkout", "--quiet", "main")
    assert "new.md" not in ids(await world.inventory())
    repository.git("symbolic-ref", "HEAD", "refs/heads/next/one")
    assert "new.md" in ids(await world.inventory())
    assert (await world.document("new.md")).content == b"New."


async def test_an_empty_repository_is_refused_instead_of_emptying_the_index(tmp_path: Path) -> None:
    Repository(tmp_path / "empty")
    with pytest.raises(UpstreamRejectedError, match="no default branch"):
        await World(tmp_path / "copies", (tmp_path / "empty").as_uri()).inventory()


async def test_what_changed_since_a_commit_is_told(world: World, repository: Repository) -> None:
    before = await world.inventory()
    repository.git("mv", "guides/setting up.md", "guides/start.md")
    repository.git("rm", "--quiet", "guides/deep/b.txt")
    head = repository.write("index.md", "# Begin\n").write("added.md", "More.").write("code.py", "x = 2").commit()
    changes = await world.changes(before.cursor)
    assert changes is not None
    assert [item.external_id for item in changes.items] == ["added.md", "guides/start.md", "index.md"]
    assert changes.items[2].version == repository.git("rev-parse", "HEAD:index.md")
    assert (changes.deleted, changes.renamed) == (["guides/deep/b.txt"], {"guides/setting up.md": "guides/start.md"})
    assert changes.cursor.split()[0] == head
    assert await world.changes(changes.cursor) == Changes([], [], changes.cursor)
    assert (await world.document("index.md")).content == b"# Begin\n"


async def test_what_moves_out_of_what_was_chosen_is_deleted_and_what_moves_in_is_new(
    world: World, repository: Repository
) -> None:
    before = await world.inventory(exclude=["archive"])
    (repository.folder / "archive").mkdir()
    repository.git("mv", "index.md", "archive/index.md")
    repository.git("mv", "code.py", "code.md")
    (repository.folder / "guides/deep/b.txt").unlink()
    (repository.folder / "guides/deep/b.txt").symlink_to("../setting up.md")
    repository.commit()
    changes = await world.changes(before.cursor, exclude=["archive"])
    assert changes is not None
    assert [item.external_id for item in changes.items] == ["code.md"]
    assert (sorted(changes.deleted), changes.renamed) == (["guides/deep/b.txt", "index.md"], {})


async def test_changes_are_told_after_a_forced_push_as_well(world: World, repository: Repository) -> None:
    before = await world.inventory()
    repository.write("index.md", "# Rewritten\n")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--amend", "-m", "Other past")
    changes = await world.changes(before.cursor)
    assert changes is not None
    assert [item.external_id for item in changes.items] == ["index.md"]


async def test_an_unknown_cursor_or_another_choice_asks_for_a_listing(world: World) -> None:
    before = await world.inventory()
    chosen = (before.cursor or "").split()[1]
    assert await world.changes(f"{'0' * 40} {chosen}") is None
    assert await world.changes(f"{'1' * 40} {chosen}") is None
    assert await world.changes("") is None
    assert await world.changes(before.cursor, include=["*.txt"]) is None
    elsewhere = World(world.home.with_name("other"), world.url)
    assert await elsewhere.changes(before.cursor) == Changes([], [], before.cursor or "")


async def test_a_document_has_its_path_its_link_and_its_commits_date(world: World, repository: Repository) -> None:
    repository.write("x.html", "<p>x").commit(date="2026-04-05T06:07:08+00:00")
    template = "https://example.com/{branch}/{path}"
    document = await world.document("guides/setting up.md", web_url=template)
    assert document.path == ("guides",)
    assert document.url == "https://example.com/main/guides/setting%20up.md"
    assert (document.title, document.format) == (None, "markdown")
    assert (document.modified_at, document.updated_at) == (datetime(2026, 4, 5, 6, 7, 8, tzinfo=UTC), None)
    page = await world.document("x.html", include=["*.html"])
    assert (page.format, page.url) == ("html", None)


async def test_the_pages_of_an_azure_devops_wiki_have_their_titles(world: World, repository: Repository) -> None:
    repository.write("How-to/Set%2Dup-a-VPN.md", "Text.").write(".order", "How-to").commit()
    template = "https://dev.azure.com/o/p/_wiki/wikis/p.wiki?pagePath=/{page}"
    document = await world.document("How-to/Set%2Dup-a-VPN.md", azure_wiki=True, web_url=template)
    assert (document.title, document.path) == ("Set-up a VPN", ("How to",))
    assert document.url == "https://dev.azure.com/o/p/_wiki/wikis/p.wiki?pagePath=/How%20to/Set-up%20a%20VPN"


WIKI_PAGE = """[[_TOC_]]

Ask @<6ff7777e-8ca5-4f04-a7f6-9e63737dddf7>, see [how](/How-to/Set%2Dup#first), [what](/Lost), [that](https://x.test).

::: mermaid
graph TD;
:::
"""


async def test_a_wikis_own_syntax_becomes_markdown(world: World, repository: Repository) -> None:
    repository.write("Home.md", WIKI_PAGE).write("How-to/Set%2Dup.md", "Text.").write(
        "odd.md", b"\xff\x00\xfe"
    ).commit()
    template = "https://dev.azure.com/o/p/_wiki/wikis/p.wiki?pagePath=/{page}"
    document = await world.document("Home.md", azure_wiki=True, web_url=template)
    there = "https://dev.azure.com/o/p/_wiki/wikis/p.wiki?pagePath=/How%20to/Set-up#first"
    assert document.content == (
        f"\nAsk @user, see [how]({there}), [what](/Lost), [that](https://x.test).\n\n```mermaid\ngraph TD;\n```\n"
    )
    assert "[how](/How-to/Set%2Dup#first)" in str((await world.document("Home.md", azure_wiki=True)).content)
    assert (await world.document("Home.md")).content == WIKI_PAGE.encode()
    assert (await world.document("odd.md", azure_wiki=True)).content == b"\xff\x00\xfe"


async def test_what_can_not_be_read_says_why(world: World, repository: Repository) -> None:
    repository.write("big.md", b"x" * 20_000_001)
    repository.write("lfs.md", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n").commit()
    async with world.source() as source:
        inventory = await source.list(quiet)
        refused = {item.external_id: item.reason for item in inventory.items if item.state is ItemState.WITHDRAWN}
        assert list(refused) == ["big.md"]
        for name, reason in (("big.md", "20 MB"), ("lfs.md", "Git LFS"), ("gone.md", "not there any more")):
            outcome = await source.fetch(name)
            assert isinstance(outcome, Outcome)
            assert (outcome.state, reason in outcome.reason) == (ItemState.WITHDRAWN, True)


def lose(world: World, *, but: str = "") -> None:
    """The copy's objects, but this one."""
    [folder] = [folder for folder in world.home.iterdir() if folder.is_dir()]
    git = ["git", f"--git-dir={folder}"]
    kept = subprocess.run([*git, "cat-file", "commit", but], check=True, capture_output=True).stdout if but else b""
    for pack in folder.glob("objects/pack/*"):
        pack.unlink()
    if but:
        subprocess.run([*git, "hash-object", "-t", "commit", "-w", "--stdin"], input=kept, check=True)


async def test_a_file_that_the_copy_lost_fails_alone_and_a_listing_mends_it(world: World) -> None:
    async with world.source() as source:
        await source.list(quiet)
        lose(world)
        outcome = await source.fetch("index.md")
        assert isinstance(outcome, Outcome)
        assert (outcome.state, "copy of the repository" in outcome.reason) == (ItemState.FAILED, True)
        assert len(ids(await source.list(quiet))) == 3
        assert isinstance(await source.fetch("index.md"), SourceDocument)


async def test_a_copy_that_can_not_be_listed_is_made_anew(world: World, repository: Repository) -> None:
    before = await world.inventory()
    lose(world, but=repository.git("rev-parse", "HEAD"))
    with pytest.raises(UpstreamUnavailableError, match="made anew"):
        await world.inventory()
    assert await world.inventory() == before


async def test_five_thousand_files_are_listed_and_counted_on_the_way(world: World, repository: Repository) -> None:
    for number in range(5_000):
        repository.write(f"many/{number % 50}/{number}.md", f"# Page {number}\n")
    repository.commit()
    seen: list[int] = []
    async with world.source() as source:
        inventory = await source.list(seen.append)
        assert len(inventory.items) == 5_003
        assert (seen[0], seen[-1]) == (1_000, 5_003)
        last = await source.fetch("many/49/4999.md")
    assert isinstance(last, SourceDocument)
    assert last.content == b"# Page 4999\n"


async def test_names_that_are_not_utf_8_are_refused_with_a_reason(world: World, repository: Repository) -> None:
    repository.write(os.fsdecode(b"caf\xe9.md"), "x").commit()
    inventory = await world.inventory()
    [item] = [item for item in inventory.items if item.state is ItemState.WITHDRAWN]
    assert ("UTF-8" in item.reason, item.external_id.partition("~")[0]) == (True, "caf\\xe9.md")


async def test_a_document_that_moves_to_a_name_that_can_not_be_kept_is_gone(
    world: World, repository: Repository
) -> None:
    before = await world.inventory()
    repository.git("mv", "index.md", os.fsdecode(b"caf\xe9.md"))
    repository.commit()
    changes = await world.changes(before.cursor)
    assert changes is not None
    assert (changes.deleted, changes.renamed) == (["index.md"], {})
    assert [item.state for item in changes.items] == [ItemState.WITHDRAWN]
    repository.git("mv", os.fsdecode(b"caf\xe9.md"), "back.md")
    repository.commit()
    back = await world.changes(changes.cursor)
    assert back is not None
    gone = [item.external_id for item in changes.items]
    assert ([item.external_id for item in back.items], back.deleted, back.renamed) == (["back.md"], gone, {})


async def test_a_check_counts_and_never_raises(world: World, repository: Repository) -> None:
    async with world.source() as source:
        check = await source.check()
        assert (check.ok, check.found) == (True, {"documents": 3, "skipped": 0})
        assert "`main`" in check.detail
        assert await source.permissions() is None
    async with World(world.home, "file:///nowhere/at/all").source() as source:
        check = await source.check()
    assert (check.ok, "no such repository" in check.detail) == (False, True)


async def test_a_repository_with_too_many_files_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexing_service.providers.git.source._MAX_FILES", 3)
    with pytest.raises(UpstreamRejectedError, match="more than 3 files"):
        await world.inventory()


async def test_reading_goes_on_after_a_name_that_is_not_here(world: World, repository: Repository) -> None:
    await world.inventory()
    sha = repository.git("rev-parse", "HEAD:index.md")
    async with BlobReader(world.clone().git) as reader:
        with pytest.raises(GitFailedError, match="missing"):
            await reader.read("1" * 40)
        assert await reader.read(sha) == b"# Start\n"


async def test_a_reader_that_died_starts_again(world: World, repository: Repository) -> None:
    repository.write("index.md", b"x" * 5_000_000).commit()
    await world.inventory()
    sha = repository.git("rev-parse", "HEAD:index.md")
    async with BlobReader(world.clone().git) as reader:
        assert await reader.read(sha) == await reader.read(sha)
        assert reader._process is not None
        reader._process.kill()
        with pytest.raises(GitFailedError, match="ended"):
            await reader.read(sha)
        assert len(await reader.read(sha)) == 5_000_000


async def test_half_an_answer_is_none(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nread asked\nprintf "%s blob 10\\n12" "$asked"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    async with BlobReader(world.clone().git) as reader:
        with pytest.raises(GitFailedError, match="ended"):
            await reader.read("1" * 40)
