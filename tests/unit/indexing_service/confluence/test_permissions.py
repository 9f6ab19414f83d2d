"""Who may read what: in doubt, nobody."""

import json

import pytest

from flash_core.errors import UpstreamRejectedError
from flash_core.models.document import NOBODY
from indexing_service.interfaces import SourceDocument
from indexing_service.interfaces.providers import DocumentationSourceInterface
from tests.servers.confluence_world import Confluence
from tests.unit.indexing_service.confluence.world import Clock, connected, listed, problems, uncounted

GROUPS = {"leads": "managers", "Works-Council": "council", "eve@acme.example": "eve", "all-hands": "staff"}
CLOSED = frozenset({NOBODY})


async def said(source: DocumentationSourceInterface) -> dict[str, frozenset[str]]:
    permissions = await source.permissions()
    assert permissions is not None
    return dict(permissions)


async def agreed(source: DocumentationSourceInterface, confluence: Confluence) -> dict[str, frozenset[str]]:
    """What is said of the pages that are not open, after seeing that all are named and say the same when fetched."""
    permissions = await said(source)
    for name, content in confluence.contents.items():
        if content.kind in {"page", "blogpost"} and content.status == "current":
            document = await source.fetch(name)
            assert isinstance(document, SourceDocument)
            assert document.groups == permissions[name], content.title
    return {name: groups for name, groups in permissions.items() if groups}


async def test_pages_without_restrictions_are_open(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {}
        assert await said(source) == dict.fromkeys(confluence.contents, frozenset())


async def test_pages_that_the_account_may_not_read_any_more_are_not_named(confluence: Confluence, face: str) -> None:
    confluence.hidden = {"1003"}
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert sorted(await said(source)) == ["1001", "1002", "1004"]


async def test_the_listing_that_was_just_made_serves_the_permissions_once(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, group_map=GROUPS) as source:
        await listed(source)
        confluence.requests.clear()
        await said(source)
        served = len(confluence.requests)
        confluence.trash("1003")
        assert "1003" not in await said(source)
    assert served <= 2


async def test_a_restriction_holds_for_all_that_lies_below(confluence: Confluence, face: str) -> None:
    confluence.restrict("1002", groups=["leads"], emails=["Eve@acme.example"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == dict.fromkeys(["1002", "1003"], frozenset({"managers", "eve"}))


async def test_restrictions_on_the_way_hold_together(confluence: Confluence, face: str) -> None:
    confluence.restrict("1001", groups=["leads", "all-hands"])
    confluence.restrict("1003", groups=["all-hands", "works-council"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        permissions = await agreed(source, confluence)
    assert permissions["1003"] == {"staff"}
    assert permissions["1002"] == {"managers", "staff"}


async def test_restrictions_that_no_group_passes_close_a_page(confluence: Confluence, face: str) -> None:
    confluence.restrict("1001", groups=["leads"])
    confluence.restrict("1002", groups=["works-council"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert (await agreed(source, confluence))["1003"] == CLOSED


async def test_somebody_whom_askflash_does_not_know_is_nobody(confluence: Confluence, face: str) -> None:
    confluence.restrict("1003", groups=["strangers"], emails=["mallory@acme.example"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": CLOSED}
    async with connected(confluence, face) as source:
        assert await agreed(source, confluence) == {"1003": CLOSED}


async def test_a_user_who_is_called_like_a_group_is_not_that_group(confluence: Confluence, face: str) -> None:
    confluence.contents["1003"].users = [{"username": "leads", "displayName": "leads"}]
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": CLOSED}


async def test_long_lists_of_readers_are_read_to_their_end(confluence: Confluence, face: str) -> None:
    confluence.readers_cap = 10
    users = [f"user{number}@acme.example" for number in range(35)]
    confluence.restrict("1003", groups=["strangers", "all-hands"], emails=[*users, "eve@acme.example"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": {"staff", "eve"}}


async def test_a_folder_restricts_what_lies_in_it(confluence: Confluence) -> None:
    folder = confluence.write("Board", kind="folder")
    page = confluence.write("Minutes", "<p>x</p>", parent=folder)
    confluence.restrict(folder, groups=["leads"])
    async with connected(confluence, "cloud", group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {page: {"managers"}}


async def test_pages_that_the_search_does_not_hold_yet_are_asked_for(confluence: Confluence, face: str) -> None:
    confluence.restrict("1003", groups=["leads"])
    confluence.behind = {"1003", "1004"}
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": {"managers"}}


async def test_pages_whose_readers_can_not_be_read_are_for_nobody(confluence: Confluence, face: str) -> None:
    confluence.says_readers = False
    confluence.fail("content/1003/restriction", 403, times=100)
    confluence.fail("content/1004/restriction", 404, times=100)
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": CLOSED, "1004": CLOSED}


async def test_a_restriction_that_is_not_told_in_full_closes_a_page(confluence: Confluence, face: str) -> None:
    confluence.says_readers = False
    confluence.fail("content/1003/restriction", 200, times=100)
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": CLOSED}


@pytest.mark.parametrize("absent", [["byOperation"], ["byOperation", "/restriction"]])
async def test_readers_are_asked_for_in_the_way_that_the_server_knows(
    confluence: Confluence, face: str, absent: list[str]
) -> None:
    confluence.absent = {*absent, "search"}
    confluence.restrict("1002", groups=["leads"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == dict.fromkeys(["1002", "1003"], frozenset({"managers"}))
        assert (await listed(source)).complete


async def test_where_nobody_says_who_may_read_the_job_says_so_and_nobody_may(
    confluence: Confluence, clock: Clock, face: str
) -> None:
    async with connected(confluence, face, clock, group_map=GROUPS) as source:
        before = await listed(source)
        confluence.says_readers = False
        confluence.absent = {"/restriction"}
        assert before.cursor is not None
        assert await source.changes(before.cursor, uncounted) is None
        inventory = await listed(source)
        assert set((await said(source)).values()) == {CLOSED}
    assert not inventory.complete
    assert "who may read" in problems(inventory)[0]


@pytest.mark.parametrize(
    "told", [{"group": {"results": [{"name": "leads"}]}}, {"group": [{"name": "leads"}], "user": []}]
)
async def test_lists_of_readers_come_in_other_shapes(
    confluence: Confluence, face: str, told: dict[str, object]
) -> None:
    confluence.says_readers = False
    confluence.fail("content/1003/restriction", 200, times=100)
    confluence.faults[-1].body = json.dumps({"operation": "read", "restrictions": told})
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert await agreed(source, confluence) == {"1003": {"managers"}}


async def test_more_unknown_pages_than_can_be_asked_for_are_closed(confluence: Confluence, face: str) -> None:
    confluence.says_readers = False
    pages = [confluence.write(f"Page {number}") for number in range(320)]
    async with connected(confluence, face, group_map=GROUPS) as source:
        permissions = await said(source)
    assert set(permissions.values()) == {CLOSED, frozenset()}
    assert 0 < sum(groups == CLOSED for groups in permissions.values()) < len(pages)


async def test_requests_go_with_the_hundreds_of_pages(confluence: Confluence, face: str) -> None:
    for number in range(600):
        confluence.write(f"Page {number}", parent="1002")
    confluence.restrict("1002", groups=["leads"])
    async with connected(confluence, face, group_map=GROUPS) as source:
        permissions = await said(source)
    assert sum(groups == {"managers"} for groups in permissions.values()) == 602
    assert len(confluence.requests) <= 25


async def test_what_lies_in_the_trash_is_not_named(confluence: Confluence, face: str) -> None:
    confluence.trash("1003")
    async with connected(confluence, face, group_map=GROUPS) as source:
        assert sorted(await said(source)) == ["1001", "1002", "1004"]


async def test_half_a_tree_says_nothing_about_permissions(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, spaces=["HR", "OPS"]) as source:
        with pytest.raises(UpstreamRejectedError, match="OPS"):
            await source.permissions()
    confluence.circles = "/pages" if face == "cloud" else "/content"
    confluence.cap = 2
    async with connected(confluence, face) as source:
        with pytest.raises(UpstreamRejectedError, match="can't be read to its end"):
            await source.permissions()
