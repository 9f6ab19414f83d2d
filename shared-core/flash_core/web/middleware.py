"""What every request passes through: its id, its log line, its metrics, and the limit of its body."""

import errno
import time
from collections.abc import Mapping
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flash_core.errors import FlashError, TooLargeError, UpstreamUnavailableError
from flash_core.utils.request_id import HEADER, accept_request_id
from flash_core.web.problems import problem_response

log = structlog.get_logger(__name__)
REQUESTS = Counter("flash_http_requests_total", "HTTP requests.", ["method", "route", "status"])
SECONDS = Histogram(
    "flash_http_request_seconds",
    "Time to the end of the response.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
MIB = 1 << 20
_OPERATIONS = ("/health", "/metrics")


class RequestContext:
    """Binds the request id to the logs, returns it, and turns what nobody caught into a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = accept_request_id(Headers(scope=scope).get(HEADER))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "http":
                await self._observed(scope, receive, send, request_id)
            else:
                await self._app(scope, receive, send)

    async def _observed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        began = time.perf_counter()
        status = 0

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        except Exception as error:  # the boundary: the client gets a problem document, the operator the trace
            log.exception("http.crashed", method=scope["method"], route=_route(scope))
            if status == 0:
                await problem_response(_crash(error), instance=scope["path"])(scope, receive, observed_send)
        finally:
            _record(scope, status, time.perf_counter() - began)


def _crash(error: Exception) -> FlashError:
    """A request may be too large to be kept in memory meanwhile."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return UpstreamUnavailableError("The disk for temporary files is full. Make room.")
    return FlashError("Something went wrong on our side; the request id finds it in the logs.")


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    if route.startswith(_OPERATIONS):
        return
    REQUESTS.labels(scope["method"], route, status).inc()
    SECONDS.labels(scope["method"], route).observe(seconds)
    log.info("http.request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _route(scope: Scope) -> str:
    """The route's template, so that ids do not become labels."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", None) or "unmatched")


class BodyLimit:
    """Refuses larger bodies with 413, whether or not their length was announced.

    `limits` maps a path to its limit in bytes, `/path/*` stands for all paths below; `default` is for all others.
    """

    def __init__(self, app: ASGIApp, *, limits: Mapping[str, int], default: int = MIB) -> None:
        self._app = app
        self._limits = dict(limits)
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"].rstrip("/"))
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            await _refusal(limit, scope)(scope, receive, send)
            return
        await _Metered(limit, receive, send).run(self._app, scope)

    def _limit(self, path: str) -> int:
        below = (limit for key, limit in self._limits.items() if key.endswith("/*") and path.startswith(key[:-1]))
        return self._limits.get(path) or next(below, self._default)


def _refusal(limit: int, scope: Scope) -> Response:
    return problem_response(TooLargeError(f"The body may have {limit:,} bytes."), instance=scope["path"])


class _Metered:
    """Counts what comes in; past the limit the application reads a disconnect and its response is replaced."""

    def __init__(self, limit: int, receive: Receive, send: Send) -> None:
        self._limit = limit
        self._left = limit
        self._receive = receive
        self._send = send
        self._started = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._counted_receive, self._guarded_send)
        except Exception:
            if not self._refused:
                raise  # else it is how the application takes the disconnect
        if self._refused:
            await _refusal(self._limit, scope)(scope, self._receive, self._send)

    @property
    def _refused(self) -> bool:
        return self._left < 0 and not self._started

    async def _counted_receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                return {"type": "http.disconnect"}
        return message

    async def _guarded_send(self, message: Message) -> None:
        if self._refused:
            return  # the refusal is sent instead
        self._started = True
        await self._send(message)
