"""Jobs over HTTP, for those who may manage their sources: problems name documents of all groups."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, status
from fastapi.responses import StreamingResponse

from flash_core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from flash_core.schemas.common import Page
from flash_core.schemas.indexing import JobAcceptedResponse, JobProblem, JobResponse, JobState
from flash_core.web.identity import CurrentEditor
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems
from indexing_service.api.dependencies import JobsDep
from indexing_service.interfaces import JobQuery, ProblemKey

router = APIRouter(
    prefix="/api/v1/indexing/jobs", tags=["indexing"], responses=problems(UnauthenticatedError, ForbiddenError)
)
_ONE = problems(NotFoundError)


async def _managed(job_id: UUID, editor: CurrentEditor, jobs: JobsDep) -> UUID:
    await jobs.check_managed(job_id, editor)
    return job_id


ManagedJob = Annotated[UUID, Depends(_managed)]
"""The id of a job that is there for whoever asks."""
State = Annotated[JobState | None, Query(description="Only jobs in this state.")]


@router.get("", responses=problems(BadRequestError))
async def list_jobs(
    editor: CurrentEditor, jobs: JobsDep, page: PageQuery, source_id: UUID | None = None, state: State = None
) -> Page[JobResponse]:
    """Newest first."""
    rows = await jobs.page(JobQuery(page.rows, page.after_id, source_id, state, editor))
    return page_of(rows, page, key=lambda row: row.id, item=lambda row: row)


@router.get("/{job_id}", responses=_ONE)
async def get_job(job_id: ManagedJob, jobs: JobsDep) -> JobResponse:
    return await jobs.get(job_id)


@router.get("/{job_id}/problems", responses=_ONE | problems(BadRequestError))
async def list_problems(job_id: ManagedJob, jobs: JobsDep, page: PageQuery) -> Page[JobProblem]:
    """All that did not become searchable, and why: what failed first, then what was left out."""
    rows = await jobs.problems(job_id, _after(page.after), page.rows)
    return page_of(rows, page, key=lambda row: f"{row[0][0]} {row[0][1]}", item=lambda row: row[1])


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses=_ONE | {200: {"content": {"text/event-stream": {}}, "description": "The job, whenever it has changed."}},
)
async def follow_job(job_id: ManagedJob, jobs: JobsDep) -> StreamingResponse:
    """Server-sent events: the job as it is, at most twice a second, to its end."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(jobs.watch(job_id)), media_type="text/event-stream", headers=headers)


@router.post("/{job_id}/cancel", status_code=status.HTTP_202_ACCEPTED, responses=_ONE | problems(ConflictError))
async def cancel_job(job_id: ManagedJob, jobs: JobsDep) -> JobResponse:
    """Stop it; what was indexed so far stays."""
    return await jobs.cancel(job_id)


@router.post("/{job_id}/retry", status_code=status.HTTP_202_ACCEPTED, responses=_ONE | problems(ConflictError))
async def retry_job(job_id: ManagedJob, jobs: JobsDep) -> JobAcceptedResponse:
    """A new job for what failed or was cancelled in this one."""
    return JobAcceptedResponse(job_id=await jobs.retry(job_id))


def _after(cursor: str | None) -> ProblemKey | None:
    if cursor is None:
        return None
    kind, _, ordinal = cursor.partition(" ")
    try:
        return int(kind), int(ordinal)
    except ValueError as error:
        raise BadRequestError("The cursor is not one of this list.") from error


async def _events(jobs: AsyncIterator[JobResponse]) -> AsyncIterator[str]:
    async for job in jobs:
        yield f"event: job\ndata: {job.model_dump_json()}\n\n"
