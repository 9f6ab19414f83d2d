"""Groups, for administrators."""

from uuid import UUID

from fastapi import APIRouter

from auth_service.api import presenters
from auth_service.api.dependencies import ContainerDep
from flash_core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from flash_core.schemas.auth import CreateGroupRequest, GroupResponse, UpdateGroupRequest
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentAdmin
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/groups", tags=["groups"], responses=problems(ForbiddenError))


@router.get("")
async def list_groups(_: CurrentAdmin, container: ContainerDep, page: PageQuery) -> Page[GroupResponse]:
    rows = await container.groups.page(page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=presenters.group)


@router.post("", status_code=201, responses=problems(ConflictError, InvalidInputError))
async def create_group(_: CurrentAdmin, body: CreateGroupRequest, container: ContainerDep) -> GroupResponse:
    return presenters.group(await container.groups.create(body.name, body.members))


@router.get("/{group_id}", responses=problems(NotFoundError))
async def get_group(_: CurrentAdmin, group_id: UUID, container: ContainerDep) -> GroupResponse:
    return presenters.group(await container.groups.get(group_id))


@router.patch("/{group_id}", responses=problems(NotFoundError, InvalidInputError))
async def update_group(
    _: CurrentAdmin, group_id: UUID, body: UpdateGroupRequest, container: ContainerDep
) -> GroupResponse:
    """`members` replaces who is in it. The name stays: documents are shared by it."""
    return presenters.group(await container.groups.set_members(group_id, body.members))


@router.delete("/{group_id}", status_code=204, responses=problems(NotFoundError))
async def delete_group(_: CurrentAdmin, group_id: UUID, container: ContainerDep) -> None:
    await container.groups.remove(group_id)
