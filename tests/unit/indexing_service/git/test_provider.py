"""Git repositories as a type of source: what may be named, and how it is reached."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import InvalidInputError, UpstreamRejectedError
from indexing_service.interfaces import SourceDocument
from indexing_service.interfaces.providers import Access
from indexing_service.providers.git.provider import GitProvider
from tests.servers.git import Repository, running
from tests.unit.indexing_service.git.world import quiet


@dataclass
class Names:
    """A resolver whose answers change."""

    answers: list[str]
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return [self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]]


async def test_a_repository_behind_http_is_read_with_its_token(tmp_path: Path, repository: Repository) -> None:
    names = Names(["127.0.0.1"])
    provider = GitProvider(OutgoingPolicy(["docs.example.test"], resolver=names), tmp_path / "copies")
    with running(tmp_path) as server:
        server.sign_in = "x-access-token:secret"
        url = f"http://docs.example.test:{server.port}/docs"
        access = await provider.validated(Access({"url": url}, {"token": "secret"}))
        async with provider.connect(access) as source:
            assert not server.requests
            inventory = await source.list(quiet)
            found = await source.fetch("index.md")
    assert len(inventory.items) == 3
    assert isinstance(found, SourceDocument)
    assert set(names.asked) == {("docs.example.test", server.port)}


async def test_a_name_that_turns_to_a_private_address_is_refused_every_time(
    tmp_path: Path, repository: Repository
) -> None:
    with running(tmp_path) as server:
        names = Names(["127.0.0.1", "169.254.169.254"])
        policy = OutgoingPolicy([f"docs.example.test:{server.port}"], resolver=names)
        access = Access({"url": f"http://docs.example.test:{server.port}/docs"})
        async with GitProvider(policy, tmp_path / "copies").connect(access) as source:
            with pytest.raises(UpstreamRejectedError, match="not public"):
                await source.list(quiet)
            assert not (await source.check()).ok
    assert [request.split("?")[0] for request in server.requests[:1]] == ["GET /docs/info/refs"]
    assert not any("fetch" in request for request in server.requests)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/docs", "https://[::1]/docs", "http://example.com/docs", "/srv/docs"]
)
async def test_what_the_operator_did_not_allow_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await GitProvider(OutgoingPolicy(), tmp_path).validated(Access({"url": url}))
    assert [error.field for error in refused.value.errors] == ["config.url"]


async def test_folders_may_be_allowed_for_trials(tmp_path: Path, repository: Repository) -> None:
    provider = GitProvider(OutgoingPolicy(), tmp_path / "copies", local=True)
    for url in (str(repository.folder), repository.folder.as_uri()):
        async with provider.connect(await provider.validated(Access({"url": url}))) as source:
            assert len((await source.list(quiet)).items) == 3
    assert len([folder for folder in (tmp_path / "copies").iterdir() if folder.is_dir()]) == 1


async def test_an_address_without_a_name_is_reached_as_well(tmp_path: Path) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
    access = Access({"url": f"http://[::1]:{port}/docs"}, {"token": "secret", "username": "me"})
    provider = GitProvider(OutgoingPolicy(["::1"]), tmp_path / "copies")
    async with provider.connect(await provider.validated(access)) as source:
        check = await source.check()
    assert (check.ok, "Failed to connect" in check.detail, "secret" in check.detail) == (False, True, False)


async def test_addresses_of_the_new_kind_are_handed_on(tmp_path: Path, repository: Repository) -> None:
    names = Names(["::1"])
    provider = GitProvider(OutgoingPolicy(["docs.example.test"], resolver=names), tmp_path / "copies")
    async with provider.connect(Access({"url": "http://docs.example.test:9/docs"})) as source:
        assert "Failed to connect" in (await source.check()).detail
