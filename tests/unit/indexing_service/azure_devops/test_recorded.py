"""The server of the other tests answers as Azure DevOps was recorded to, and recorded answers are understood."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import DocumentationSourceInterface
from indexing_service.providers.azure_devops.client import WikiClient
from indexing_service.providers.rest import RestClient
from tests.servers.azure_world import PROJECT, AzureDevOps, Wiki

RECORDED = Path(__file__).parents[3] / "servers" / "recorded" / "azure_devops"


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


def example(name: str) -> Any:
    return recorded(name)["responses"]["200"]["body"]


def found(_: int) -> None: ...


@pytest.fixture
async def http(server: AzureDevOps) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.organization_url, auth=httpx2.BasicAuth("", server.pat)) as client:
        yield client


@pytest.fixture
def client(http: httpx2.AsyncClient) -> WikiClient:
    return WikiClient(RestClient(http), PROJECT, "7.1")


async def answered(http: httpx2.AsyncClient, path: str, **options: Any) -> httpx2.Response:
    method = "POST" if "json" in options else "GET"
    return await http.request(method, f"/Hand%20Book/_apis/{path}&api-version=7.1", **options)


async def test_wikis_have_the_recorded_shape(server: AzureDevOps, wiki: Wiki, http: httpx2.AsyncClient) -> None:
    server.add_wiki("Code", root="/docs")
    shown = (await answered(http, "wiki/wikis?")).json()
    assert [set(one) for one in shown["value"]] == [set(one) for one in example("wikis")["value"]]
    assert [one["type"] for one in shown["value"]] == [one["type"] for one in example("wikis")["value"]]


async def test_batches_have_the_recorded_shape(server: AzureDevOps, wiki: Wiki, http: httpx2.AsyncClient) -> None:
    for number in range(3):
        server.write(wiki, f"/Page {number}", "text")
    shown = await answered(http, f"wiki/wikis/{wiki.id}/pagesbatch?", json={"top": 2})
    expected = recorded("pages_batch")["responses"]["200"]
    assert set(shown.json()) == set(expected["body"])
    assert {frozenset(page) for page in shown.json()["value"]} == {frozenset({"id", "path"})}
    assert set(expected["headers"]) <= {name.decode() for name, _ in shown.headers.raw}


async def test_pages_have_the_recorded_shape(server: AzureDevOps, wiki: Wiki, http: httpx2.AsyncClient) -> None:
    page = server.write(wiki, "/Home", "text")
    shown = await answered(http, f"wiki/wikis/{wiki.id}/pages/{page}?includeContent=true")
    assert set(shown.json()) == set(example("page"))
    assert shown.headers["etag"].count('"') == 2
    missing = await answered(http, f"wiki/wikis/{wiki.id}/pages/99?includeContent=true")
    expected = recorded("page_deleted")
    assert (missing.status_code, set(missing.json())) == (expected["status"], set(expected["body"]))
    assert missing.json()["typeKey"] == expected["body"]["typeKey"]


async def test_files_and_differences_have_the_recorded_shape(
    server: AzureDevOps, wiki: Wiki, http: httpx2.AsyncClient
) -> None:
    base = wiki.repository.head.id
    server.write(wiki, "/Guides/First", "text")
    repository = f"git/repositories/{wiki.repository_id}"
    query = f"versionDescriptor.version={wiki.repository.head.id}&versionDescriptor.versionType=commit"
    shown = (await answered(http, f"{repository}/items?scopePath=/&recursionLevel=Full&{query}")).json()
    expected = {frozenset(item) - {"contentMetadata"} for item in example("items")["value"]}
    assert {frozenset(item) for item in shown["value"]} == expected
    query = f"baseVersion={base}&targetVersion={wiki.repository.head.id}"
    difference = (await answered(http, f"{repository}/diffs/commits?{query}")).json()
    assert set(difference) == set(example("difference"))
    assert difference["allChangesIncluded"] is True


async def test_the_recorded_wikis_are_understood(server: AzureDevOps, wiki: Wiki, client: WikiClient) -> None:
    server.fail("wiki/wikis$", 200, body=example("wikis"))
    project, code = await client.wikis(None)
    assert (project.name, project.root, project.branch) == ("sampleProjectWiki", "/", "wikiMaster")
    assert project.repository == project.id
    assert (code.root, code.branch, code.repository) == ("/docs", "master", "cd327f27-561b-45aa-9913-4af25ad85889")


async def test_the_recorded_short_batch_with_a_token_is_not_the_last(
    server: AzureDevOps, wiki: Wiki, client: WikiClient
) -> None:
    answer = recorded("pages_batch")["responses"]["200"]
    server.fail("pagesbatch", 200, headers=answer["headers"], body=answer["body"])
    pages = await client.pages((await client.wikis(None))[0], found)
    assert pages.paths == {79: "/TestPage936", 80: "/TestPage293", 81: "/TestPage842", 82: "/TestPage362"}
    assert (pages.complete, server.counted("pagesbatch")) == (True, 2)


async def test_the_recorded_files_and_difference_are_understood(
    server: AzureDevOps, wiki: Wiki, client: WikiClient
) -> None:
    known = (await client.wikis(None))[0]
    server.fail("/items", 200, body=example("items"))
    files = await client.files(known, "any")
    assert (len(files), sum(file.folder for file in files)) == (13, 3)
    base, target = example("difference")["baseCommit"], example("difference")["targetCommit"]
    server.fail("diffs/commits", 200, body=example("difference"))
    difference = await client.difference(known, base, target)
    assert difference is not None
    blobs = [change for change in example("difference")["changes"] if change["item"]["gitObjectType"] == "blob"]
    assert dict(difference.there) == {one["item"]["path"]: one["item"]["objectId"] for one in blobs}
    assert difference.gone == []


async def test_the_recorded_page_and_its_end_are_understood(
    server: AzureDevOps, wiki: Wiki, source: DocumentationSourceInterface
) -> None:
    server.write(wiki, "/Home", "text")
    await source.list(found)
    server.fail("/pages/51", 200, body=example("page"))
    fetched = await source.fetch(f"{wiki.id}/51")
    assert isinstance(fetched, SourceDocument)
    assert (fetched.title, fetched.content) == ("SamplePage973", "Wiki page content")
    server.fail("/pages/51", 404, body=recorded("page_deleted")["body"])
    deleted = await source.fetch(f"{wiki.id}/51")
    assert isinstance(deleted, Outcome)
    assert deleted.state is ItemState.WITHDRAWN
