"""Everything a service's HTTP process has in common with the other eight."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Generic, TypeVar

import structlog
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from flash_core.composition import ServiceContainer
from flash_core.interfaces.worker import WorkerInterface
from flash_core.utils.tasks import cancelled, end
from flash_core.web import operations
from flash_core.web.idempotency import Idempotency
from flash_core.web.middleware import BodyLimit, RequestContext
from flash_core.web.openapi import DescribedApp
from flash_core.web.problems import add_problem_handlers

log = structlog.get_logger(__name__)
_RESTART_SECONDS = 1.0

ContainerT = TypeVar("ContainerT", bound=ServiceContainer)


def _no_workers(_: ServiceContainer) -> Sequence[WorkerInterface]:
    return ()


async def _nothing_to_drain(_: ServiceContainer) -> None:
    return


@dataclass(frozen=True, slots=True)
class ServiceSpec(Generic[ContainerT]):
    """All that tells one service from another.

    `workers` run beside the routes; `drain` is awaited when the process is told to stop, before connections are
    closed; `body_limits` maps paths to bytes where 1 MiB is not the limit. Paths that match `own_idempotency` remember
    `Idempotency-Key`s in their own transactions; of all others those are remembered that answer 201 or 202.
    """

    name: str
    compose: Callable[[], AbstractAsyncContextManager[ContainerT]]
    routers: Sequence[APIRouter] = ()
    workers: Callable[[ContainerT], Sequence[WorkerInterface]] = _no_workers
    drain: Callable[[ContainerT], Awaitable[None]] = _nothing_to_drain
    body_limits: Mapping[str, int] = field(default_factory=dict)
    own_idempotency: re.Pattern[str] | None = None

    @property
    def routes(self) -> list[BaseRoute]:
        return [route for router in self.routers for route in router.routes]


def create_app(spec: ServiceSpec[ContainerT]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, ContainerT]]:
        async with spec.compose() as container, _running(spec.workers(container)):
            app.state.drain = lambda: spec.drain(container)
            log.info("service.started", name=spec.name, version=app.version)
            yield {"container": container}
        log.info("service.stopped", name=spec.name)

    app = DescribedApp(
        title=spec.name,
        version=version("flash-core"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/internal/openapi.json",
    )
    add_problem_handlers(app)
    for router in (*spec.routers, operations.router):
        app.include_router(router)
    app.add_middleware(Idempotency, routes=spec.routes, own=spec.own_idempotency)
    app.add_middleware(BodyLimit, limits=spec.body_limits)
    app.add_middleware(RequestContext)  # added last: outermost
    return app


@asynccontextmanager
async def _running(workers: Sequence[WorkerInterface]) -> AsyncIterator[None]:
    """Run the workers until the service stops; one that crashes is logged and started again."""
    tasks = [asyncio.create_task(_kept_alive(worker), name=worker.name) for worker in workers]
    try:
        yield
    finally:
        await end(tasks)


async def _kept_alive(worker: WorkerInterface) -> None:
    while not cancelled():
        try:
            await worker.run()
        except Exception:  # the boundary: one worker's crash must not end the service
            log.exception("worker.crashed", worker=worker.name)
        await asyncio.sleep(_RESTART_SECONDS)
