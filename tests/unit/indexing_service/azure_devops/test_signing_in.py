from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces.providers import Access, Check, DocumentationSourceInterface
from indexing_service.providers.azure_devops.auth import EntraApplication
from indexing_service.providers.azure_devops.provider import AzureDevOpsWikiProvider
from tests.servers.azure_world import CLIENT, PROJECT, SECRET, TENANT, AzureDevOps, Wiki
from tests.unit.indexing_service.azure_devops.conftest import Connect

ENTRA = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}


async def checked(connect: Connect, credentials: dict[str, str] | None = None, **config: Any) -> Check:
    async with connect(credentials, **config) as source:
        return await source.check()


async def test_a_check_names_the_wikis_and_counts_their_pages(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    for number in range(3):
        server.write(wiki, f"/Page {number}", "text")
    server.write(server.add_wiki("Code", root="/docs"), "/Read me", "text")
    check = await checked(connect)
    assert check.ok
    assert "Hand Book.wiki (3 pages)" in check.detail
    assert "Code (1 pages)" in check.detail
    assert check.found == {"wikis": 2, "pages": 4}


@pytest.mark.parametrize("kind", ["html", "redirect", "401"])
async def test_a_wrong_token_is_named_however_it_is_refused(
    server: AzureDevOps, wiki: Wiki, connect: Connect, kind: str
) -> None:
    server.refuses_with = kind
    check = await checked(connect, {"pat": "wr0ng-s3cret"})
    assert not check.ok
    assert "credentials" in check.detail
    assert "wr0ng-s3cret" not in check.detail


@pytest.mark.parametrize(
    ("scopes", "ok", "missing"), [({"wiki"}, True, "Code (read)"), ({"code"}, False, "Wiki (read)")]
)
async def test_a_token_without_a_scope_is_told_which(
    server: AzureDevOps, wiki: Wiki, connect: Connect, scopes: set[str], ok: bool, missing: str
) -> None:
    server.scopes = scopes
    check = await checked(connect)
    assert (check.ok, missing in check.detail) == (ok, True)


async def test_a_project_that_is_not_there_is_named(server: AzureDevOps, wiki: Wiki, connect: Connect) -> None:
    check = await checked(connect, project="Elsewhere")
    assert (check.ok, "no project Elsewhere" in check.detail) == (False, True)


async def test_a_wiki_that_is_not_there_is_named(server: AzureDevOps, wiki: Wiki, connect: Connect) -> None:
    check = await checked(connect, wikis=[wiki.name, "Lost"])
    assert (check.ok, "no wiki Lost" in check.detail) == (False, True)


async def test_a_project_without_a_wiki_is_not_fine(server: AzureDevOps, connect: Connect) -> None:
    assert not (await checked(connect)).ok


async def test_a_disabled_wiki_is_named(server: AzureDevOps, wiki: Wiki, connect: Connect) -> None:
    wiki.disabled = True
    check = await checked(connect)
    assert (check.ok, "Hand Book.wiki is disabled" in check.detail) == (False, True)


async def test_an_application_signs_in_once_for_many_requests(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    server.write(wiki, "/Home", "text")
    check = await checked(connect, ENTRA, authority=server.address)
    assert check.ok
    assert server.counted("/token") == 1


async def test_a_refused_application_is_told_why_without_its_secret(
    server: AzureDevOps, wiki: Wiki, connect: Connect
) -> None:
    check = await checked(connect, ENTRA | {"client_secret": "wr0ng-s3cret"}, authority=server.address)
    assert (check.ok, "AADSTS7000215" in check.detail, "wr0ng" in check.detail) == (False, True, False)


@pytest.mark.parametrize(
    ("authority", "port"),
    [("http://entra.example", 80), ("https://entra.example:8443", 8443), ("https://entra.example", 443)],
)
async def test_tokens_are_asked_for_where_the_authority_is(
    server: AzureDevOps, wiki: Wiki, authority: str, port: int
) -> None:
    asked: list[tuple[str, int]] = []

    async def metadata(host: str, port: int) -> list[str]:
        if host == "127.0.0.1":
            return [host]
        asked.append((host, port))
        return ["169.254.169.254"]

    policy = OutgoingPolicy(["127.0.0.1", "entra.example"], resolver=metadata)
    config = {"organization_url": server.organization_url, "project": PROJECT, "authority": authority}
    async with AzureDevOpsWikiProvider(policy).connect(Access(config, ENTRA)) as source:
        with pytest.raises(UpstreamRejectedError, match=r"entra\.example leads to an address that is not public"):
            await source.list(lambda _: None)
    assert asked == [("entra.example", port)]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient() as client:
        yield client


async def test_a_token_serves_until_shortly_before_it_expires(
    server: AzureDevOps, wiki: Wiki, http: httpx2.AsyncClient
) -> None:
    now = 1000.0
    http.auth = EntraApplication(server.address, TENANT, CLIENT, SECRET, clock=lambda: now)
    url = f"{server.organization_url}/Hand%20Book/_apis/wiki/wikis?api-version=7.1"
    for now, tokens in ((1000.0, 1), (4299.0, 1), (4300.0, 2), (4400.0, 2)):  # noqa: B007  # the clock reads it
        assert (await http.get(url)).status_code == 200
        assert server.counted("/token") == tokens


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, "", UpstreamUnavailableError),
        (429, "", UpstreamUnavailableError),
        (400, "", UpstreamRejectedError),
        (200, "{}", UpstreamUnavailableError),
        (200, "<html>", UpstreamUnavailableError),
    ],
)
async def test_a_token_that_is_not_given_is_an_error(
    server: AzureDevOps, wiki: Wiki, http: httpx2.AsyncClient, status: int, body: str, error: type[Exception]
) -> None:
    server.fail("/token", status, body=body or "no")
    http.auth = EntraApplication(server.address, TENANT, CLIENT, SECRET)
    with pytest.raises(error):
        await http.get(server.organization_url)


async def test_secrets_are_not_in_what_is_shown(source: DocumentationSourceInterface, server: AzureDevOps) -> None:
    application = EntraApplication(server.address, TENANT, CLIENT, SECRET)
    assert SECRET not in f"{application!r} {application}"
    assert server.pat not in f"{source!r} {source}"
