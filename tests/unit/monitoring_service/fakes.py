"""The fleet, as a test wants it to be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flash_core.errors import FlashError
from flash_core.schemas.monitoring import CheckResult, HealthDetail, QueueStatus
from monitoring_service.interfaces import QueueProbeInterface, ServiceProbeInterface


@dataclass
class FakeServiceProbe(ServiceProbeInterface):
    """A service with these checks and this API; away when `error` is set."""

    name: str
    checks: list[CheckResult] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    error: FlashError | None = None

    async def health(self) -> HealthDetail:
        if self.error is not None:
            raise self.error
        ok = all(check.status == "ok" for check in self.checks)
        return HealthDetail(name=self.name, version="1.0", status="ok" if ok else "degraded", checks=self.checks)

    async def openapi(self) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        return self.document


@dataclass
class FakeQueueProbe(QueueProbeInterface):
    lines: list[QueueStatus] = field(default_factory=list)
    error: FlashError | None = None

    async def queues(self) -> Sequence[QueueStatus]:
        if self.error is not None:
            raise self.error
        return self.lines


def check(name: str, detail: str = "") -> CheckResult:
    """A check that passed, or failed for this reason."""
    return CheckResult(name=name, status="down" if detail else "ok", latency_ms=1.5, detail=detail)
