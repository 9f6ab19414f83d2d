"""Between a service and those that it calls."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from aiohttp import web
from yarl import URL

from flash_core.web.identity import SERVICE_TOKEN_HEADER
from tests.chaos.wires.traps import Moment, Traps

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COLLECTION: Final = re.compile(r"(?<=/collections/)[^/]+")
_OF_ONE_CONNECTION: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_MOST_BYTES: Final = 1 << 28


class HttpWire:
    """`target` is asked with every request where the service answers. A request is called by who asks and what for, as
    `indexing: POST /internal/documents/resolve`.
    """

    def __init__(self, service: str, target: Callable[[], int], traps: Traps) -> None:
        self._service = service
        self._target = target
        self._traps = traps
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen on a free port of loopback, which is returned."""
        application = web.Application(client_max_size=_MOST_BYTES)
        application.router.add_route("*", "/{anything:.*}", self._pass)
        self._session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None), connector=aiohttp.TCPConnector(limit=0)
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        assert self._runner is not None
        assert self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        body, step = await request.read(), _step(request)
        if self._traps.is_away(self._service) or not self._traps.passes(step, Moment.BEFORE):
            return _cut(request)
        address = URL(f"http://127.0.0.1:{self._target()}{request.raw_path}", encoded=True)
        headers = _kept(request.headers)
        try:
            async with self._session.request(request.method, address, headers=headers, data=body) as reply:
                answer = web.Response(status=reply.status, headers=_kept(reply.headers), body=await reply.read())
        except aiohttp.ClientError:
            return _cut(request)
        return answer if self._traps.passes(step, Moment.AFTER) else _cut(request)


def _step(request: web.Request) -> str:
    path = _COLLECTION.sub("{name}", _ID.sub("{id}", request.path))
    return f"{_caller(request.headers.get(SERVICE_TOKEN_HEADER, ''))}: {request.method} {path}"


def _caller(token: str) -> str:
    """Who issued the token; nobody checks it here."""
    _, _, rest = token.partition(".")
    claims = rest.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iss"]) if claims else "-"


def _kept(headers: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION]


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
