"""The state of the fleet, as probed at this moment."""

import asyncio
import time
from collections.abc import Sequence

from flash_core.errors import FlashError
from flash_core.interfaces.clock import ClockInterface
from flash_core.messaging.events import JobQueued
from flash_core.schemas.monitoring import (
    CheckResult,
    HealthDetail,
    QueueStatus,
    ServiceStatus,
    Status,
    StatusResponse,
)
from monitoring_service.interfaces import QueueProbeInterface, ServiceProbeInterface

_ESSENTIAL = frozenset({"auth", "chat", "ai-main", "redis", "database:auth", "database:chat"})
"""Without one of these nobody gets an answer; without any other an answer is poorer, and says so."""


class FleetStatus:
    """Asks every service at once. A dependency that several services share is listed once, by its worst answer.

    The fleet is down when an essential part is, and degraded when any other is.
    """

    def __init__(
        self,
        probes: Sequence[ServiceProbeInterface],
        queues: QueueProbeInterface,
        jobs: QueueProbeInterface,
        clock: ClockInterface,
        version: str,
    ) -> None:
        self._probes = probes
        self._queues = queues
        self._jobs = jobs
        self._clock = clock
        self._version = version

    async def now(self) -> StatusResponse:
        """What is degraded or down says so; this never raises because something else is away."""
        (queues, redis), jobs, answers = await asyncio.gather(
            self._queue_status(), self._job_status(), asyncio.gather(*map(_asked, self._probes))
        )
        services = [status for status, _ in answers]
        services.append(ServiceStatus(name="monitoring", status="ok", version=self._version, latency_ms=0, detail=""))
        services += _dependencies([redis, *(check for _, checks in answers for check in checks)])
        return StatusResponse(
            status=_overall(services), services=services, queues=_lines(queues, jobs), checked_at=self._clock.now()
        )

    async def _queue_status(self) -> tuple[Sequence[QueueStatus], CheckResult]:
        began = time.perf_counter()
        try:
            queues = await self._queues.queues()
        except FlashError as error:
            return (), CheckResult(name="redis", status="down", latency_ms=_ms_since(began), detail=str(error))
        return queues, CheckResult(name="redis", status="ok", latency_ms=_ms_since(began))

    async def _job_status(self) -> Sequence[QueueStatus]:
        """None while they can't be asked: the service that keeps them says why."""
        try:
            return await self._jobs.queues()
        except FlashError:
            return ()


async def _asked(probe: ServiceProbeInterface) -> tuple[ServiceStatus, list[CheckResult]]:
    began = time.perf_counter()
    try:
        health = await probe.health()
    except FlashError as error:
        down = ServiceStatus(name=probe.name, status="down", version="", latency_ms=None, detail=str(error))
        return down, []
    status = ServiceStatus(
        name=probe.name,
        status=health.status,
        version=health.version,
        latency_ms=_ms_since(began),
        detail=_detail(health),
    )
    return status, [_named(probe.name, check) for check in health.checks]


def _lines(streams: Sequence[QueueStatus], jobs: Sequence[QueueStatus]) -> list[QueueStatus]:
    """Jobs wait in PostgreSQL; their stream only says that it is time to look. Its dead letters are shown with them."""
    dead = {line.name: line.dead for line in streams}
    others = [line for line in streams if line.name != JobQueued.queue]
    return [*others, *(line.model_copy(update={"dead": line.dead + dead.get(line.name, 0)}) for line in jobs)]


def _detail(health: HealthDetail) -> str:
    return "; ".join(f"{check.name}: {check.detail}" for check in health.checks if check.status != "ok")


def _named(service: str, check: CheckResult) -> CheckResult:
    """Every service has a database of its own; Redis, Qdrant and the model are shared."""
    name = f"database:{service}" if check.name == "database" else check.name
    return check.model_copy(update={"name": name})


def _dependencies(checks: Sequence[CheckResult]) -> list[ServiceStatus]:
    worst: dict[str, CheckResult] = {}
    for check in checks:
        known = worst.get(check.name)
        if known is None or (known.status == "ok" and check.status != "ok"):
            worst[check.name] = check
    return [
        ServiceStatus(
            name=check.name, status=check.status, version="", latency_ms=check.latency_ms, detail=check.detail
        )
        for check in worst.values()
    ]


def _overall(services: Sequence[ServiceStatus]) -> Status:
    if any(service.status == "down" and service.name in _ESSENTIAL for service in services):
        return "down"
    return "ok" if all(service.status == "ok" for service in services) else "degraded"


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
