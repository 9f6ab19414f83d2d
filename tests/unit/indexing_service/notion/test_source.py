"""A Notion workspace as a source: what is listed, what changed, what is read."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import NotFoundError, UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Access, Changes, DocumentationSourceInterface, Inventory
from indexing_service.providers.notion.provider import NotionProvider
from indexing_service.providers.rest_pace import Timing
from tests.servers.notion import SHAPES, TOKEN, NotionWorld, block, rich, running


class Clock:
    """Time that passes by waiting only."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def timing(self, world: NotionWorld) -> Timing:
        return Timing(
            monotonic=lambda: self.seconds,
            now=lambda: world.moment + timedelta(seconds=self.seconds),
            sleep=self.sleep,
            jitter=lambda _, most: most,
        )


@dataclass
class Workspace:
    world: NotionWorld
    clock: Clock

    @asynccontextmanager
    async def source(self, token: str = TOKEN, **config: Any) -> AsyncIterator[DocumentationSourceInterface]:
        provider = NotionProvider(OutgoingPolicy(["127.0.0.1"]), self.clock.timing(self.world))
        access = Access({"api_url": self.world.address, **config}, {"token": token})
        async with provider.connect(await provider.validated(access)) as source:
            yield source

    async def inventory(self, **config: Any) -> Inventory:
        async with self.source(**config) as source:
            return await source.list(lambda _: None)

    async def changes(self, cursor: str | None, **config: Any) -> Changes | None:
        async with self.source(**config) as source:
            return await source.changes(cursor or "", lambda _: None)

    async def fetch(self, page: str) -> SourceDocument | Outcome:
        async with self.source() as source:
            return await source.fetch(page)

    async def document(self, page: str) -> SourceDocument:
        found = await self.fetch(page)
        assert isinstance(found, SourceDocument), found
        return found


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with running() as world:
        yield Workspace(world, Clock())


@pytest.fixture
def world(workspace: Workspace) -> NotionWorld:
    return workspace.world


def inside(page: str) -> dict[str, str]:
    return {"type": "page_id", "page_id": page}


def versions(inventory: Inventory | Changes | None) -> dict[str, str]:
    assert inventory is not None
    return {item.external_id: item.version for item in inventory.items}


async def test_every_page_is_listed_once_over_all_the_pages_of_results(
    workspace: Workspace, world: NotionWorld
) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(7)]
    world.page_size = 2
    world.tick()
    seen: list[int] = []
    async with workspace.source() as source:
        inventory = await source.list(seen.append)
    assert sorted(versions(inventory)) == sorted(pages)
    assert [item.ordinal for item in inventory.items] == list(range(7))
    assert inventory.complete
    assert seen[-1] == 7
    assert set(versions(inventory).values()) == {"2026-07-04T09:00:00.000Z"}


async def test_pages_that_search_does_not_find_are_found_in_their_data_sources_and_above_others(
    workspace: Workspace, world: NotionWorld
) -> None:
    _, source = world.data_source("Runbooks")
    entry = world.write("Restart", "Text.", parent={"type": "data_source_id", "data_source_id": source})
    parent = world.write("Parent", "Text.")
    child = world.write("Child", "Text.", parent=inside(parent))
    orphan = world.write("Orphan", "Text.", parent=inside("0" * 32))
    world.hidden |= {entry, parent}
    assert set(versions(await workspace.inventory())) == {entry, parent, child, orphan}


async def test_a_source_may_be_limited_to_pages_with_all_beneath_and_to_databases(
    workspace: Workspace, world: NotionWorld
) -> None:
    top = world.write("Top", "Text.")
    toggle = block("toggle", "More")
    world.add_blocks(top, [toggle])
    toggle_block = world.objects[toggle["id"]]
    toggle_block["parent"] = inside(top)
    child = world.write("Child", "Text.", parent={"type": "block_id", "block_id": toggle["id"]})
    database, source = world.data_source("Runbooks")
    entry = world.write("Restart", "Text.", parent={"type": "data_source_id", "data_source_id": source})
    other = world.write("Other", "Text.")
    limited = await workspace.inventory(pages=[f"https://www.notion.so/team/Top-{top.replace('-', '')}?pvs=4"])
    assert (set(versions(limited)), limited.complete) == ({top, child}, True)
    assert set(versions(await workspace.inventory(data_sources=[database]))) == {entry}
    world.hidden |= {entry, source, top}
    assert set(versions(await workspace.inventory(data_sources=[source]))) == {entry}
    assert set(versions(await workspace.inventory(pages=[top], data_sources=[source]))) == {top, child, entry}
    assert other in versions(await workspace.inventory())


async def test_what_was_named_and_is_not_found_leaves_the_rest_untouched(
    workspace: Workspace, world: NotionWorld
) -> None:
    page = world.write("Page", "Text.")
    inventory = await workspace.inventory(pages=[page, "0" * 32])
    assert (set(versions(inventory)), inventory.complete) == ({page}, False)
    assert not (await workspace.inventory(data_sources=["0" * 32])).complete


async def test_what_was_named_and_lies_in_the_trash_is_gone(workspace: Workspace, world: NotionWorld) -> None:
    kept, gone = world.write("Kept", "Text."), world.write("Gone", "Text.")
    world.delete(gone)
    inventory = await workspace.inventory(pages=[kept, gone])
    assert (set(versions(inventory)), inventory.complete) == ({kept}, True)


async def test_a_long_listing_says_how_far_it_is(workspace: Workspace, world: NotionWorld) -> None:
    for number in range(230):
        world.write(f"Page {number}", "Text.")
    seen: list[int] = []
    async with workspace.source() as source:
        await source.list(seen.append)
    assert seen == [100, 200, 230]


async def test_what_notion_cuts_off_is_no_complete_listing(workspace: Workspace, world: NotionWorld) -> None:
    _, source = world.data_source("Runbooks")
    for number in range(3):
        world.write(f"Entry {number}", "Text.", parent={"type": "data_source_id", "data_source_id": source})
    world.limit = 2
    assert not (await workspace.inventory()).complete


async def test_a_listing_that_breaks_in_the_middle_is_none(workspace: Workspace, world: NotionWorld) -> None:
    for number in range(5):
        world.write(f"Page {number}", "Text.")
    world.page_size = 2
    world.fail("/v1/search", 502, times=99)
    with pytest.raises(UpstreamUnavailableError):
        await workspace.inventory()
    world.faults.clear()
    world.fail("/v1/search", 200, times=99, body={**SHAPES["list"], "has_more": True, "next_cursor": "again"})
    with pytest.raises(UpstreamUnavailableError, match="same cursor twice"):
        await workspace.inventory()
    world.faults.clear()
    world.fail("/v1/search", 200, times=1, body={**SHAPES["list"], "has_more": True})
    assert not (await workspace.inventory()).complete


async def test_changes_are_read_back_to_the_cursor_with_an_overlap(workspace: Workspace, world: NotionWorld) -> None:
    old = [world.write(f"Page {number}", "Text.") for number in range(6)]
    _, source = world.data_source("Runbooks")
    world.tick()
    last = world.write("Last", "Text.")
    before = await workspace.inventory()
    world.tick(2)  # within the overlap: search may have come behind
    late = world.write("Late", "Text.")
    world.tick(60)
    world.write(old[0], "Changed.")
    entry = world.write("Entry", "Text.", parent={"type": "data_source_id", "data_source_id": source})
    world.hidden.add(entry)
    world.page_size = 2
    changes = await workspace.changes(before.cursor)
    assert changes is not None
    assert set(versions(changes)) == {last, late, old[0], entry}
    assert (changes.deleted, changes.cursor.split()[0]) == ([], "2026-07-04T10:12:00.000Z")
    world.tick(60)
    again = await workspace.changes(changes.cursor)
    assert again is not None
    assert (set(versions(again)), again.cursor) == ({old[0], entry}, changes.cursor)


async def test_an_unknown_cursor_or_other_limits_ask_for_a_listing(workspace: Workspace, world: NotionWorld) -> None:
    assert (await workspace.inventory()).items == []
    empty = await workspace.inventory()
    assert await workspace.changes(empty.cursor) is None
    page = world.write("Page", "Text.")
    cursor = (await workspace.inventory()).cursor or ""
    assert await workspace.changes(cursor, pages=[page]) is None
    assert await workspace.changes(f"yesterday {cursor.split()[1]}") is None


async def test_a_second_edit_in_the_same_minute_is_another_version(workspace: Workspace, world: NotionWorld) -> None:
    page = world.write("Page", "First.")
    first = versions(await workspace.inventory())[page]
    world.write(page, "Second.")
    workspace.clock.seconds += 30
    second = versions(await workspace.inventory())[page]
    assert first != second
    world.tick()
    settled = versions(await workspace.inventory())[page]
    assert settled not in {first, second}
    world.tick()
    assert versions(await workspace.inventory())[page] == settled == "2026-07-04T09:00:00.000Z"


async def test_a_page_has_its_title_its_path_its_link_and_its_date(workspace: Workspace, world: NotionWorld) -> None:
    top = world.write("Handbook", "Text.")
    _, source = world.data_source("Runbooks", parent=inside(top))
    properties: Mapping[str, Any] = {"Status": {"type": "status", "status": {"name": "Ready"}}}
    entry = {"type": "data_source_id", "data_source_id": source}
    page = world.write("Restart", "Turn it off.\n", parent=entry, properties=properties)
    document = await workspace.document(page)
    assert document.content == "- Status: Ready\n\nTurn it off."
    assert (document.title, document.path, document.format) == ("Restart", ("Handbook", "Runbooks"), "markdown")
    assert document.url == world.objects[page]["url"]
    assert document.updated_at == document.modified_at == datetime(2026, 7, 4, 9, 0, tzinfo=UTC)
    world.unshared.add(top)
    assert (await workspace.document(page)).path == ("Runbooks",)
    world.objects[page]["properties"] = {}
    assert (await workspace.document(page)).title == "Untitled"


async def test_what_is_in_the_trash_is_withdrawn_and_not_listed(workspace: Workspace, world: NotionWorld) -> None:
    page = world.write("Page", "Text.")
    world.delete(page)
    assert (await workspace.inventory()).items == []
    outcome = await workspace.fetch(page)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, "trash" in outcome.reason) == (ItemState.WITHDRAWN, True)


async def test_what_is_not_shared_is_skipped_because_it_may_be_there(workspace: Workspace, world: NotionWorld) -> None:
    page = world.write("Page", "Text.")
    world.unshared.add(page)
    outcome = await workspace.fetch(page)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, "not shared with the integration" in outcome.reason) == (ItemState.SKIPPED, True)


async def test_a_page_that_is_cut_off_is_read_block_by_block(workspace: Workspace, world: NotionWorld) -> None:
    page = world.write("Page", "<unknown/>")
    lost = block("synced_block", children=[block("paragraph", "Elsewhere.")])
    blocks = [
        block("heading_2", "Steps"),
        block("bulleted_list_item", "One", children=[block("bulleted_list_item", "Half")]),
        block("child_page", title="Other", children=[block("paragraph", "Not this page's.")]),
        lost,
        block("paragraph", "End."),
    ]
    world.add_blocks(page, blocks)
    world.unshared.add(lost["id"])
    world.page_size = 2
    document = await workspace.document(page)
    assert isinstance(document.content, str)
    assert document.content.startswith("## Steps\n\n- One\n    - Half\n\n[Other](https://www.notion.so/")
    assert document.content.endswith("\n\nEnd.")
    assert "Not this page's" not in document.content


@pytest.mark.parametrize("status", [400, 404])
async def test_where_there_is_no_markdown_blocks_are_read(
    workspace: Workspace, world: NotionWorld, status: int
) -> None:
    page = world.write("Page", "Text.")
    world.add_blocks(page, [block("paragraph", "From blocks.")])
    world.unknown.clear()
    world.fail("/markdown", status)
    assert (await workspace.document(page)).content == "From blocks."


async def test_what_is_wrong_with_one_page_does_not_raise(
    workspace: Workspace, world: NotionWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = world.write("Page", "Text.")
    world.add_blocks(page, [block("paragraph", "One."), block("paragraph", "Two.")])
    for status, state in ((403, ItemState.FAILED), (404, ItemState.SKIPPED)):
        world.fail("/children", status)
        outcome = await workspace.fetch(page)
        assert isinstance(outcome, Outcome)
        assert outcome.state is state
    monkeypatch.setattr("indexing_service.providers.notion.reading._MOST_BLOCKS", 1)
    outcome = await workspace.fetch(page)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, "more than 1 blocks" in outcome.reason) == (ItemState.WITHDRAWN, True)


async def test_no_more_than_three_requests_a_second_and_pauses_as_asked(
    workspace: Workspace, world: NotionWorld
) -> None:
    for number in range(9):
        world.write(f"Page {number}", "Text.")
    world.page_size = 1
    await workspace.inventory()
    assert len(world.requests) == 10
    assert workspace.clock.seconds >= 9 / 3 - 0.001
    before = workspace.clock.seconds
    world.fail("/v1/search", 429, headers={"Retry-After": "17"})
    await workspace.inventory()
    assert workspace.clock.seconds - before >= 17


async def test_a_check_counts_and_says_what_to_do(workspace: Workspace, world: NotionWorld) -> None:
    async with workspace.source() as source:
        nothing = await source.check()
        assert (nothing.ok, "Connections" in nothing.detail) == (False, True)
        world.write("Page", "Text.")
        check = await source.check()
        assert (check.ok, check.found) == (True, {"documents": 1, "data_sources": 0})
        assert await source.permissions() is None
    async with workspace.source(token="wrong") as source:
        refused = await source.check()
        assert not refused.ok
        assert "wrong" not in refused.detail
        with pytest.raises(UpstreamRejectedError):
            await source.list(lambda _: None)


async def test_an_answer_that_is_none_may_be_another_time(workspace: Workspace, world: NotionWorld) -> None:
    page = world.write("Page", "Text.")
    world.fail(page, 200, body={"error": "a proxy's"})
    with pytest.raises(UpstreamUnavailableError, match="not what was asked for"):
        await workspace.fetch(page)


async def test_the_title_may_be_of_several_parts(workspace: Workspace, world: NotionWorld) -> None:
    page = world.write("Page", "Text.")
    world.objects[page]["properties"]["Name"]["title"] = [rich("How to "), rich("start", annotations={"bold": True})]
    assert (await workspace.document(page)).title == "How to start"


async def test_a_data_source_that_is_found_but_not_shown_leaves_the_rest(workspace: Workspace) -> None:
    page = workspace.world.write("Page", "Text.")
    _, data_source = workspace.world.data_source("Tasks")
    workspace.world.fail(f"{data_source}/query", 404)
    async with workspace.source() as source:
        inventory = await source.list(lambda _: None)
    assert ([item.external_id for item in inventory.items], inventory.complete) == ([page], False)


async def test_named_pages_are_read_where_nothing_can_be_searched(workspace: Workspace) -> None:
    page = workspace.world.write("Page", "Text.")
    workspace.world.fail("/v1/search", 404, times=10)
    workspace.world.fail("/v1/users/me", 404, times=10)
    async with workspace.source(pages=[page]) as source:
        inventory = await source.list(lambda _: None)
    assert ([item.external_id for item in inventory.items], inventory.complete) == ([page], False)
    async with workspace.source() as source:
        with pytest.raises(NotFoundError):
            await source.list(lambda _: None)


async def test_who_the_token_belongs_to_need_not_be_said(workspace: Workspace) -> None:
    workspace.world.write("Page", "Text.")
    workspace.world.fail("/v1/users/me", 404)
    async with workspace.source() as source:
        assert "as the integration" in (await source.check()).detail
