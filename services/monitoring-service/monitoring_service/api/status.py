"""The fleet's state and its API document over HTTP."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from flash_core.errors import UnauthenticatedError
from flash_core.schemas.monitoring import StatusResponse
from flash_core.web.identity import CurrentUser
from flash_core.web.problems import problems
from monitoring_service.api.dependencies import ApiDocumentDep, FleetStatusDep
from monitoring_service.api.docs_page import SECURITY_POLICY, STYLE, page

router = APIRouter(prefix="/api/v1", tags=["operations"])


@router.get("/status", responses=problems(UnauthenticatedError))
async def status(_: CurrentUser, fleet: FleetStatusDep) -> StatusResponse:
    """What works now, as just probed: services, their dependencies, queues."""
    return await fleet.now()


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request, document: ApiDocumentDep) -> dict[str, Any]:
    """Every public route of the fleet in one OpenAPI document."""
    return await document.merged(monitoring=request.app.openapi())


@router.get("/docs", include_in_schema=False)
async def docs(request: Request, document: ApiDocumentDep) -> HTMLResponse:
    """The same document to look at: no script, nothing from other hosts."""
    merged = await document.merged(monitoring=request.app.openapi())
    return HTMLResponse(page(merged), headers={"Content-Security-Policy": SECURITY_POLICY})


@router.get("/docs/style.css", include_in_schema=False)
async def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})
