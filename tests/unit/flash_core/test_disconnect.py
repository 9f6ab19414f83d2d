"""Work goes on only while somebody waits for it."""

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from flash_core.web.disconnect import while_connected


class Connection:
    """A request whose client hangs up when the test says so."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, self._receive)
        self._bodies = [b"some", b""]

    async def _receive(self) -> Any:
        if self._bodies:
            body = self._bodies.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(body)}
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def test_a_client_that_waits_gets_the_result() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await while_connected(Connection().request, work()) == 7


async def test_an_error_of_the_work_is_the_clients() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await while_connected(Connection().request, work())


async def test_work_ends_when_the_client_hangs_up() -> None:
    connection, ended = Connection(), asyncio.Event()

    async def work() -> None:
        connection.gone.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(HTTPException) as refused:
        await while_connected(connection.request, work())
    assert refused.value.status_code == 499
    await ended.wait()
