"""`Idempotency-Key` on a POST that creates: the same key with the same body gives the first response again.

What is kept here is a response; a process that dies between its commit and its response leaves none. A use case that
must not do its work twice stores the request's name in its transaction (`RequestName`).
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

from fastapi import Depends
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flash_core.errors import FieldError, FlashError, ForbiddenError, InvalidInputError, UnauthenticatedError
from flash_core.interfaces.idempotency import HELD_SECONDS, IdempotencyStoreInterface, StoredResponse
from flash_core.models.user import Principal
from flash_core.web.identity import current_user
from flash_core.web.problems import problem_response
from flash_core.web.temporary_body import TemporaryBody

HEADER = "Idempotency-Key"
_MAX_LENGTH = 255
_SUCCESS = range(200, 300)
_CREATES = frozenset({201, 202})
_NAME = "flash.request_name"


class Idempotency:
    """Keys belong to a user and a path. Only successes are remembered: a request that changed nothing may be tried
    again with its key. All but the `routes` that create pass through: what was read before may be closed or deleted by
    now. So do paths that match `own`: their use cases remember the key in their own transaction.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[BaseRoute],
        own: re.Pattern[str] | None = None,
        *,
        hold_every_seconds: float = HELD_SECONDS / 3,
    ) -> None:
        self._app = app
        self._routes = routes
        self._own = own
        self._hold_every_seconds = hold_every_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and scope["method"] == "POST" else None
        if key is None or not self._takes(scope):
            await self._app(scope, receive, send)
            return
        try:
            await self._once(key, scope, receive, send)
        except FlashError as error:
            await problem_response(error, instance=scope["path"])(scope, receive, send)

    def _takes(self, scope: Scope) -> bool:
        is_own = self._own is not None and self._own.fullmatch(scope["path"]) is not None
        return creates(self._routes, scope) and not is_own

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not 0 < len(key) <= _MAX_LENGTH:
            detail = f"The {HEADER} may have 1 to {_MAX_LENGTH} characters."
            raise InvalidInputError(detail, [FieldError(HEADER, detail)])
        connection = HTTPConnection(scope)
        user = await _user(connection)
        if user is None:
            await self._app(scope, receive, send)
            return
        store: IdempotencyStoreInterface = connection.state.container.idempotency
        own_key = hashlib.sha256(f"{user.user_id}\n{scope['path']}\n{key}".encode()).hexdigest()
        with TemporaryBody(scope) as body:
            if await body.read(receive):
                await self._kept(store, own_key, body, scope, receive, send)

    async def _kept(
        self,
        store: IdempotencyStoreInterface,
        own_key: str,
        body: TemporaryBody,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        fingerprint = body.fingerprint()
        first = await store.begin(own_key, fingerprint)
        if first is not None:
            headers = {"Content-Type": first.content_type, "Idempotency-Replayed": "true"}
            await Response(first.body, first.status, headers)(scope, receive, send)
            return
        scope[_NAME] = hashlib.sha256(f"{own_key}\n{fingerprint}".encode()).hexdigest()
        recorder = _Recorder(send, partial(store.complete, own_key, fingerprint))
        try:
            async with self._held(store, own_key):
                await self._app(scope, body.replay(receive), recorder)
        finally:
            if not recorder.is_kept:
                await store.abandon(own_key)

    @asynccontextmanager
    async def _held(self, store: IdempotencyStoreInterface, own_key: str) -> AsyncIterator[None]:
        """While this process lives to answer: the key of a request that died with its process is free soon."""

        async def hold() -> None:
            while True:
                await asyncio.sleep(self._hold_every_seconds)
                await store.hold(own_key)

        holding = asyncio.create_task(hold())
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)


def creates(routes: Sequence[BaseRoute], scope: Scope) -> bool:
    """Whether the route that answers says so by its status: 201, or 202 for what is created later."""
    found = next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)
    return getattr(found, "status_code", None) in _CREATES


async def _user(connection: HTTPConnection) -> Principal | None:
    """None for who is not known: the route says so itself, or is for everyone, like signing in."""
    try:
        return await current_user(connection)
    except (UnauthenticatedError, ForbiddenError):
        return None


async def _request_name(connection: HTTPConnection) -> str | None:
    name: str | None = connection.scope.get(_NAME)
    return name


RequestName = Annotated[str | None, Depends(_request_name)]
"""The same for every try of a request, by its user, path, key and body; None for one without a key."""


class _Recorder:
    """Passes a response on; a success is kept before its end is sent, so that the next try finds it."""

    def __init__(self, send: Send, keep: Callable[[StoredResponse], Awaitable[None]]) -> None:
        self._send = send
        self._keep = keep
        self._parts: list[bytes] = []
        self._content_type = ""
        self._status = 0
        self.is_kept = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._content_type = MutableHeaders(scope=message).get("content-type", "")
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if self._status in _SUCCESS and not message.get("more_body", False):
                await self._keep(StoredResponse(self._status, self._content_type, b"".join(self._parts)))
                self.is_kept = True
        await self._send(message)
