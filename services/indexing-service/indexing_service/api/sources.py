"""Sources over HTTP: administrators manage all, editors those that are open to them or that they made; everyone sees
what is theirs.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status

from flash_core.errors import (
    BadRequestError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.models.user import Principal
from flash_core.schemas.common import Page
from flash_core.schemas.indexing import (
    CheckResponse,
    CreateSourceRequest,
    JobAcceptedResponse,
    SourceResponse,
    SyncRequest,
    UpdateSourceRequest,
)
from flash_core.web.idempotency import RequestName
from flash_core.web.identity import CurrentEditor, CurrentUser
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems
from indexing_service.api.dependencies import SourcesDep
from indexing_service.interfaces import Source
from indexing_service.services.schedules import NEVER
from indexing_service.services.sources import NewSource, SourceChanges

router = APIRouter(prefix="/api/v1/sources", tags=["sources"], responses=problems(UnauthenticatedError))
_MANAGED = problems(ForbiddenError, InvalidInputError, UpstreamUnavailableError)
_ONE = problems(NotFoundError)


async def _managed(source_id: UUID, editor: CurrentEditor, sources: SourcesDep) -> UUID:
    await sources.check_managed(source_id, editor)
    return source_id


ManagedSource = Annotated[UUID, Depends(_managed)]
"""The id of a source that whoever asks may manage."""


@router.post("", status_code=status.HTTP_201_CREATED, responses=_MANAGED)
async def create_source(
    body: CreateSourceRequest, editor: CurrentEditor, sources: SourcesDep, request_name: RequestName
) -> SourceResponse:
    """A place that documents come from. Nothing is read before the first sync, started by its schedule at last."""
    new = NewSource(body.type, body.name, body.config, frozenset(body.groups), body.schedule, body.credentials or {})
    return _response(await sources.create(new, editor, request_name), editor)


@router.get("", responses=problems(BadRequestError))
async def list_sources(user: CurrentUser, sources: SourcesDep, page: PageQuery) -> Page[SourceResponse]:
    """Administrators see all sources, everyone else those that are open to them; only editors their configuration."""
    rows = await sources.page(user, page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=lambda row: _response(row, user))


@router.get("/{source_id}", responses=_ONE)
async def get_source(source_id: UUID, user: CurrentUser, sources: SourcesDep) -> SourceResponse:
    return _response(await sources.get(source_id, user), user)


@router.patch("/{source_id}", responses=_MANAGED | _ONE)
async def update_source(
    source_id: UUID, body: UpdateSourceRequest, editor: CurrentEditor, sources: SourcesDep
) -> SourceResponse:
    """What is left out stays. A change of groups is in effect when this returns. Credentials are replaced as a whole;
    with a new address they have to be given again.
    """
    changes = SourceChanges(
        name=body.name,
        config=body.config,
        groups=None if body.groups is None else frozenset(body.groups),
        schedule=(body.schedule or NEVER) if "schedule" in body.model_fields_set else None,
        credentials=body.credentials,
    )
    return _response(await sources.update(source_id, changes, editor), editor)


@router.delete("/{source_id}", status_code=status.HTTP_204_NO_CONTENT, responses=_MANAGED | _ONE)
async def delete_source(source_id: ManagedSource, sources: SourcesDep) -> None:
    """With all of its documents, which can't be found, read or cited any more when this returns."""
    await sources.delete(source_id)


@router.post("/{source_id}/check", responses=_MANAGED | _ONE)
async def check_source(source_id: ManagedSource, sources: SourcesDep) -> CheckResponse:
    """Try to read the source, and say what would be found."""
    return CheckResponse.model_validate(await sources.check(source_id))


@router.post("/{source_id}/sync", status_code=status.HTTP_202_ACCEPTED, responses=_MANAGED | _ONE)
async def sync_source(
    source_id: ManagedSource, sources: SourcesDep, body: SyncRequest | None = None
) -> JobAcceptedResponse:
    """Make the index equal to the source. The job begins after this call: one that waits already is not doubled, and
    one that is under way is followed by another.

    A sync that would remove a large part of a source's documents leaves them, and says so; `allow_deletions` removes
    them.
    """
    wanted = body or SyncRequest()
    job_id = await sources.sync(source_id, full=wanted.full, allow_deletions=wanted.allow_deletions)
    return JobAcceptedResponse(job_id=job_id)


def _response(source: Source, user: Principal) -> SourceResponse:
    return SourceResponse(
        id=source.id,
        type=source.type.value,
        name=source.name,
        config=dict(source.config) if user.is_editor else {},
        groups=sorted(source.groups),
        schedule=source.schedule,
        created_at=source.created_at,
        last_job_id=source.last_job_id,
        checked_at=source.sync.checked_at,
        held_deletions=source.sync.held_deletions if user.is_editor else None,
        next_sync_at=source.next_sync_at,
    )
