"""A repository behind HTTP: sign-in, redirects, cut and killed transfers, limits, and what stays on the disk."""

import asyncio
import base64
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.git import command
from indexing_service.providers.git.clone import remove_unused
from indexing_service.providers.git.command import NOWHERE, Git, GitFailedError, Limits, Reach, environment, require_git
from indexing_service.providers.git.provider import GitProvider
from tests.servers.git import GitServer, Repository, running
from tests.unit.indexing_service.git.world import LIMITS, World, ids, quiet


@pytest.fixture
def server(tmp_path: Path, repository: Repository) -> Iterator[GitServer]:
    with running(tmp_path) as server:
        server.sign_in = "reader:let me in"
        yield server


def signed_in(who: str) -> dict[str, str]:
    return {"http.extraHeader": f"Authorization: Basic {base64.b64encode(who.encode()).decode()}"}


@pytest.fixture
def remote(tmp_path: Path, server: GitServer) -> World:
    settings = signed_in(server.sign_in)
    return World(tmp_path / "copies", server.url("docs"), protocol="http", settings=settings)


async def test_a_token_opens_the_repository_and_no_past_is_fetched(
    remote: World, repository: Repository, server: GitServer
) -> None:
    repository.write("index.md", "# Again\n").commit()
    before = await remote.inventory()
    assert ids(before) == ["guides/deep/b.txt", "guides/setting up.md", "index.md"]
    assert (await remote.clone().git.output("rev-list", "--count", "--all")).strip() == b"1"
    repository.write("more.md", "More.").commit()
    changes = await remote.changes(before.cursor)
    assert changes is not None
    assert [item.external_id for item in changes.items] == ["more.md"]
    server.requests.clear()
    assert await remote.changes(changes.cursor)
    assert not [request for request in server.requests if "POST" in request and "upload-pack" not in request]
    assert len(server.requests) == 2  # what is there, and which commits: nothing is fetched


@pytest.mark.parametrize(
    ("settings", "status", "location", "advice"),
    [
        ({}, 0, "", "refuses these credentials"),
        (signed_in("reader:wrong"), 0, "", "refuses these credentials"),
        (signed_in("reader:let me in"), 403, "", "refuses these credentials"),
        (signed_in("reader:let me in"), 404, "", "no such repository"),
        (signed_in("reader:let me in"), 301, "http://127.0.0.1:9/docs/info/refs", "final address"),
    ],
)
async def test_what_the_server_refuses_is_said(
    remote: World, server: GitServer, settings: dict[str, str], status: int, location: str, advice: str
) -> None:
    server.status, server.location = status, location
    with pytest.raises(UpstreamRejectedError, match=advice):
        await replace(remote, settings=settings).inventory()
    async with replace(remote, settings=settings).source() as source:
        check = await source.check()
    assert (check.ok, advice in check.detail) == (False, True)


async def test_a_copy_that_others_made_is_read_only_with_their_permission(remote: World) -> None:
    await remote.inventory()
    assert (await remote.document("index.md")).content == b"# Start\n"
    with pytest.raises(UpstreamRejectedError, match="refuses these credentials"):
        await replace(remote, settings=signed_in("reader:wrong")).document("index.md")


async def test_a_server_in_trouble_may_recover(remote: World, server: GitServer) -> None:
    server.status = 503
    with pytest.raises(UpstreamUnavailableError, match="503"):
        await remote.inventory()
    server.status = 0
    assert len(ids(await remote.inventory())) == 3


async def test_only_the_protocol_that_was_chosen_is_spoken(remote: World) -> None:
    with pytest.raises(UpstreamUnavailableError, match="not allowed"):
        await replace(remote, protocol="https").inventory()


async def test_a_name_leads_to_the_address_that_was_checked_only(remote: World, server: GitServer) -> None:
    """What the name says by then does not matter, as here, where nobody knows it."""
    url = f"http://docs.example.test:{server.port}/docs"
    resolved = {"http.curloptResolve": f"docs.example.test:{server.port}:127.0.0.1"}
    assert len(ids(await replace(remote, url=url, settings={**remote.settings, **resolved}).inventory())) == 3
    with pytest.raises(UpstreamUnavailableError):
        await replace(remote, url=url).inventory()


async def test_a_transfer_that_is_cut_leaves_the_copy_as_it_was(
    remote: World, repository: Repository, server: GitServer
) -> None:
    before = await remote.inventory()
    repository.write("noise.md", os.urandom(50_000)).commit()
    server.cut_after = 20_000
    with pytest.raises(UpstreamUnavailableError):
        await remote.changes(before.cursor)
    server.cut_after = -1
    changes = await remote.changes(before.cursor)
    assert changes is not None
    assert [item.external_id for item in changes.items] == ["noise.md"]


async def test_a_fetch_that_is_killed_in_the_middle_goes_on_the_next_time(
    remote: World, repository: Repository, server: GitServer
) -> None:
    repository.write("noise.md", os.urandom(200_000)).commit()
    server.stall()
    job = asyncio.create_task(remote.inventory())
    assert await asyncio.to_thread(server.stalled.wait, 15)
    [folder] = [entry for entry in remote.home.iterdir() if entry.is_dir()]
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert server.go_on is not None
    server.go_on.set()
    (folder / "shallow.lock").touch()  # what a machine that lost its power leaves
    (folder / "objects/pack/tmp_pack_x").touch()
    assert "noise.md" in ids(await remote.inventory())
    assert not list(folder.rglob("*.lock"))
    assert not list(folder.rglob("tmp_*"))


async def test_one_job_at_a_time_brings_a_copy_up_to_date(remote: World, server: GitServer) -> None:
    server.stall()
    first = asyncio.create_task(remote.inventory())
    assert await asyncio.to_thread(server.stalled.wait, 15)
    impatient = replace(remote, limits=Limits(seconds=0.1))
    with pytest.raises(UpstreamUnavailableError, match="another job"):
        await impatient.inventory()
    assert server.go_on is not None
    server.go_on.set()
    assert await first == await remote.inventory()


async def test_a_fetch_that_takes_too_long_ends(remote: World, server: GitServer, repository: Repository) -> None:
    before = await remote.inventory()
    repository.write("more.md", "More.").commit()
    server.stall()
    with pytest.raises(UpstreamUnavailableError, match="took longer"):
        await replace(remote, limits=Limits(seconds=1)).changes(before.cursor)


async def test_a_check_does_not_wait_for_a_large_repository(
    remote: World, server: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexing_service.providers.git.source._CHECK_SECONDS", 0.5)
    server.stall()
    async with remote.source() as source:
        check = await source.check()
    assert (check.ok, check.found, "a sync will count" in check.detail) == (True, {}, True)


async def test_a_repository_that_is_too_large_is_refused(remote: World, repository: Repository) -> None:
    repository.write("noise.md", os.urandom(200_000)).commit()
    small = replace(remote, limits=replace(LIMITS, file_bytes=100_000))
    with pytest.raises(UpstreamRejectedError, match=r"larger than 0\.0001 GB"):
        await small.inventory()


async def test_many_updates_do_not_pile_up(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexing_service.providers.git.clone._PACKS", 2)
    cursors = []
    for number in range(4):
        repository.write("index.md", f"# Version {number}\n").commit()
        cursors.append((await world.inventory()).cursor)
    assert len(list(world.home.glob("*/objects/pack/*.pack"))) <= 2
    changes = await world.changes(cursors[0])
    assert changes is not None
    assert [item.external_id for item in changes.items] == ["index.md"]


async def test_copies_that_nobody_uses_are_removed_and_come_back(world: World) -> None:
    await world.inventory()
    [folder] = [entry for entry in world.home.iterdir() if entry.is_dir()]
    remove_unused(world.home)
    assert folder.exists()
    long_ago = time.time() - 31 * 86_400
    os.utime(folder, (long_ago, long_ago))
    async with world.clone().held():
        remove_unused(world.home)
    assert folder.exists()  # somebody is at work in it
    remove_unused(world.home)
    assert not folder.exists()
    assert (await world.document("index.md")).content == b"# Start\n"


async def test_a_worker_that_has_no_copy_makes_one_to_read_from(world: World) -> None:
    async with world.source() as source:
        await source.list(quiet)
    shutil.rmtree(world.home)
    assert (await world.document("index.md")).content == b"# Start\n"


async def test_the_command_line_and_the_errors_hold_no_token(remote: World) -> None:
    reach = await remote.reach()
    secret = remote.settings["http.extraHeader"]
    assert secret not in repr(reach)
    assert secret in environment(reach).values()
    with pytest.raises(GitFailedError) as failed:
        await Git(None, LIMITS).output("ls-remote", f"{remote.url}x", reach=Reach("https", remote.settings))
    assert "Basic" not in str(failed.value)


async def test_a_server_that_says_back_what_it_was_sent_tells_nobody(server: GitServer, tmp_path: Path) -> None:
    server.echoes = True
    provider = GitProvider(OutgoingPolicy(["127.0.0.1"]), tmp_path / "copies")
    access = Access({"url": server.url("docs")}, {"username": "reader", "token": "s3cret-token"})
    basic = base64.b64encode(b"reader:s3cret-token").decode()
    async with provider.connect(await provider.validated(access)) as source:
        check = await source.check()
        with pytest.raises(UpstreamUnavailableError) as failed:
            await source.list(quiet)
    for said in (check.detail, str(failed.value)):
        assert "you sent Basic …" in said
        assert "s3cret-token" not in said
        assert basic not in said


async def test_git_sees_nothing_of_this_process_but_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "secret")
    env = environment(NOWHERE)
    assert "DATABASE_URL" not in env
    assert env["GIT_ALLOW_PROTOCOL"] == "none"
    assert env["GIT_TERMINAL_PROMPT"] == "0"


async def test_a_machine_without_a_git_that_is_young_enough_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    await require_git()
    monkeypatch.setattr(command, "_OLDEST", (99, 0))
    with pytest.raises(UpstreamRejectedError, match=r"needs `git` 99.0 or newer"):
        await require_git()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UpstreamRejectedError, match="needs `git`"):
        await require_git()
