"""The life of a generation, for the service that writes answers. Not reachable from outside."""

from uuid import UUID

from fastapi import APIRouter, Depends, status

from chat_service.api.dependencies import ContainerDep
from flash_core.errors import FencedError, NotFoundError, UnauthenticatedError
from flash_core.schemas.chat import (
    ClaimRequest,
    ClaimResponse,
    FinishRequest,
    HeartbeatRequest,
    HeartbeatResponse,
    ReleaseRequest,
)
from flash_core.web.identity import internal_caller
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/internal/generations/{generation_id}",
    include_in_schema=False,
    dependencies=[Depends(internal_caller)],
    responses=problems(UnauthenticatedError, FencedError, NotFoundError),
)


@router.post("/claim")
async def claim(generation_id: UUID, body: ClaimRequest, container: ContainerDep) -> ClaimResponse:
    return await container.generations.claim(generation_id, body.worker)


@router.post("/heartbeat")
async def heartbeat(generation_id: UUID, body: HeartbeatRequest, container: ContainerDep) -> HeartbeatResponse:
    return HeartbeatResponse(cancel_requested=await container.generations.heartbeat(generation_id, body.attempt))


@router.post("/finish", status_code=status.HTTP_204_NO_CONTENT)
async def finish(generation_id: UUID, body: FinishRequest, container: ContainerDep) -> None:
    await container.generations.finish(generation_id, body)


@router.post("/release", status_code=status.HTTP_204_NO_CONTENT)
async def release(generation_id: UUID, body: ReleaseRequest, container: ContainerDep) -> None:
    await container.generations.release(generation_id, body)
