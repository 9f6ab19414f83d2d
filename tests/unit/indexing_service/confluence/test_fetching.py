"""One page as a document."""

from datetime import UTC, datetime

import pytest

from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import DocumentationSourceInterface
from tests.servers.confluence_world import Confluence
from tests.unit.indexing_service.confluence.world import connected


async def fetched(source: DocumentationSourceInterface, page: str) -> SourceDocument:
    document = await source.fetch(page)
    assert isinstance(document, SourceDocument), document
    return document


async def refused(source: DocumentationSourceInterface, page: str) -> Outcome:
    outcome = await source.fetch(page)
    assert isinstance(outcome, Outcome)
    return outcome


async def test_a_page_comes_with_its_title_text_path_and_date(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face) as source:
        document = await fetched(source, "1003")
    assert (document.title, document.content, document.format) == ("Chapter", "One thing after the other.", "markdown")
    assert document.path == ("Development", "Guide")
    assert document.updated_at == datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
    assert document.groups == frozenset()


async def test_a_page_alone_lies_in_its_space(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face) as source:
        assert (await fetched(source, "1004")).path == ("People",)


async def test_links_lead_to_the_page_by_its_id(confluence: Confluence) -> None:
    async with connected(confluence, "cloud") as source:
        cloud = (await fetched(source, "1003")).url
    async with connected(confluence, "data_center") as source:
        data_center = (await fetched(source, "1003")).url
    assert cloud == f"{confluence.address}/wiki/spaces/DEV/pages/1003/Chapter"
    assert data_center == f"{confluence.address}/pages/viewpage.action?pageId=1003"


async def test_browsers_are_sent_to_the_site_where_programs_go_through_another_host(confluence: Confluence) -> None:
    confluence.browsed = "https://acme.atlassian.net/wiki"
    async with connected(confluence, "cloud") as source:
        assert (await fetched(source, "1003")).url == "https://acme.atlassian.net/wiki/spaces/DEV/pages/1003/Chapter"


async def test_a_blog_post_is_fetched_like_a_page(confluence: Confluence, face: str) -> None:
    post = confluence.write("News", "<p>New.</p>", kind="blogpost")
    async with connected(confluence, face) as source:
        assert (await fetched(source, post)).content == "New."
    async with connected(confluence, face, include_blogs=False) as source:
        assert (await refused(source, post)).state in {ItemState.WITHDRAWN, ItemState.SKIPPED}


async def test_folders_are_part_of_a_path(confluence: Confluence) -> None:
    folder = confluence.write("Archive 2024", parent="1001", kind="folder")
    page = confluence.write("Old plan", "<p>x</p>", parent=folder)
    async with connected(confluence, "cloud") as source:
        assert (await fetched(source, page)).path == ("Development", "Archive 2024")


async def test_a_page_below_what_can_not_be_read_is_for_nobody(confluence: Confluence) -> None:
    folder = confluence.write("Closed", kind="folder")
    strange = confluence.write("Strange", kind="hologram")
    below = [confluence.write("One", "<p>x</p>", parent=folder), confluence.write("Two", "<p>x</p>", parent=strange)]
    confluence.hidden = {folder}
    async with connected(confluence, "cloud") as source:
        for page in below:
            assert (await fetched(source, page)).groups == frozenset({" nobody"})


@pytest.mark.parametrize(("status", "says"), [("trashed", "trash"), ("draft", "not published")])
async def test_what_is_not_published_any_more_is_withdrawn(
    confluence: Confluence, face: str, status: str, says: str
) -> None:
    confluence.contents["1003"].status = status
    async with connected(confluence, face) as source:
        outcome = await refused(source, "1003")
    assert outcome.state is ItemState.WITHDRAWN
    assert says in outcome.reason


async def test_a_page_that_moved_out_of_the_chosen_spaces_is_withdrawn(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, spaces=["DEV"]) as source:
        confluence.contents["1003"].space = "HR"
        assert "none of the spaces" in (await refused(source, "1003")).reason


async def test_a_page_whose_labels_leave_it_out_is_withdrawn(confluence: Confluence, face: str) -> None:
    confluence.contents["1003"].labels = ["draft"]
    async with connected(confluence, face, exclude_labels=["draft"]) as source:
        assert "labels" in (await refused(source, "1003")).reason


@pytest.mark.parametrize("name", ["", "x", "1/2", "１２", "9" * 21, "../1003"])
async def test_what_is_no_id_asks_for_nothing(confluence: Confluence, name: str) -> None:
    async with connected(confluence, "cloud") as source:
        assert (await refused(source, name)).state is ItemState.WITHDRAWN
    assert confluence.requests == []


async def test_an_answer_of_not_found_is_no_proof_of_a_deletion(confluence: Confluence, face: str) -> None:
    confluence.hidden = {"1003"}
    async with connected(confluence, face) as source:
        assert (await refused(source, "1003")).state is ItemState.SKIPPED
        assert "may not read" in (await refused(source, "99")).reason
        confluence.hidden = set()
        assert (await fetched(source, "1003")).title == "Chapter"


@pytest.mark.parametrize("times", [1, 100])
async def test_data_center_finds_no_page_where_it_finds_no_ancestors(confluence: Confluence, times: int) -> None:
    """A known fault of it: a page answers 404 because one that it lies in can't be expanded."""
    confluence.fail("1003?expand=body.storage%2Cversion%2Cancestors", 404, times=times)
    async with connected(confluence, "data_center") as source:
        document = await fetched(source, "1003")
    assert (document.content, document.path) == ("One thing after the other.", ("Development",))
    assert document.groups == frozenset({" nobody"})


async def test_a_page_that_is_refused_stays_as_it_was_and_says_why(confluence: Confluence, face: str) -> None:
    confluence.fail("/1003", 403, times=10)
    async with connected(confluence, face) as source:
        outcome = await refused(source, "1003")
    assert outcome.state is ItemState.SKIPPED
    assert "right to read" in outcome.reason


async def test_many_pages_below_the_same_one_ask_for_it_once(confluence: Confluence, face: str) -> None:
    pages = [confluence.write(f"Page {number}", "<p>x</p>", parent="1002") for number in range(20)]
    async with connected(confluence, face) as source:
        for page in pages:
            await fetched(source, page)
    assert len(confluence.requests) <= 2 * len(pages) + 10
