"""The `git` command as a child that asks nobody, runs nothing of what it reads, and ends in time."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flash_core.errors import UpstreamRejectedError
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.providers.redaction import without

_OLDEST: Final = (2, 37)
"""Earlier ones ignore `http.curloptResolve`, and would connect to whatever a name says by then."""
_MAX_ERROR: Final = 8_192
_READ_SIZE: Final = 65_536
_LIMITED: Final = 'trap "" XFSZ; ulimit -f "$1"; ulimit -v "$2" 2>/dev/null; shift 2; exec "$@"'
"""Limits that its children inherit: a write that goes too far fails; not every system can limit memory."""
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "16m",
    "core.packedGitLimit": "512m",
    "core.packedGitWindowSize": "32m",
    "credential.helper": "",
    "fetch.unpackLimit": "1",  # a pack is there as a whole or not at all
    "gc.auto": "0",
    "gc.autoDetach": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "http.proxy": "",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "protocol.version": "2",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
}


class GitFailedError(Exception):
    """Git ended with an error; the message is what it wrote, of this repository and of nobody's secrets."""


@dataclass(frozen=True, slots=True)
class Limits:
    """For one command: seconds, bytes of one file that it writes, bytes of memory."""

    seconds: float = 1_800
    file_bytes: int = 2_000_000_000
    memory: int = 6_000_000_000


@dataclass(frozen=True, slots=True)
class Reach:
    """What a command may connect to: one protocol (none: nothing), by settings that may hold a token. `secrets`: what
    nobody is told, though a server may say it back.
    """

    protocol: str = "none"
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Sequence[str] = field(default=(), repr=False)


NOWHERE: Final = Reach()


class Git:
    """Commands on one bare repository, or on none."""

    def __init__(self, folder: Path | None, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits

    async def output(self, *arguments: str, reach: Reach = NOWHERE) -> bytes:
        """What a command that says little writes; raises `GitFailedError`, `SourceAwayError`."""
        try:
            async with asyncio.timeout(self._limits.seconds), self.started(*arguments, reach=reach) as process:
                written, errors = await process.communicate()
        except TimeoutError as error:
            detail = f"Git took longer than {self._limits.seconds / 60:.0f} minutes."
            raise SourceAwayError(detail) from error
        if process.returncode:
            said = errors[-_MAX_ERROR:].decode("utf-8", "replace").strip()
            raise GitFailedError(without(reach.secrets, said))
        return written

    async def fields(self, *arguments: str, take: Callable[[str], None]) -> None:
        """Hand over what a command writes, between NULs, as it comes; what is no UTF-8 is kept as surrogates."""
        rest = b""
        async with self.started(*arguments) as process:
            if process.stdout is None:
                raise GitFailedError("There is no pipe.")  # pragma: no cover  # asked for below
            while piece := await process.stdout.read(_READ_SIZE):
                *whole, rest = (rest + piece).split(b"\x00")
                for one in whole:
                    take(one.decode("utf-8", "surrogateescape"))
            _, errors = await process.communicate()
        if process.returncode:
            raise GitFailedError(errors[-_MAX_ERROR:].decode("utf-8", "replace").strip())

    def started(
        self, *arguments: str, reach: Reach = NOWHERE, reads: bool = False
    ) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
        """A command with pipes, for its input too if it `reads`; it ends, with its children, when the context does."""
        where = ("--git-dir", str(self._folder)) if self._folder else ()
        return _started(("git", *where, *arguments), environment(reach), self._limits, reads=reads)


async def require_git() -> None:
    """`UpstreamRejectedError` unless there is a `git` that is young enough to be kept at one address."""
    try:
        async with _started(("git", "--version"), environment(NOWHERE), Limits()) as process:
            written, _ = await process.communicate()
    except OSError:  # pragma: no cover  # no shell: no system that this runs on
        written = b""
    found = re.search(rb"(\d+)\.(\d+)", written)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        raise UpstreamRejectedError(f"The indexing service needs `git` {wanted} or newer on its machine.")


def environment(reach: Reach) -> dict[str, str]:
    """Nothing of this process's but the path; settings go by here, since everybody can read a command line."""
    settings = _SETTINGS | dict(reach.settings)
    numbered: dict[str, str] = {}
    for number, (name, value) in enumerate(settings.items()):
        numbered |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": reach.protocol,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **numbered,
    }


@asynccontextmanager
async def _started(
    argv: Sequence[str], env: Mapping[str, str], limits: Limits, *, reads: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        _LIMITED,
        "sh",
        str(limits.file_bytes // 512),
        str(limits.memory // 1_024),
        *argv,
        stdin=asyncio.subprocess.PIPE if reads else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
        cwd="/",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()  # what is still in its pipes keeps them open
