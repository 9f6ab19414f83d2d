"""The contents of files, read one after the other through one child process."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from indexing_service.providers.git.command import Git, GitFailedError


class BlobReader:
    """Started with the first read; ends with its context."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._stack = AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        self._process = None
        await self._stack.aclose()

    async def read(self, sha: str) -> bytes:
        """Raises `GitFailedError` when it is not here."""
        async with self._turn:
            try:
                return await self._answer(sha)
            except BaseException:
                await self.close()  # what it answers next would be the answer to this
                raise

    async def _answer(self, sha: str) -> bytes:
        if self._process is None:
            started = self._git.started("cat-file", "--batch", reads=True)
            self._process = await self._stack.enter_async_context(started)
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise GitFailedError("There are no pipes.")  # pragma: no cover  # asked for above
        try:
            asked.write(f"{sha}\n".encode())
            await asked.drain()
            said = await answers.readline()
            if said.split()[1:2] != [b"blob"]:
                raise GitFailedError(said.decode("utf-8", "replace").strip() or "Git ended.")
            content = await answers.readexactly(int(said.split()[2]))
            await answers.readexactly(1)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise GitFailedError("Git ended.") from error
        return content
