"""What operators and the monitoring service ask every service."""

import asyncio
import time

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import HTTPConnection

from flash_core.errors import FlashError, UpstreamUnavailableError
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.schemas.monitoring import CheckResult, HealthDetail, Status

router = APIRouter(include_in_schema=False)
_CHECK_SECONDS = 3.0


@router.get("/health/live", status_code=204)
async def live() -> None:
    """The process answers."""


@router.get("/health/ready", status_code=204)
async def ready(connection: HTTPConnection) -> None:
    """Every dependency answers that the service needs; 503 otherwise."""
    failed = [check.name for check in (await detail(connection)).checks if check.status == "down"]
    if failed:
        raise UpstreamUnavailableError(f"Not ready: {', '.join(failed)}.")


@router.get("/health/detail")
async def detail(connection: HTTPConnection) -> HealthDetail:
    """Each dependency with its latency, probed now."""
    container = connection.state.container
    checks = await asyncio.gather(
        *(_probe(check, failed="down") for check in container.health),
        *(_probe(check, failed="degraded") for check in container.optional_health),
    )
    app = connection.scope["app"]
    status = "ok" if all(check.status == "ok" for check in checks) else "degraded"
    return HealthDetail(name=app.title, version=app.version, status=status, checks=checks)


@router.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _probe(check: HealthCheckInterface, *, failed: Status) -> CheckResult:
    began = time.perf_counter()
    status: Status = "ok"
    reason = ""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check.check()
    except FlashError as error:
        status, reason = failed, str(error)
    except TimeoutError:
        status, reason = failed, f"No answer within {_CHECK_SECONDS:g} s."
    except Exception as error:  # noqa: BLE001  # whatever it raises, it is not healthy
        status, reason = failed, type(error).__name__  # its text is not for everybody who may see the status
    return CheckResult(
        name=check.name, status=status, latency_ms=round((time.perf_counter() - began) * 1000, 1), detail=reason
    )
