import json
from collections.abc import Sequence

import pytest

from indexing_service.interfaces import Item
from indexing_service.interfaces.providers import Changes, DocumentationSourceInterface
from tests.servers.azure_world import AzureDevOps, Wiki
from tests.unit.indexing_service.azure_devops.conftest import Connect


def found(_: int) -> None: ...


def ids(items: Sequence[Item]) -> set[str]:
    return {item.external_id for item in items}


@pytest.fixture
async def cursor(server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface) -> str:
    """After a listing of five pages; what was asked for before is forgotten."""
    for path in ("/Home", "/Guides", "/Guides/First", "/Guides/Second", "/Last"):
        server.write(wiki, path, f"# {path}\n\nText of {path}.")
    inventory = await source.list(found)
    server.requests.clear()
    assert inventory.cursor
    return inventory.cursor


async def told(source: DocumentationSourceInterface, cursor: str) -> Changes:
    changes = await source.changes(cursor, found)
    assert changes is not None
    return changes


async def test_an_unchanged_wiki_costs_two_requests(
    server: AzureDevOps, wiki: Wiki, cursor: str, connect: Connect
) -> None:
    async with connect() as source:
        changes = await told(source, cursor)
    assert (changes.items, changes.deleted, changes.cursor) == ([], [], cursor)
    assert len(server.requests) == 2


async def test_adds_and_edits_are_told_with_the_versions_of_a_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    edited = server.write(wiki, "/Home", "# Home, edited")
    added = server.write(wiki, "/New: one", "# New")
    changes = await told(source, cursor)
    assert ids(changes.items) == {f"{wiki.id}/{edited}", f"{wiki.id}/{added}"}
    assert changes.deleted == []
    listed = {item.external_id: item.version for item in (await source.list(found)).items}
    assert {item.external_id: item.version for item in changes.items}.items() <= listed.items()


async def test_a_deleted_page_is_told_when_no_listing_has_it(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    gone = wiki.pages["/Guides/First"]
    server.delete(wiki, "/Guides/First")
    changes = await told(source, cursor)
    assert (changes.items, changes.deleted) == ([], [f"{wiki.id}/{gone}"])
    assert str(gone) not in json.loads(changes.cursor)["wikis"][wiki.id]["pages"].split(",")


async def test_a_file_that_is_gone_while_its_page_is_not_deletes_nothing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    pages = dict(wiki.pages)
    server.delete(wiki, "/Last")
    wiki.pages = pages
    assert (await told(source, cursor)).deleted == []


async def test_more_missing_pages_than_missing_files_ask_for_a_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.delete(wiki, "/Last")
    wiki.unlisted.update({wiki.pages["/Home"], wiki.pages["/Guides"]})
    assert await source.changes(cursor, found) is None


async def test_a_renamed_page_is_the_same_page_changed(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    before = {item.external_id: item.version for item in (await source.list(found)).items}
    moved = {wiki.pages[path] for path in ("/Guides", "/Guides/First", "/Guides/Second")}
    server.rename(wiki, "/Guides", "/How-to")
    changes = await told(source, cursor)
    assert ids(changes.items) == {f"{wiki.id}/{page}" for page in moved}
    assert (changes.deleted, changes.renamed) == ([], {})
    assert all(before[item.external_id] != item.version for item in changes.items)


async def test_order_attachments_and_other_files_are_no_changes(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.put(wiki, "/.order", b"Last\nHome\n")
    server.put(wiki, "/.attachments/map.png", b"\x89PNG")
    changes = await told(source, cursor)
    assert (changes.items, changes.deleted) == ([], [])
    assert json.loads(changes.cursor)["wikis"][wiki.id]["commit"] == wiki.repository.head.id
    assert server.counted("pagesbatch") == 0


async def test_changes_go_on_from_the_cursor_that_they_gave(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.write(wiki, "/Home", "# Home, edited")
    first = await told(source, cursor)
    deleted = wiki.pages["/Last"]
    server.delete(wiki, "/Last")
    second = await told(source, first.cursor)
    assert (second.items, second.deleted) == ([], [f"{wiki.id}/{deleted}"])
    assert (await told(source, second.cursor)).items == []


async def test_many_changes_come_in_pages(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.largest_change_page = 7
    added = {server.write(wiki, f"/More/{number}", str(number)) for number in range(40)}
    assert ids((await told(source, cursor)).items) == {f"{wiki.id}/{page}" for page in added}
    assert server.counted("diffs/commits") == 6


async def test_differences_that_always_begin_at_the_first_end_all_the_same(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.ignores_skip = True
    added = {server.write(wiki, f"/More/{number}", str(number)) for number in range(5)}
    assert ids((await told(source, cursor)).items) == {f"{wiki.id}/{page}" for page in added}
    assert server.counted("diffs/commits") == 2


async def test_differences_that_can_not_all_be_seen_ask_for_a_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.ignores_skip = True
    wiki.repository.commit({f"/More/{number}.md": b"x" for number in range(1_200)})
    assert await source.changes(cursor, found) is None


async def test_a_page_that_the_listing_does_not_have_yet_is_asked_for(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    fresh = server.write(wiki, "/Fresh", "# Fresh")
    wiki.unlisted.add(fresh)
    changes = await told(source, cursor)
    assert ids(changes.items) == {f"{wiki.id}/{fresh}"}
    assert (await told(source, changes.cursor)).deleted == []


async def test_a_page_that_was_deleted_while_it_was_looked_for_is_left_to_the_next_time(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.write(wiki, "/Short-lived", "# Short")
    del wiki.pages["/Short-lived"]
    assert (await told(source, cursor)).items == []


async def test_a_forced_push_asks_for_a_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    wiki.repository.force_push()
    assert await source.changes(cursor, found) is None


async def test_a_history_that_left_the_commit_behind_asks_for_a_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.write(wiki, "/Home", "# Home, edited")
    server.fail("diffs/commits", 200, body={"changes": [], "behindCount": 1, "allChangesIncluded": True})
    assert await source.changes(cursor, found) is None
    server.fail("diffs/commits", 200, body={"changes": [], "commonCommit": "c0ffee", "allChangesIncluded": True})
    assert await source.changes(cursor, found) is None


async def test_a_listing_that_goes_round_in_circles_is_not_believed(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.delete(wiki, "/Last")
    server.batch_size, server.repeats_token = 1, True
    assert await source.changes(cursor, found) is None


async def test_another_choice_of_pages_asks_for_a_listing(
    server: AzureDevOps, wiki: Wiki, cursor: str, connect: Connect
) -> None:
    async with connect(paths=["/Guides"]) as source:
        assert await source.changes(cursor, found) is None


async def test_another_wiki_asks_for_a_listing(server: AzureDevOps, wiki: Wiki, cursor: str, connect: Connect) -> None:
    server.add_wiki("Other")
    async with connect() as source:
        assert await source.changes(cursor, found) is None


async def test_a_wiki_that_was_disabled_asks_for_a_listing(
    server: AzureDevOps, wiki: Wiki, cursor: str, connect: Connect
) -> None:
    wiki.disabled = True
    async with connect() as source:
        assert await source.changes(cursor, found) is None


async def test_a_page_that_leaves_the_chosen_paths_is_deleted_and_one_that_comes_is_added(
    server: AzureDevOps, wiki: Wiki, connect: Connect, cursor: str
) -> None:
    async with connect(paths=["/Guides"]) as source:
        narrowed = (await source.list(found)).cursor or ""
        leaves, comes = wiki.pages["/Guides/First"], wiki.pages["/Last"]
        server.rename(wiki, "/Guides/First", "/First")
        server.rename(wiki, "/Last", "/Guides/Last")
        changes = await told(source, narrowed)
    assert (ids(changes.items), changes.deleted) == ({f"{wiki.id}/{comes}"}, [f"{wiki.id}/{leaves}"])


async def test_a_folder_that_is_moved_as_one_asks_for_a_listing(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, cursor: str
) -> None:
    server.rename(wiki, "/Guides", "/Manuals")
    moved = {"item": {"gitObjectType": "tree", "path": "/Manuals", "isFolder": True}, "changeType": "rename"}
    server.fail("diffs/commits", 200, body={"changes": [moved], "allChangesIncluded": True})
    assert await source.changes(cursor, found) is None
