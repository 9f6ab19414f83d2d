import json
from typing import Any

import pytest

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces import ItemState, SourceDocument
from indexing_service.interfaces.providers import DocumentationSourceInterface, Inventory
from tests.servers.azure_git import object_id
from tests.servers.azure_world import AzureDevOps, Wiki
from tests.unit.indexing_service.azure_devops.conftest import Connect


def found(_: int) -> None: ...


def versions(inventory: Inventory) -> dict[str, str]:
    return {item.external_id: item.version for item in inventory.items if item.state is ItemState.PENDING}


async def test_pages_go_by_wiki_and_page_id_and_their_files_give_the_version(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    home = server.write(wiki, "/Home", "# Home")
    setup = server.write(wiki, "/How to/Set-up: why?", "# Set-up")
    server.put(wiki, "/.attachments/notes.md", b"no page")
    inventory = await source.list(found)
    listed = versions(inventory)
    assert (inventory.complete, list(listed)) == (True, [f"{wiki.id}/{home}", f"{wiki.id}/{setup}"])
    assert listed[f"{wiki.id}/{home}"].startswith(object_id(b"# Home"))
    assert listed[f"{wiki.id}/{setup}"].startswith(object_id(b"# Set-up"))


async def test_a_listing_goes_on_until_there_is_no_token_and_short_batches_are_no_end(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    for number in range(23):
        server.write(wiki, f"/Page {number}", str(number))
    server.batch_size = 4
    counts: list[int] = []
    inventory = await source.list(counts.append)
    assert (len(inventory.items), inventory.complete) == (23, True)
    assert counts == [4, 8, 12, 16, 20, 23, 23]
    assert server.counted("pagesbatch") == 6


async def test_more_than_a_hundred_pages_are_all_there(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    for number in range(230):
        server.write(wiki, f"/Page {number}", str(number))
    assert len((await source.list(found)).items) == 230
    assert server.counted("POST") == 3
    assert server.counted("/items") == 1


async def test_a_token_that_comes_again_ends_an_incomplete_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    for number in range(9):
        server.write(wiki, f"/Page {number}", str(number))
    server.batch_size, server.repeats_token = 2, True
    inventory = await source.list(found)
    assert (inventory.complete, inventory.cursor) == (False, None)


async def test_a_listing_that_is_cut_off_is_none(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    for number in range(9):
        server.write(wiki, f"/Page {number}", str(number))
    server.batch_size = 4
    server.fail("pagesbatch", 200, body='{"value": [{"id": 1, "pa', times=99)
    with pytest.raises(UpstreamUnavailableError):
        await source.list(found)


async def test_a_page_that_the_listing_does_not_know_yet_is_asked_for(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Home", "# Home")
    fresh = server.write(wiki, "/Fresh page", "# Fresh")
    wiki.unlisted.add(fresh)
    listed = versions(await source.list(found))
    assert listed[f"{wiki.id}/{fresh}"].startswith(object_id(b"# Fresh"))


async def test_a_file_that_is_no_page_is_left_out(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    home = server.write(wiki, "/Home", "# Home")
    server.put(wiki, "/Stray.md", b"# nobody's")
    assert list(versions(await source.list(found))) == [f"{wiki.id}/{home}"]


async def test_a_file_whose_name_hides_its_page_is_found_by_the_pages_id(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Über", "# Über")
    wiki.pages = {"/U\u0308ber": page}
    server.fail("/pages$", 200, body={"id": page, "path": "/U\u0308ber"})
    listed = versions(await source.list(found))
    assert list(listed) == [f"{wiki.id}/{page}"]
    assert listed[f"{wiki.id}/{page}"].startswith(object_id("# Über".encode()))


async def test_a_page_whose_file_is_not_there_yet_is_kept_without_a_version(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    home = server.write(wiki, "/Home", "# Home")
    wiki.pages["/Just written"] = 77
    assert versions(await source.list(found)) == {
        f"{wiki.id}/{home}": versions(await source.list(found))[f"{wiki.id}/{home}"],
        f"{wiki.id}/77": "",
    }


async def test_a_folder_without_a_page_has_nothing_to_show(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Guides/First", "# First")
    wiki.pages["/Guides"] = 78
    inventory = await source.list(found)
    bare = next(item for item in inventory.items if item.external_id == f"{wiki.id}/78")
    assert (bare.state, bool(bare.reason), inventory.complete) == (ItemState.WITHDRAWN, True, True)


async def test_a_code_wiki_is_a_folder_of_its_repository(
    server: AzureDevOps, source: DocumentationSourceInterface
) -> None:
    code = server.add_wiki("Code", root="/docs", branches=("main", "release"))
    page = server.write(code, "/Read me", "# Read me")
    server.put(code, "/src/README.md", b"# not shown")
    listed = versions(await source.list(found))
    assert listed == {f"{code.id}/{page}": listed[f"{code.id}/{page}"]}
    assert listed[f"{code.id}/{page}"].startswith(object_id(b"# Read me"))


async def test_paths_choose_pages_with_those_beneath(server: AzureDevOps, wiki: Wiki, connect: Connect) -> None:
    server.write(wiki, "/Home", "# Home")
    chosen = {server.write(wiki, path, path) for path in ("/Guides", "/Guides/First")}
    server.write(wiki, "/Guides old", "# Old")
    async with connect(paths=["/Guides"]) as source:
        inventory = await source.list(found)
    assert set(versions(inventory)) == {f"{wiki.id}/{page}" for page in chosen}


async def test_wikis_are_chosen_by_name_or_id(server: AzureDevOps, wiki: Wiki, connect: Connect) -> None:
    server.write(wiki, "/Home", "# Home")
    other = server.add_wiki("Other")
    server.write(other, "/Home", "# Other")
    for name in (other.id, other.name):
        async with connect(wikis=[name]) as source:
            assert {item.external_id.partition("/")[0] for item in (await source.list(found)).items} == {other.id}
    async with connect() as source:
        assert len((await source.list(found)).items) == 2


async def test_a_branch_of_a_code_wiki_may_be_named(server: AzureDevOps, connect: Connect) -> None:
    code = server.add_wiki("Code", root="/docs", branches=("main", "release"))
    code.repository.branch = "release"
    server.write(code, "/Read me", "# Read me")
    async with connect(branch="release") as source:
        assert len((await source.list(found)).items) == 1
    async with connect() as source:
        with pytest.raises(UpstreamRejectedError, match=r"no branch main \(published: main, release\)"):
            await source.list(found)


async def test_a_disabled_wiki_is_named_and_the_others_are_listed(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Home", "# Home")
    other = server.add_wiki("Other")
    other.disabled = True
    inventory = await source.list(found)
    failed = [item for item in inventory.items if item.state is ItemState.FAILED]
    assert [(item.external_id, "disabled" in item.reason) for item in failed] == [(f"{other.id}/", True)]
    assert (len(inventory.items), inventory.complete, inventory.cursor) == (2, False, None)


async def test_nothing_that_can_be_read_is_an_error(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    wiki.disabled = True
    with pytest.raises(UpstreamRejectedError, match="disabled"):
        await source.list(found)


async def test_the_cursor_holds_the_commit_that_was_read_before_the_pages(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Home", "# Home")
    server.write(wiki, "/Second", "# Second")
    cursor = json.loads((await source.list(found)).cursor or "")
    expected = {"branch": "wikiMain", "commit": wiki.repository.head.id, "pages": "1-2"}
    assert cursor == {"paths": [], "wikis": {wiki.id: expected}}
    calls = [request.rpartition("/")[2] for request in server.requests]
    assert calls.index("refs") < calls.index("items") < calls.index("pagesbatch")


async def test_the_same_wiki_is_listed_the_same_way_by_old_servers(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    listings = []
    for version in ("6.0", "7.0", "7.1"):
        async with connect(api_version=version) as source:
            listings.append(await source.list(found))
            wiki_page = await source.fetch(f"{wiki.id}/{page}")
            assert not isinstance(wiki_page, ItemState)
    assert listings[0] == listings[1] == listings[2]
    asked = {query["api-version"] for query in server.queries}
    assert asked == {"6.0", "6.0-preview.1", "7.0", "7.1"}


@pytest.mark.parametrize("part", ["wiki/wikis$", "/refs", "/items", "pagesbatch"])
@pytest.mark.parametrize("body", [{"value": [{}]}, {"message": "hello"}, "[1]", '"text"'])
async def test_an_answer_of_another_shape_is_none(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, part: str, body: dict[str, Any] | str
) -> None:
    server.write(wiki, "/Home", "# Home")
    server.fail(part, 200, body=body)
    with pytest.raises(UpstreamUnavailableError):
        await source.list(found)


@pytest.mark.parametrize("absent", [["/refs"], ["/refs", "/commits"], ["/refs", "/commits", "/stats/"]])
async def test_the_commit_is_asked_for_in_the_way_that_the_server_knows(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, absent: list[str]
) -> None:
    server.write(wiki, "/Home", "# Home")
    whole = await source.list(found)
    server.absent = set(absent)
    assert await source.list(found) == whole


@pytest.mark.parametrize("git", ["absent", "not allowed", "without items"])
async def test_a_wiki_without_its_repository_is_read_by_its_pages(
    server: AzureDevOps, wiki: Wiki, connect: Connect, git: str
) -> None:
    pages = [server.write(wiki, path, f"# {path}\n\nÜber `@<x>`") for path in ("/Home", "/Home/Set-up", "/How to")]
    async with connect() as source:
        with_git = await source.list(found)
    if git == "not allowed":
        server.scopes = {"wiki"}
    else:
        server.absent = {"/git/"} if git == "absent" else {"/items"}
    async with connect() as source:
        inventory = await source.list(found)
        documents = [await source.fetch(f"{wiki.id}/{page}") for page in pages]
        assert (await source.check()).ok
        assert await source.changes(with_git.cursor or "", found) is None or git == "without items"
    assert (inventory.items, inventory.complete, inventory.cursor) == (with_git.items, True, None)
    contents = [document.content for document in documents if isinstance(document, SourceDocument)]
    assert contents == [f"# {path}\n\nÜber `@<x>`" for path in ("/Home", "/Home/Set-up", "/How to")]


async def test_a_page_whose_tag_is_not_said_is_read_each_time(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    server.absent = {"/git/"}
    server.fail(f"/pages/{page}", 404, body={"typeKey": "WikiPageNotFoundException"})
    [item] = (await source.list(found)).items
    assert (item.state, item.version) == (ItemState.PENDING, "")


async def test_without_git_a_page_that_breaks_is_listed_with_no_version(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.scopes = {"wiki"}
    broken, fine = server.write(wiki, "/Broken", "text"), server.write(wiki, "/Fine", "text")
    server.fail(f"/pages/{broken}$", 200, times=9, body="{")
    listed = versions(await source.list(found))
    assert [bool(listed[f"{wiki.id}/{page}"]) for page in (broken, fine)] == [False, True]


@pytest.mark.parametrize(("pages", "status", "headers"), [(11, 200, {}), (1, 429, {"Retry-After": "300"})])
async def test_without_git_a_listing_waits_for_a_server_that_breaks_at_every_page_or_throttles(
    server: AzureDevOps,
    wiki: Wiki,
    source: DocumentationSourceInterface,
    pages: int,
    status: int,
    headers: dict[str, str],
) -> None:
    server.scopes = {"wiki"}
    for number in range(pages):
        server.write(wiki, f"/Page {number}", "text")
    server.fail("/pages/", status, times=99, headers=headers, body="{")
    with pytest.raises(UpstreamUnavailableError):
        await source.list(found)
