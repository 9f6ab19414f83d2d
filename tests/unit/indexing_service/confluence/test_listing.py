"""What is listed, in whatever parts Confluence gives it."""

import pytest

from flash_core.errors import UpstreamRejectedError
from indexing_service.interfaces.syncing import Known
from indexing_service.services.planning import renamed_in_inventory
from tests.servers.confluence_world import Confluence
from tests.unit.indexing_service.confluence.world import connected, listed, pending, problems, uncounted


async def test_all_pages_of_all_spaces_are_listed(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face) as source:
        inventory = await listed(source)
    assert (sorted(pending(inventory)), inventory.complete) == (sorted(confluence.contents), True)


async def test_only_the_chosen_spaces_are_listed(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, spaces=["HR"]) as source:
        assert pending(await listed(source)) == ["1004"]


async def test_blog_posts_are_listed_unless_they_are_not_wanted(confluence: Confluence, face: str) -> None:
    post = confluence.write("News", "<p>New.</p>", kind="blogpost")
    async with connected(confluence, face) as source:
        assert post in pending(await listed(source))
    async with connected(confluence, face, include_blogs=False) as source:
        assert post not in pending(await listed(source))


@pytest.mark.parametrize("shape", ["header", "relative", "no_wiki", "absolute", "object"])
async def test_cloud_goes_on_by_the_next_address_in_every_shape(confluence: Confluence, shape: str) -> None:
    confluence.shapes = [shape]
    confluence.cap = 2
    for number in range(5):
        confluence.write(f"Page {number}")
    async with connected(confluence, "cloud") as source:
        inventory = await listed(source)
    assert (sorted(pending(inventory)), inventory.complete) == (sorted(confluence.contents), True)


async def test_a_short_page_of_data_center_is_not_the_end(confluence: Confluence) -> None:
    confluence.cap = 30
    for number in range(100):
        confluence.write(f"Page {number}")
    async with connected(confluence, "data_center") as source:
        inventory = await listed(source)
    assert (sorted(pending(inventory)), inventory.complete) == (sorted(confluence.contents), True)


async def test_parts_in_which_nothing_may_be_seen_are_not_the_end(confluence: Confluence) -> None:
    confluence.cap = 30
    confluence.hidden = {confluence.write(f"Secret {number}") for number in range(80)}
    last = confluence.write("Last")
    async with connected(confluence, "data_center") as source:
        assert last in pending(await listed(source))


async def test_what_is_deleted_during_a_listing_hides_nothing_else(confluence: Confluence) -> None:
    confluence.cap = 30
    kept = [confluence.write(f"Page {number}") for number in range(100)]
    confluence.meanwhile = {"start=27": lambda: confluence.trash("1003")}
    async with connected(confluence, "data_center", spaces=["DEV"]) as source:
        inventory = await listed(source)
    assert not confluence.meanwhile
    assert set(kept) <= set(pending(inventory))


@pytest.mark.parametrize("shape", ["relative", "nowhere"])
async def test_a_listing_that_goes_round_or_nowhere_is_not_complete(
    confluence: Confluence, face: str, shape: str
) -> None:
    confluence.circles = "/pages" if face == "cloud" else "/content"
    confluence.cap = 2
    confluence.shapes = [shape]
    async with connected(confluence, face, spaces=["DEV"]) as source:
        inventory = await listed(source)
    assert (inventory.complete, len(problems(inventory)), pending(inventory)[:2]) == (False, 1, ["1001", "1002"])


async def test_an_empty_part_that_does_not_lead_on_is_not_the_end(confluence: Confluence) -> None:
    confluence.circles = "/content"
    confluence.hidden = set(confluence.contents)
    confluence.meanwhile = {"/content": lambda: setattr(confluence, "shapes", ["nowhere"])}
    async with connected(confluence, "data_center") as source:
        assert not (await listed(source)).complete


async def test_a_space_that_is_not_seen_is_no_reason_to_remove_its_pages(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, spaces=["HR", "OPS"]) as source:
        inventory = await listed(source)
    assert (inventory.complete, pending(inventory)) == (False, ["1004"])
    assert "OPS" in problems(inventory)[0]


async def test_a_space_that_can_not_be_read_leaves_the_others(confluence: Confluence, face: str) -> None:
    part = "pages?space-id=50&status=current" if face == "cloud" else "content?spaceKey=DEV&type=page&status=current"
    confluence.fail(part, 403)
    async with connected(confluence, face) as source:
        inventory = await listed(source)
    assert (inventory.complete, pending(inventory)) == (False, ["1004"])


async def test_somebody_who_is_not_signed_in_is_not_believed(confluence: Confluence, face: str) -> None:
    confluence.anonymous = True
    async with connected(confluence, face) as source:
        with pytest.raises(UpstreamRejectedError, match="does not know this account"):
            await listed(source)


async def test_an_account_that_sees_no_space_is_no_empty_source(confluence: Confluence, face: str) -> None:
    confluence.spaces = {}
    async with connected(confluence, face) as source:
        with pytest.raises(UpstreamRejectedError, match="sees no space"):
            await listed(source)


@pytest.mark.parametrize("answer", ["[]", '{"results": 1}'])
async def test_another_server_at_the_address_is_told_from_confluence(
    confluence: Confluence, face: str, answer: str
) -> None:
    confluence.answers = answer
    async with connected(confluence, face) as source:
        with pytest.raises(UpstreamRejectedError, match="does not answer as Confluence"):
            await listed(source)


async def test_labels_choose_pages_where_contents_are_not_searched_alone(confluence: Confluence) -> None:
    confluence.absent, confluence.cap = {"/content/search"}, 4
    labelled = [confluence.write(f"Page {at}") for at in range(10)]
    for one in labelled:
        confluence.contents[one].labels = ["public"]
    async with connected(confluence, "data_center", labels=["public"]) as source:
        assert sorted(pending(await listed(source))) == labelled


async def test_labels_choose_pages(confluence: Confluence, face: str) -> None:
    confluence.contents["1002"].labels = ["public", "old"]
    confluence.contents["1003"].labels = ["public"]
    async with connected(confluence, face, labels=["public"], exclude_labels=["old"]) as source:
        assert pending(await listed(source)) == ["1003"]
    async with connected(confluence, face, exclude_labels=["old"]) as source:
        assert sorted(pending(await listed(source))) == ["1001", "1003", "1004"]


async def test_a_page_that_moves_or_whose_parent_is_renamed_has_another_version(
    confluence: Confluence, face: str
) -> None:
    async with connected(confluence, face) as source:
        before = {item.external_id: item.version for item in (await listed(source)).items}
        confluence.contents["1002"].title = "Manual"
        confluence.contents["1004"].parent = None
        after = {item.external_id: item.version for item in (await listed(source)).items}
    assert {name for name in before if before[name] != after[name]} == {"1003"}


async def test_parents_that_go_round_end_a_path(confluence: Confluence) -> None:
    confluence.contents["1001"].parent = "1003"
    async with connected(confluence, "cloud") as source:
        assert (await listed(source)).complete


async def test_a_site_without_blogs_is_listed_whole(confluence: Confluence) -> None:
    confluence.absent = {"/blogposts"}
    async with connected(confluence, "cloud") as source:
        inventory = await listed(source)
    assert (inventory.complete, len(pending(inventory))) == (True, 4)


async def test_blogs_that_can_not_be_listed_now_are_missing(confluence: Confluence) -> None:
    confluence.fail("/blogposts?space-id", 404)
    async with connected(confluence, "cloud") as source:
        assert not (await listed(source)).complete


async def test_a_server_that_ignores_filters_does_not_widen_a_source(confluence: Confluence, face: str) -> None:
    confluence.ignores = {"space-id", "keys", "id"}
    async with connected(confluence, face, spaces=["HR"]) as source:
        assert pending(await listed(source)) == ["1004"]


async def test_a_data_center_that_shows_no_single_space_lists_them(confluence: Confluence) -> None:
    confluence.absent = {"/space/"}
    async with connected(confluence, "data_center", spaces=["HR"]) as source:
        assert pending(await listed(source)) == ["1004"]


async def test_a_page_that_a_listing_leaves_out_is_asked_for_if_it_was_there_before(
    confluence: Confluence, face: str
) -> None:
    confluence.unlisted = {"1003"}
    confluence.trash("1004")
    async with connected(confluence, face) as source:
        inventory = await source.list(uncounted, ["1001", "1003", "1004", "x"])
    assert (sorted(pending(inventory)), inventory.complete) == (["1001", "1002", "1003"], True)


async def test_a_new_page_is_not_taken_for_one_that_was_deleted(confluence: Confluence, face: str) -> None:
    """Both are the first version at the same place, and only one of them may be open to all."""
    salaries = confluence.write("Salaries", "<p>Ada earns a million.</p>")
    async with connected(confluence, face) as source:
        before = await listed(source)
        confluence.trash(salaries)
        menu = confluence.write("Canteen menu", "<p>Soup.</p>")
        now = await listed(source)
    known = {item.external_id: Known(item.external_id, item.version) for item in before.items}
    assert {salaries, menu} == known.keys() ^ {item.external_id for item in now.items}
    assert renamed_in_inventory(now, known) == {}
