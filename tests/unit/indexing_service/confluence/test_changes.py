"""What became of a Confluence since the last look."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from indexing_service.interfaces.providers import Changes, DocumentationSourceInterface, Inventory
from tests.servers.confluence_world import Confluence
from tests.unit.indexing_service.confluence.world import Clock, connected, listed, uncounted


async def told(source: DocumentationSourceInterface, since: Inventory | Changes) -> Changes:
    assert since.cursor is not None
    changes = await source.changes(since.cursor, uncounted)
    assert changes is not None
    return changes


def versions(seen: Inventory | Changes) -> Mapping[str, str]:
    return {item.external_id: item.version for item in seen.items}


async def test_nothing_new_is_nothing_to_do(confluence: Confluence, clock: Clock, face: str) -> None:
    async with connected(confluence, face, clock) as source:
        changes = await told(source, await listed(source))
    assert (versions(changes), changes.deleted) == ({}, [])


async def test_edits_and_additions_are_told_once_with_the_version_of_the_listing(
    confluence: Confluence, clock: Clock, face: str
) -> None:
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        clock.passes(minutes=10)
        confluence.edit("1003", body="<p>Another thing.</p>")
        new = confluence.write("Appendix", parent="1002")
        post = confluence.write("News", kind="blogpost")
        clock.passes(seconds=20)
        first = await told(source, before)
        second = await told(source, first)
        now = versions(await listed(source))
    assert versions(first) == {name: now[name] for name in ("1003", new, post)}
    assert versions(second) == {}


async def test_what_the_search_finds_late_is_not_lost(confluence: Confluence, clock: Clock, face: str) -> None:
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        clock.passes(minutes=1)
        confluence.edit("1003")
        confluence.behind = {"1003"}
        clock.passes(minutes=1)
        first = await told(source, before)
        confluence.behind = set()
        clock.passes(hours=1)
        second = await told(source, first)
    assert (list(versions(first)), list(versions(second))) == ([], ["1003"])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Asia/Kathmandu"])
@pytest.mark.parametrize("said", [True, False])
async def test_the_time_zone_of_the_account_loses_nothing(
    confluence: Confluence, clock: Clock, face: str, zone: str, said: bool
) -> None:
    confluence.zone = ZoneInfo(zone)
    confluence.says_zone = said
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        confluence.edit("1003")
        clock.passes(hours=30)
        assert list(versions(await told(source, before))) == ["1003"]


@pytest.mark.parametrize("day", [(3, 29), (10, 25)])
async def test_nothing_is_lost_when_the_clocks_change(
    confluence: Confluence, clock: Clock, face: str, day: tuple[int, int]
) -> None:
    confluence.zone = ZoneInfo("Europe/Berlin")
    clock.moment = clock.moment.replace(month=day[0], day=day[1], hour=0, minute=30)
    confluence.edit("1003")
    async with connected(confluence, face, clock) as source:
        changes: Inventory | Changes = await listed(source)
        for number in range(12):
            confluence.edit("1003")
            clock.passes(minutes=15)
            changes = await told(source, changes)
            assert versions(changes)["1003"].startswith(f"{number + 3}.")


async def test_old_news_is_not_told_again(confluence: Confluence, clock: Clock, face: str) -> None:
    """A search whose time zone nobody knows finds half a day too much."""
    confluence.says_zone = False
    async with connected(confluence, face, clock) as source:
        clock.passes(hours=5)
        changes = await told(source, await listed(source))
    assert versions(changes) == {}


async def test_what_is_thrown_away_is_told_once(confluence: Confluence, clock: Clock, face: str) -> None:
    confluence.trash(confluence.write("Old"))
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        confluence.trash("1003")
        first = await told(source, before)
        second = await told(source, first)
    assert (first.deleted, second.deleted) == (["1003"], [])


@pytest.mark.parametrize("how", ["purged", "hidden", "moved", "unlabelled"])
async def test_what_left_the_source_is_told_with_the_next_changes(
    confluence: Confluence, clock: Clock, face: str, how: str
) -> None:
    for one in confluence.contents.values():
        one.labels = ["public"]
    async with connected(confluence, face, clock, spaces=["DEV"], labels=["public"]) as source:
        before = await listed(source)
        if how == "purged":
            del confluence.contents["1003"]
        elif how == "hidden":
            confluence.hidden = {"1003"}
        elif how == "moved":
            confluence.contents["1003"].space = "HR"
        else:
            confluence.contents["1003"].labels = []
        first = await told(source, before)
        second = await told(source, first)
    assert (first.deleted, second.deleted) == (["1003"], [])


async def test_what_comes_into_view_is_told_however_old_it_is(confluence: Confluence, clock: Clock, face: str) -> None:
    confluence.hidden = {"1003"}
    clock.passes(days=3)
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        confluence.hidden = set()
        first = await told(source, before)
        second = await told(source, first)
    assert (list(versions(first)), list(versions(second))) == (["1003"], [])


async def test_a_page_that_a_listing_left_out_once_is_not_deleted(
    confluence: Confluence, clock: Clock, face: str
) -> None:
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        confluence.unlisted = {"1003"}
        first = await told(source, before)
        confluence.unlisted = set()
        second = await told(source, first)
    assert (first.deleted, second.deleted) == ([], [])
    assert versions(second).items() <= versions(before).items(), "told once more, it is the same as before"


async def test_many_pages_that_left_at_once_are_not_asked_for(confluence: Confluence, clock: Clock, face: str) -> None:
    pages = [confluence.write(f"Page {number}") for number in range(60)]
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        for page in pages:
            confluence.trash(page)
        confluence.requests.clear()
        assert (await told(source, before)).deleted == sorted(pages)
    assert confluence.asked("body") == 0


async def test_other_settings_ask_for_a_listing(confluence: Confluence, clock: Clock, face: str) -> None:
    async with connected(confluence, face, clock) as source:
        cursor = (await listed(source)).cursor
    assert cursor is not None
    async with connected(confluence, face, clock, spaces=["HR"]) as source:
        assert await source.changes(cursor, uncounted) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "[]",
        "7",
        "{}",
        '{"since": "2026-01-01"}',
        '{"scope": "x", "since": "2026-01-01", "seen": {}, "pages": ""}',
        '{"scope": "x", "since": "2026-01-01T00:00:00Z", "seen": [], "pages": ""}',
        '{"scope": "x", "since": "2026-01-01T00:00:00Z", "seen": {}, "pages": "x"}',
        '{"scope": "x", "since": "2026-01-01T00:00:00Z", "seen": {}, "trash": []}',
    ],
)
async def test_a_cursor_that_nobody_gave_out_asks_for_a_listing(confluence: Confluence, cursor: str) -> None:
    async with connected(confluence, "cloud") as source:
        assert await source.changes(cursor, uncounted) is None


async def test_a_space_that_went_away_asks_for_a_listing(confluence: Confluence, clock: Clock, face: str) -> None:
    async with connected(confluence, face, clock, spaces=["DEV", "HR"]) as source:
        before = await listed(source)
        del confluence.spaces["HR"]
        assert before.cursor is not None
        assert await source.changes(before.cursor, uncounted) is None


async def test_changes_of_pages_with_other_labels_are_not_told(confluence: Confluence, clock: Clock, face: str) -> None:
    confluence.contents["1002"].labels = ["public"]
    async with connected(confluence, face, clock, labels=["public"]) as source:
        before = await listed(source)
        confluence.edit("1002")
        confluence.edit("1003")
        assert list(versions(await told(source, before))) == ["1002"]


async def test_one_change_among_many_pages_costs_few_requests(confluence: Confluence, clock: Clock, face: str) -> None:
    for number in range(500):
        confluence.write(f"Page {number}", parent="1001")
    clock.passes(hours=20)
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        clock.passes(days=1)
        confluence.edit("1003")
        confluence.requests.clear()
        await told(source, before)
    assert len(confluence.requests) <= {"cloud": 11, "data_center": 14}[face]


async def test_edits_are_told_by_a_server_that_can_not_search(confluence: Confluence, clock: Clock, face: str) -> None:
    confluence.absent = {"search"}
    async with connected(confluence, face, clock) as source:
        before = await listed(source)
        clock.passes(minutes=10)
        confluence.edit("1003")
        assert list(versions(await told(source, before))) == ["1003"]
