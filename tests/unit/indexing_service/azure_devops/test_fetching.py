from datetime import timedelta
from typing import Any

import httpx2
import pytest

from flash_core.clients.outgoing import OutgoingPolicy, open_outgoing
from flash_core.errors import UpstreamUnavailableError
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import DocumentationSourceInterface
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.azure_devops.source import AzureWikiSource, Choice
from indexing_service.providers.rest import RestClient
from tests.servers.azure_git import BEGIN
from tests.servers.azure_world import PROJECT, AzureDevOps, Wiki
from tests.unit.indexing_service.azure_devops.conftest import Connect


def found(_: int) -> None: ...


async def document(source: DocumentationSourceInterface, wiki: Wiki, page: int) -> SourceDocument:
    fetched = await source.fetch(f"{wiki.id}/{page}")
    assert isinstance(fetched, SourceDocument)
    return fetched


async def outcome(source: DocumentationSourceInterface, external_id: str) -> Outcome:
    fetched = await source.fetch(external_id)
    assert isinstance(fetched, Outcome)
    assert fetched.reason
    return fetched


async def test_a_page_is_its_text_with_its_title_path_address_and_day(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Guides", "# Guides")
    page = server.write(wiki, "/Guides/Set-up: first", "[[_TOC_]]\n# Set-up\n\nText.")
    fetched = await document(source, wiki, page)
    base = f"{server.organization_url}/Hand%20Book/_wiki/wikis/{wiki.id}"
    assert fetched == SourceDocument(
        external_id=f"{wiki.id}/{page}",
        content="# Set-up\n\nText.",
        format="markdown",
        title="Set-up: first",
        path=("Guides",),
        url=f"{base}/{page}/Set%252Dup%253A-first",
        modified_at=BEGIN + timedelta(hours=3),
        updated_at=BEGIN + timedelta(hours=3),
    )


async def test_links_between_pages_are_permalinks(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    home = server.write(wiki, "/Home", "# Home")
    page = server.write(wiki, "/Guides/First", "See [home](/Home#top) and ![map](/.attachments/m.png =300x).")
    content = (await document(source, wiki, page)).content
    assert f"_wiki/wikis/{wiki.id}/{home}/Home?anchor=top)" in str(content)
    assert "![map](http" in str(content)


async def test_a_first_sync_costs_one_request_a_page_and_a_few_more(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    pages = [server.write(wiki, f"/Page {number}", f"# {number}") for number in range(120)]
    async with connect() as source:
        for item in (await source.list(found)).items:
            assert isinstance(await source.fetch(item.external_id), SourceDocument)
    assert len(server.requests) == len(pages) + 5  # the wikis, the branch, the files, two batches


async def test_a_sync_of_one_change_does_not_read_the_files_again(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    for number in range(120):
        server.write(wiki, f"/Page {number}", f"# {number}")
    async with connect() as source:
        cursor = (await source.list(found)).cursor or ""
    page = server.write(wiki, "/Page 7", "# Seven")
    server.requests.clear()
    async with connect() as source:
        changes = await source.changes(cursor, found)
        assert changes is not None
        assert (await document(source, wiki, page)).content == "# Seven"
    assert len(server.requests) == 6  # the wikis, the branch, the difference, two batches, the page


async def test_what_was_renamed_since_the_listing_is_found_by_its_id(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Old", "# Text")
    await source.list(found)
    server.rename(wiki, "/Old", "/New")
    fetched = await document(source, wiki, page)
    assert (fetched.title, fetched.content, fetched.updated_at) == ("New", "# Text", None)


async def test_a_page_that_no_listing_knows_is_found_by_its_id(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Home", "# Home")
    await source.list(found)
    page = server.write(wiki, "/Later", "# Later")
    assert (await document(source, wiki, page)).content == "# Later"


async def test_a_page_is_withdrawn_when_its_deletion_is_said_and_no_listing_has_it(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    server.delete(wiki, "/Home")
    assert (await outcome(source, f"{wiki.id}/{page}")).state is ItemState.SKIPPED
    await source.list(found)
    assert (await outcome(source, f"{wiki.id}/{page}")).state is ItemState.WITHDRAWN


async def test_a_page_that_is_not_shown_by_its_id_is_read_by_its_path(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    server.absent = {"/git/", "/pages/"}
    assert (await document(source, wiki, page)).content == "# Home"


async def test_a_file_that_comes_as_it_is_is_a_text_all_the_same(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    server.fail("/items", 200, body="# Home, in plain words", headers={"Content-Type": "text/plain"})
    assert (await document(source, wiki, page)).content == "# Home, in plain words"


@pytest.mark.parametrize("body", [{"typeKey": "WikiNotFoundException", "message": "gone"}, "gone", "[1]"])
async def test_a_page_that_is_not_shown_for_another_reason_stays_as_it_was(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, body: dict[str, Any] | str
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    server.delete(wiki, "/Home")
    server.fail(f"/pages/{page}", 404, body=body)
    missing = await outcome(source, f"{wiki.id}/{page}")
    assert (missing.state, "disabled" in missing.reason) == (ItemState.SKIPPED, True)


async def test_a_page_of_a_wiki_that_is_not_chosen_stays_as_it_was(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    other = server.add_wiki("Other")
    async with connect(wikis=[other.name]) as source:
        assert (await outcome(source, f"{wiki.id}/{page}")).state is ItemState.SKIPPED


async def test_a_page_that_left_the_chosen_paths_is_withdrawn(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    server.write(wiki, "/Guides", "# Guides")
    page = server.write(wiki, "/Guides/First", "# First")
    async with connect(paths=["/Guides"]) as source:
        await source.list(found)
        server.rename(wiki, "/Guides/First", "/First")
        assert (await outcome(source, f"{wiki.id}/{page}")).state is ItemState.WITHDRAWN


@pytest.mark.parametrize("name", ["", "x", "x/y", "../1", "w/1/2", "w/99999999999"])
async def test_what_is_no_page_is_withdrawn(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, name: str
) -> None:
    assert (await outcome(source, name)).state is ItemState.WITHDRAWN


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
async def test_pages_in_other_encodings_are_read(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, encoding: str
) -> None:
    page = server.write(wiki, "/Über", "# Über\n\nGrüße @<6ff7777e-8ca5-4f04-a7f6-9e63737dddf7>".encode(encoding))
    assert (await document(source, wiki, page)).content == "# Über\n\nGrüße @user"


async def test_a_renamed_page_in_another_encoding_is_read_where_it_is_now(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Über", "# Über".encode("utf-16"))
    await source.list(found)
    server.rename(wiki, "/Über", "/Über-alles")
    fetched = await document(source, wiki, page)
    assert (fetched.title, fetched.content) == ("Über-alles", "# Über")


async def test_what_is_no_text_is_left_to_who_says_so(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    data = b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe"
    page = server.write(wiki, "/Picture", data)
    assert (await document(source, wiki, page)).content == data


async def test_a_page_of_a_code_wiki_is_read_out_of_its_folder(
    server: AzureDevOps, source: DocumentationSourceInterface
) -> None:
    code = server.add_wiki("Code", root="/docs", branches=("main",))
    page = server.write(code, "/Read me", "# Read me")
    assert (await document(source, code, page)).content == "# Read me"


@pytest.mark.parametrize(
    "change", [{}, {"latestProcessedChange": None}, {"latestProcessedChange": {"committer": {"date": "soon"}}}]
)
async def test_a_page_whose_day_is_not_said_has_none(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, change: dict[str, object]
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    server.fail("/items", 200, body={"content": "# Home", "latestProcessedChange": change})
    assert (await document(source, wiki, page)).updated_at is None


@pytest.mark.parametrize(
    ("written", "day"),
    [("2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:00.123456+00:00"), ("2026-03-01", "2026-03-01T00:00:00+00:00")],
)
async def test_days_are_read_as_servers_write_them(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface, written: str, day: str
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    change = {"commitId": "c0ffee", "committer": {"date": written}}
    server.fail("/items", 200, body={"content": "# Home", "latestProcessedChange": change})
    updated_at = (await document(source, wiki, page)).updated_at
    assert updated_at is not None
    assert updated_at.isoformat() == day


async def test_a_page_without_text_is_a_page(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Empty", "")
    assert (await document(source, wiki, page)).content == ""


async def test_a_throttled_answer_is_used_and_the_next_request_waits_as_told(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    server.fail("/items", 200, headers={"Retry-After": "0", "X-RateLimit-Remaining": "90"})
    server.fail("/items", 429, headers={"Retry-After": "0"}, body={"message": "TF400733: The request was canceled"})
    assert (await document(source, wiki, page)).content == "# Home"
    assert (await document(source, wiki, page)).content == "# Home"


async def test_a_server_that_goes_away_is_no_word_about_the_page(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    await source.list(found)
    server.fail("/items", 500, times=9)
    with pytest.raises(UpstreamUnavailableError):
        await source.fetch(f"{wiki.id}/{page}")


async def test_no_page_is_restricted_by_itself(source: DocumentationSourceInterface) -> None:
    assert await source.permissions() is None


async def test_a_page_of_a_wiki_that_was_disabled_since_the_listing_stays_as_it_was(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    page = server.write(wiki, "/Home", "# Home")
    server.write(server.add_wiki("Other"), "/Home", "# Other")
    wiki.disabled = True
    async with connect() as source:
        for _ in range(3):
            skipped = await outcome(source, f"{wiki.id}/{page}")
            assert (skipped.state, "disabled" in skipped.reason) == (ItemState.SKIPPED, True)
    assert len(server.requests) == 1


async def test_a_page_that_is_too_large_to_be_read_is_named(server: AzureDevOps, wiki: Wiki) -> None:
    page = server.write(wiki, "/Home", "# Home")
    huge = server.write(wiki, "/Huge", "x" * 20_000)
    async with open_outgoing(
        server.organization_url,
        OutgoingPolicy(["127.0.0.1"]),
        auth=httpx2.BasicAuth("", server.pat),
        max_body=10_000,
    ) as http:
        source = AzureWikiSource(WikiClient(RestClient(http), PROJECT, "7.1"), Choice(PROJECT), "https://x.example")
        assert (await outcome(source, f"{wiki.id}/{huge}")).state is ItemState.WITHDRAWN
        assert (await document(source, wiki, page)).content == "# Home"


async def test_a_text_that_the_server_takes_for_none_is_read_all_the_same(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    page = server.write(wiki, "/Home", "# Grüße".encode("utf-16"))
    await source.list(found)
    server.fail("/items", 200, body={"path": "/Home.md", "gitObjectType": "blob"})
    assert (await document(source, wiki, page)).content == "# Grüße"
