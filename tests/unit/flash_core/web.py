"""A small service, for tests of what all services have in common."""

import errno
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
from asgi_lifespan import LifespanManager
from fastapi import APIRouter, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from flash_core.composition import ServiceContainer
from flash_core.errors import (
    FieldError,
    FlashError,
    InvalidInputError,
    OverloadedError,
    RateLimitedError,
    UpstreamUnavailableError,
)
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.interfaces.worker import WorkerInterface
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.common import Request as Body
from flash_core.testing.fakes import FakeAuthenticator, FakeIdempotencyStore
from flash_core.web.app import ServiceSpec, create_app
from flash_core.web.idempotency import RequestName
from flash_core.web.identity import CurrentAdmin, CurrentEditor, CurrentUser, InternalCaller, OnBehalf
from flash_core.web.problems import problems

USER = Principal(UUID(int=1), frozenset({UserRole.USER}), frozenset({"staff"}))
EDITOR = Principal(UUID(int=2), frozenset({UserRole.EDITOR}), frozenset())
ADMIN = Principal(UUID(int=3), frozenset({UserRole.ADMIN}), frozenset())
AS_USER = {"Authorization": "Bearer user"}

router = APIRouter()


class ThingBody(Body):
    name: str
    count: int = 1


RAISED: Mapping[str, Exception] = {
    "fields": InvalidInputError("Some fields are wrong.", [FieldError("a.b", "too long")]),
    "input": InvalidInputError("This can't be stored."),
    "overloaded": OverloadedError("full", 2.2),
    "rate": RateLimitedError("too often", 0.1),
    "away": UpstreamUnavailableError("away"),
    "crash": RuntimeError("a secret of the inside"),
    "disk": OSError(errno.ENOSPC, "No space left on device"),
    "base": FlashError("on purpose"),
    "499": HTTPException(499, "gone"),
    "599": HTTPException(599, "odd"),
}


@router.get("/raise/{kind}", responses=problems(InvalidInputError, OverloadedError))
async def raising(kind: str) -> None:
    raise RAISED[kind]


@router.get("/late-crash")
async def late_crash() -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("in the middle")

    return StreamingResponse(pieces())


@router.post("/things", status_code=201)
async def create(body: ThingBody, request: Request, user: CurrentUser) -> dict[str, Any]:
    request.app.state.created.append(body.name)
    if body.name == "crash":
        raise RuntimeError("after the effect")
    return {"name": body.name, "number": len(request.app.state.created)}


@router.post("/uploads", status_code=202)
async def upload(file: UploadFile, request: Request) -> dict[str, int]:
    size = len(await file.read())
    request.app.state.created.append(size)
    return {"size": size}


@router.post("/raw", status_code=202)
async def raw(request: Request) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    request.app.state.created.append(size)
    return {"size": size}


@router.post("/everyone", status_code=202)
async def everyone(request: Request) -> None:
    request.app.state.created.append("everyone")


@router.post("/found")
async def found(request: Request, user: CurrentUser) -> list[str]:
    return list(request.app.state.created)


@router.post("/own/keys", status_code=202)
async def own_keys(request: Request) -> dict[str, int]:
    request.app.state.created.append("own")
    return {"number": len(request.app.state.created)}


@router.post("/named", status_code=202)
async def named(name: RequestName, user: CurrentUser) -> Response:
    return Response(name, status_code=400)


@router.get("/who/user")
async def who_user(user: CurrentUser) -> UUID:
    return user.user_id


@router.post("/who/user")
async def who_posts(user: CurrentUser) -> UUID:
    return user.user_id


@router.get("/who/editor")
async def who_editor(user: CurrentEditor) -> UUID:
    return user.user_id


@router.get("/who/admin")
async def who_admin(user: CurrentAdmin) -> UUID:
    return user.user_id


@router.get("/internal/caller")
async def who_calls(caller: InternalCaller) -> str:
    return "a service" if caller is None else str(caller.user_id)


@router.get("/internal/on-behalf")
async def on_behalf(user: OnBehalf) -> UUID:
    return user.user_id


@dataclass
class Small:
    """The service, and what stands behind its interfaces."""

    client: httpx2.AsyncClient
    app: Any
    store: FakeIdempotencyStore

    @property
    def created(self) -> list[Any]:
        created: list[Any] = self.app.state.created
        return created


@dataclass
class Options:
    health: Sequence[HealthCheckInterface] = ()
    optional_health: Sequence[HealthCheckInterface] = ()
    workers: Sequence[WorkerInterface] = ()
    body_limits: Mapping[str, int] = field(default_factory=dict)
    own_idempotency: Any = None
    drained: list[bool] = field(default_factory=list)


@asynccontextmanager
async def small_service(options: Options | None = None) -> AsyncIterator[Small]:
    options = options or Options()
    store = FakeIdempotencyStore()
    authenticator = FakeAuthenticator(users={"user": USER, "editor": EDITOR, "admin": ADMIN})

    @asynccontextmanager
    async def compose() -> AsyncIterator[ServiceContainer]:
        yield ServiceContainer(
            authenticator=authenticator,
            idempotency=store,
            health=options.health,
            optional_health=options.optional_health,
        )

    async def drain(_: ServiceContainer) -> None:
        options.drained.append(True)

    spec = ServiceSpec(
        name="small",
        compose=compose,
        routers=(router,),
        workers=lambda _: options.workers,
        drain=drain,
        body_limits=options.body_limits,
        own_idempotency=options.own_idempotency,
    )
    app = create_app(spec)
    app.state.created = []
    async with (
        LifespanManager(app) as manager,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=manager.app), base_url="http://small") as client,
    ):
        yield Small(client, app, store)


async def raw_call(app: Any, messages: list[dict[str, Any]], **scope: Any) -> list[dict[str, Any]]:
    """What the application sends when it is called with these ASGI messages."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "GET", "query_string": b"", "headers": [], "state": {}}
    await app(whole | scope, receive, send)
    return sent
