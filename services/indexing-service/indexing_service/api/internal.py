"""What other services ask about jobs."""

from fastapi import APIRouter, Depends

from flash_core.schemas.monitoring import QueueStatus
from flash_core.web.identity import internal_caller
from indexing_service.api.dependencies import JobsDep

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[Depends(internal_caller)])


@router.get("/jobs/queue")
async def job_queue(jobs: JobsDep) -> QueueStatus:
    return await jobs.queue()
