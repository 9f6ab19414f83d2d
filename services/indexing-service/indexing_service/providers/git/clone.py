"""The bare, shallow copy of one repository on this machine: made, brought up to date, read, and removed."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flash_core.errors import UpstreamRejectedError
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.providers.git.command import Git, GitFailedError, Limits, Reach
from indexing_service.providers.git.failures import refused

_UNUSED_DAYS: Final = 30
_PACKS: Final = 50
_WAIT: Final = 0.05
_BRANCHES: Final = "refs/heads/"
_REGULAR: Final = "100"
"""What the mode of a file begins with; links and other repositories have others."""

ReachMaker = Callable[[], Awaitable[Reach]]
"""Checks where the repository's host is now."""


@dataclass(frozen=True, slots=True)
class Head:
    """The commit that a branch was at when it was looked at last."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a tree; `regular` False: a link or another repository."""

    path: str
    sha: str
    size: int
    regular: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """One difference of two trees; None: there is no regular file on that side. `sha` is the newer one's."""

    before: str | None
    after: str | None
    sha: str


class Clone:
    """All sources with one URL share one; what each may see is asked of the remote before it is read."""

    def __init__(self, home: Path, url: str, reach: ReachMaker, limits: Limits) -> None:
        self._home = home
        self._url = url
        self._reach = reach
        self._limits = limits
        self._folder = home / hashlib.sha256(url.encode()).hexdigest()[:32]
        self.git = Git(self._folder, limits)

    async def remote_head(self, branch: str | None) -> Head:
        """What the remote says now; raises `UpstreamRejectedError` when there is no such branch."""
        wanted = f"{_BRANCHES}{branch}" if branch else "HEAD"
        answer = await self._remotely(
            Git(None, self._limits), "ls-remote", "--quiet", "--symref", "--", self._url, wanted
        )
        lines = [line.split("\t") for line in answer.decode("utf-8", "replace").splitlines()]
        says = {left.startswith("ref: "): left for left, name in lines if name == wanted}
        commit, default = says.get(False), says.get(True, "").removeprefix(f"ref: {_BRANCHES}")
        if commit is None or not (branch or default):
            raise UpstreamRejectedError(
                f"The repository has no branch `{branch}`." if branch else "The repository has no default branch yet."
            )
        return Head(branch or default, commit)

    async def update(self, branch: str | None) -> Head:
        """Bring the branch here. Raises `SourceAwayError`, `UpstreamRejectedError`."""
        async with self.held():
            await self._initialised()
            wanted = await self.remote_head(branch)
            if await self._head(wanted.branch) != wanted:
                await self._fetched(wanted.branch)
            await self._tidied()
            head = await self._head(wanted.branch)
        await asyncio.to_thread(remove_unused, self._home)
        return head or wanted

    async def committed_at(self, head: Head) -> datetime:
        seconds = await self._line("show", "--no-patch", "--no-show-signature", "--format=%ct", head.commit)
        return datetime.fromtimestamp(int(seconds), UTC)

    async def blobs(self, head: Head, subfolder: str, take: Callable[[Blob], None]) -> None:
        """Everything below the subfolder, with paths that begin there. `GitFailedError` if there is no such folder."""
        tree = _tree(head.commit, subfolder)
        await self.git.fields("ls-tree", "-r", "-z", "-l", "--full-tree", tree, take=lambda entry: take(_blob(entry)))

    async def edits(self, since: str, head: Head, subfolder: str) -> list[Edit]:
        """What differs, moved files as one edit. `GitFailedError` if the older tree is not here (any more)."""
        trees = (_tree(since, subfolder), _tree(head.commit, subfolder))
        fields: list[str] = []
        options = ("-r", "-z", "-M", "--raw", "--no-abbrev", "--no-ext-diff")
        await self.git.fields("diff-tree", *options, *trees, take=fields.append)
        return list(_edits(iter(fields)))

    async def readable(self, head: Head) -> bool:
        """Whether the tree of the commit is here."""
        try:
            await self.git.output("ls-tree", "--full-tree", _tree(head.commit, ""))
        except GitFailedError:
            return False
        return True

    async def discard(self) -> None:
        """Begin anew with the next update: something here can't be read."""
        async with self.held():
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _head(self, branch: str) -> Head | None:
        """As of the last update; None if there was none."""
        try:
            commit = await self._line("rev-parse", "--verify", "--quiet", f"{_BRANCHES}{branch}^{{commit}}")
        except GitFailedError:
            return None
        return Head(branch, commit)

    async def _fetched(self, branch: str) -> None:
        name = f"{_BRANCHES}{branch}"
        options = ("--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        await self._remotely(self.git, "fetch", "--quiet", *options, "--", self._url, f"+{name}:{name}")

    async def _remotely(self, git: Git, *arguments: str) -> bytes:
        try:
            return await git.output(*arguments, reach=await self._reach())
        except GitFailedError as error:
            raise refused(str(error), self._limits.file_bytes) from error

    async def _initialised(self) -> None:
        """What a killed command left behind goes away: nobody else is at work here."""
        if await asyncio.to_thread((self._folder / "HEAD").exists):
            await asyncio.to_thread(_without_remains, self._folder)
        else:
            await self._line("init", "--quiet", "--bare", "--template=")
        await asyncio.to_thread(os.utime, self._folder)

    async def _tidied(self) -> None:
        """Every update adds a pack. What no branch leads to stays for two weeks, so that older cursors hold."""
        packs = await asyncio.to_thread(lambda: len(list(self._folder.glob("objects/pack/*.pack"))))
        if packs > _PACKS:
            await self._line("gc", "--quiet")

    async def _line(self, *arguments: str) -> str:
        return (await self.git.output(*arguments)).decode("utf-8", "replace").strip()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """One at a time, of all processes on this machine."""
        self._home.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._limits.seconds
        with _lock_file(self._folder) as file:
            while not _locked(file):
                if time.monotonic() > deadline:
                    raise SourceAwayError("The copy of the repository is being worked on by another job.")
                await asyncio.sleep(_WAIT)
            yield


def remove_unused(home: Path) -> None:
    """Copies that no source has brought up to date for long."""
    limit = time.time() - _UNUSED_DAYS * 86_400
    for folder in home.iterdir():
        if folder.is_dir() and folder.stat().st_mtime < limit:
            with _lock_file(folder) as file:
                if _locked(file):
                    shutil.rmtree(folder, ignore_errors=True)


def _blob(entry: str) -> Blob:
    facts, _, path = entry.partition("\t")
    mode, _, sha, size = facts.split()
    regular = mode.startswith(_REGULAR)
    return Blob(path, sha, int(size) if regular else 0, regular)


def _edits(fields: Iterator[str]) -> Iterator[Edit]:
    for facts in fields:
        old_mode, new_mode, _, sha, what = facts.removeprefix(":").split()
        old = next(fields)
        new = next(fields) if what.startswith("R") else old
        before = old if old_mode.startswith(_REGULAR) else None
        yield Edit(before, new if new_mode.startswith(_REGULAR) else None, sha)


def _tree(commit: str, subfolder: str) -> str:
    return f"{commit}:{subfolder}"


@contextmanager
def _lock_file(folder: Path) -> Iterator[int]:
    file = os.open(folder.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _without_remains(folder: Path) -> None:
    for remains in (*folder.rglob("*.lock"), *folder.glob("objects/pack/tmp_*")):
        with suppress(OSError):
            remains.unlink()
