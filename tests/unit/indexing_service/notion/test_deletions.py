"""What is in the trash, was shared lately, or can't be seen any more, between two listings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from indexing_service.interfaces.providers import Access, DocumentationSourceInterface
from indexing_service.providers.notion.cursor import Cursor
from indexing_service.providers.notion.provider import NotionProvider
from indexing_service.providers.rest_pace import Timing
from tests.servers.notion import TOKEN, NotionWorld, running


@asynccontextmanager
async def connected(world: NotionWorld) -> AsyncIterator[DocumentationSourceInterface]:
    provider = NotionProvider(OutgoingPolicy(["127.0.0.1"]), Timing(sleep=_at_once))
    async with provider.connect(Access({"api_url": world.address}, {"token": TOKEN})) as source:
        yield source


async def _at_once(_: float) -> None: ...


def found(_: int) -> None: ...


@pytest.fixture
async def world() -> AsyncIterator[NotionWorld]:
    async with running() as world:
        yield world


async def listed(source: DocumentationSourceInterface) -> str:
    cursor = (await source.list(found)).cursor
    assert cursor is not None
    return cursor


async def test_a_page_in_the_trash_is_told_once(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(3)]
    async with connected(world) as source:
        cursor = await listed(source)
        world.tick()
        world.delete(pages[0])
        changes = await source.changes(cursor, found)
        assert changes is not None
        assert changes.deleted == [pages[0]]
        again = await source.changes(changes.cursor, found)
    assert again is not None
    assert again.deleted == []


async def test_a_page_that_is_not_shown_is_not_told_but_kept_in_mind(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(3)]
    async with connected(world) as source:
        cursor = await listed(source)
        world.unshared.add(pages[0])
        hidden = await source.changes(cursor, found)
        assert hidden is not None
        assert hidden.deleted == []
        world.unshared.clear()
        world.delete(pages[0])
        gone = await source.changes(hidden.cursor, found)
    assert gone is not None
    assert gone.deleted == [pages[0]]


async def test_a_page_that_is_shared_long_after_its_last_edit_is_told(world: NotionWorld) -> None:
    old = world.write("Old", "Text.")
    world.unshared.add(old)
    world.tick(600)
    world.write("New", "Text.")
    async with connected(world) as source:
        cursor = await listed(source)
        world.unshared.clear()
        changes = await source.changes(cursor, found)
    assert changes is not None
    assert old in {item.external_id for item in changes.items}


async def test_where_much_is_missing_everything_is_listed(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(52)]
    async with connected(world) as source:
        cursor = await listed(source)
        world.unshared.update(pages[:51])
        assert await source.changes(cursor, found) is None


async def test_a_large_workspace_is_read_back_to_the_last_edit_only(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(501)]
    async with connected(world) as source:
        known = Cursor.parsed(await listed(source))
        assert known is not None
        world.tick()
        world.write(pages[0], "Changed.")
        world.delete(pages[1])
        world.requests.clear()
        changes = await source.changes(str(replace(known, pages=None)), found)
    assert changes is not None
    assert changes.deleted == []
    assert len(world.requests) < 7
    again = Cursor.parsed(changes.cursor)
    assert again is not None
    assert again.pages is None


async def test_the_trash_of_a_thousand_pages_is_told_with_the_next_changes(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(1_000)]
    async with connected(world) as source:
        cursor = await listed(source)
        world.delete(pages[1])
        changes = await source.changes(cursor, found)
    assert changes is not None
    assert changes.deleted == [pages[1]]


async def test_a_page_that_search_leaves_out_is_listed_if_it_is_there(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(4)]
    async with connected(world) as source:
        await listed(source)
        world.hidden.add(pages[0])
        world.unshared.add(pages[1])
        world.delete(pages[2])
        inventory = await source.list(found, pages)
    assert (sorted(item.external_id for item in inventory.items), inventory.complete) == (
        sorted([pages[0], pages[3]]),
        True,
    )


async def test_too_many_missing_pages_are_no_slip_of_the_search(world: NotionWorld) -> None:
    pages = [world.write(f"Page {number}", "Text.") for number in range(60)]
    async with connected(world) as source:
        world.hidden.update(pages[1:])
        inventory = await source.list(found, pages)
    assert [item.external_id for item in inventory.items] == pages[:1]
