"""The state of the fleet, on the wire."""

from typing import Literal

from flash_core.schemas.common import Response, Timestamp

Status = Literal["ok", "degraded", "down"]


class CheckResult(Response):
    """One dependency of a service, as it just probed it."""

    name: str
    status: Status
    latency_ms: float
    detail: str = ""


class HealthDetail(Response):
    """GET /health/detail of every service."""

    name: str
    version: str
    status: Status
    checks: list[CheckResult]


class ServiceStatus(Response):
    name: str
    status: Status
    version: str
    latency_ms: float | None
    detail: str


class QueueStatus(Response):
    """`waiting`: entries not yet read, jobs that are queued; `in_progress`: read and not acknowledged, jobs that run;
    `dead`: given up on. What can't be asked now is not listed.
    """

    name: str
    waiting: int
    in_progress: int
    oldest_seconds: float
    dead: int


class StatusResponse(Response):
    status: Status
    services: list[ServiceStatus]
    queues: list[QueueStatus]
    checked_at: Timestamp
