"""The fleet's state and its API document over HTTP."""

from typing import Any

from fastapi import APIRouter, Request

from flash_core.schemas.monitoring import StatusResponse
from flash_core.web.identity import CurrentUser
from monitoring_service.api.dependencies import ApiDocumentDep, FleetStatusDep

router = APIRouter(prefix="/api/v1", tags=["operations"])


@router.get("/status")
async def status(_: CurrentUser, fleet: FleetStatusDep) -> StatusResponse:
    """What works now, as just probed: services, their dependencies, queues."""
    return await fleet.now()


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request, document: ApiDocumentDep) -> dict[str, Any]:
    """Every public route of the fleet in one OpenAPI document."""
    own: dict[str, Any] = request.app.openapi()
    return await document.merged(own)
