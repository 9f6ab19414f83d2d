"""Every type of source lists, tells changes and fetches by the same rules."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from indexing_service.interfaces import Item, ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Changes, DocumentationSourceInterface, Inventory
from tests.contract.indexing_service.worlds import Can, Opening, World, azure_devops, confluence, git, local, notion

WORLDS: tuple[Opening, ...] = (
    local.folder,
    local.upload,
    local.fake,
    azure_devops.wiki,
    confluence.cloud,
    confluence.data_center,
    git.repository,
    notion.workspace,
)
"""A type of source is added with its world."""


@pytest.fixture(params=WORLDS, ids=lambda opening: f"{opening.__module__.rpartition('.')[2]}.{opening.__name__}")
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    opening: Opening = request.param
    async with opening(tmp_path) as opened:
        yield opened


@pytest.fixture
async def source(world: World) -> AsyncIterator[DocumentationSourceInterface]:
    async with world.provider.connect(await world.provider.validated(world.access)) as connected:
        yield connected


def needs(world: World, *abilities: Can) -> None:
    for ability in abilities:
        if ability not in world.can:
            pytest.skip(f"not {ability.name}")


def found(_: int) -> None: ...


def versions(items: Iterable[Item]) -> dict[str, str]:
    return {item.external_id: item.version for item in items if item.state is ItemState.PENDING}


async def listed(source: DocumentationSourceInterface) -> dict[str, str]:
    return versions((await source.list(found)).items)


async def test_what_was_validated_stays_as_it_is(world: World) -> None:
    once = await world.provider.validated(world.access)
    twice = await world.provider.validated(once)
    assert (twice.config, twice.credentials) == (once.config, once.credentials)


async def test_secrets_stay_where_secrets_are(world: World) -> None:
    validated = await world.provider.validated(world.access)
    for secret in world.access.credentials.values():
        assert secret not in f"{validated.config} {validated!r}"
        assert secret in validated.credentials.values()


async def test_what_has_credentials_says_where_they_go(world: World) -> None:
    assert bool(world.provider.addresses) >= bool(world.access.credentials)


async def test_a_source_that_can_be_read_is_fine(source: DocumentationSourceInterface) -> None:
    check = await source.check()
    assert (check.ok, bool(check.detail)) == (True, True)


async def test_a_listing_names_each_document_once_with_its_own_ordinal_and_a_version(
    world: World, source: DocumentationSourceInterface
) -> None:
    counts: list[int] = []
    inventory = await source.list(counts.append)
    assert sorted(versions(inventory.items)) == sorted(world.names)
    assert all(versions(inventory.items).values())
    assert len({item.ordinal for item in inventory.items}) == len(inventory.items)
    assert counts == sorted(counts)
    assert counts[-1:] == ([len(inventory.items)] if inventory.items else [])


async def test_the_same_documents_are_listed_the_same_way(source: DocumentationSourceInterface) -> None:
    first, again = await source.list(found), await source.list(found)
    assert (first.items, first.complete) == (again.items, again.complete)


async def test_a_changed_document_has_another_version_and_the_others_keep_theirs(
    world: World, source: DocumentationSourceInterface
) -> None:
    needs(world, Can.WRITE)
    before = await listed(source)
    changed = await world.write(world.names[0], "# Something else entirely\n\nWith other words.\n")
    after = await listed(source)
    assert {name for name in before if after[name] != before[name]} == {changed}


async def test_what_was_there_before_and_is_not_there_now_is_not_listed(
    world: World, source: DocumentationSourceInterface
) -> None:
    needs(world, Can.DELETE)
    await world.delete(world.names[0])
    inventory = await source.list(found, [*world.names, "nobody-ever-had-this"])
    assert sorted(versions(inventory.items)) == sorted(world.names[1:])


async def test_what_is_listed_can_be_fetched(world: World, source: DocumentationSourceInterface) -> None:
    for name in world.names:
        fetched = await source.fetch(name)
        assert isinstance(fetched, SourceDocument)
        assert (fetched.external_id, fetched.size > 0) == (name, True)


@pytest.mark.parametrize("name", ["missing.md", "999999999", "00000000-0000-4000-8000-000000000000", "é%2D/../x", ""])
async def test_what_is_not_there_says_so(source: DocumentationSourceInterface, name: str) -> None:
    missing = await source.fetch(name)
    assert isinstance(missing, Outcome)
    assert missing.state in {ItemState.WITHDRAWN, ItemState.SKIPPED}
    assert missing.reason


async def test_what_was_deleted_is_neither_listed_nor_fetched(
    world: World, source: DocumentationSourceInterface
) -> None:
    needs(world, Can.DELETE)
    await world.delete(world.names[0])
    assert world.names[0] not in await listed(source)
    assert isinstance(await source.fetch(world.names[0]), Outcome)


async def test_a_renamed_document_is_listed_once_and_is_the_same(
    world: World, source: DocumentationSourceInterface
) -> None:
    needs(world, Can.RENAME)
    before = await listed(source)
    name = world.names[0]
    moved = await world.rename(name, "Another name")
    after = await listed(source)
    assert set(after) == set(before) - {name} | {moved}
    assert moved == name or after[moved] == before[name], "a new id needs the old version, to be known again"


async def test_changes_name_what_was_written_and_deleted(world: World, source: DocumentationSourceInterface) -> None:
    needs(world, Can.TELL, Can.WRITE, Can.DELETE)
    before = await source.list(found)
    gone, kept = world.names[0], world.names[1]
    changed = {await world.write(kept, "# Changed\n\nOther words.\n"), await world.write("New page", "# New\n")}
    await world.delete(gone)
    changes = await told(source, before)
    assert news(changes, before) == changed
    assert set(changes.deleted) == {gone}
    assert versions(changes.items) == {name: (await listed(source))[name] for name in versions(changes.items)}


async def test_a_rename_is_told_as_one(world: World, source: DocumentationSourceInterface) -> None:
    needs(world, Can.TELL, Can.RENAME)
    before = await source.list(found)
    name = world.names[0]
    moved = await world.rename(name, "Another name")
    changes = await told(source, before)
    assert not changes.deleted
    assert changes.renamed == ({} if moved == name else {name: moved})
    assert moved in versions(changes.items)


async def test_changes_go_on_where_the_last_ones_ended(world: World, source: DocumentationSourceInterface) -> None:
    needs(world, Can.TELL, Can.WRITE)
    before = await source.list(found)
    await world.write(world.names[0], "# Changed\n\nOther words.\n")
    first = await told(source, before)
    after = await source.list(found)
    second = await source.changes(first.cursor, found)
    assert second is not None
    assert (news(second, after), list(second.deleted), dict(second.renamed)) == (set(), [], {})


async def test_an_unknown_cursor_asks_for_a_listing(source: DocumentationSourceInterface) -> None:
    assert await source.changes("nobody ever gave this out", found) is None


async def test_a_source_that_tells_no_changes_gives_no_cursor(
    world: World, source: DocumentationSourceInterface
) -> None:
    assert ((await source.list(found)).cursor is not None) == (Can.TELL in world.can)


async def test_permissions_name_every_document_that_can_be_read_or_none_at_all(
    world: World, source: DocumentationSourceInterface
) -> None:
    if Can.RESTRICT not in world.can:
        assert await source.permissions() is None
        return
    open_to_all = dict.fromkeys(world.names, frozenset[str]())
    assert await source.permissions() == open_to_all
    groups = await world.restrict(world.names[0])
    assert await source.permissions() == open_to_all | {world.names[0]: groups}


async def test_permissions_do_not_name_what_is_not_there_any_more(
    world: World, source: DocumentationSourceInterface
) -> None:
    needs(world, Can.RESTRICT, Can.DELETE)
    await source.list(found)
    await source.permissions()
    await world.delete(world.names[0])
    permissions = await source.permissions()
    assert permissions is not None
    assert world.names[0] not in permissions


async def told(source: DocumentationSourceInterface, since: Inventory) -> Changes:
    assert since.cursor is not None
    changes = await source.changes(since.cursor, found)
    assert changes is not None
    return changes


def news(changes: Changes, since: Inventory) -> set[str]:
    """A source may name more than what has changed, as the overlap of two windows, if the versions show it."""
    known = versions(since.items)
    return {name for name, version in versions(changes.items).items() if known.get(name) != version}
