"""People's accounts, for administrators."""

from uuid import UUID

from fastapi import APIRouter

from auth_service.api import presenters
from auth_service.api.dependencies import ContainerDep
from flash_core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from flash_core.schemas.auth import CreateUserRequest, UpdateUserRequest, UserResponse
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentAdmin
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/users", tags=["users"], responses=problems(ForbiddenError))


@router.get("")
async def list_users(_: CurrentAdmin, container: ContainerDep, page: PageQuery) -> Page[UserResponse]:
    """Everyone, the oldest account first."""
    rows = await container.users.page(page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=presenters.user)


@router.post("", status_code=201, responses=problems(ConflictError, InvalidInputError))
async def create_user(_: CurrentAdmin, body: CreateUserRequest, container: ContainerDep) -> UserResponse:
    """Groups that do not exist yet are made."""
    return presenters.user(await container.users.create(body))


@router.get("/{user_id}", responses=problems(NotFoundError))
async def get_user(_: CurrentAdmin, user_id: UUID, container: ContainerDep) -> UserResponse:
    return presenters.user(await container.users.get(user_id))


@router.patch("/{user_id}", responses=problems(NotFoundError, ConflictError, InvalidInputError))
async def update_user(_: CurrentAdmin, user_id: UUID, body: UpdateUserRequest, container: ContainerDep) -> UserResponse:
    """Fields that are left out stay. It acts at once: older access tokens are refused; a refresh gives a new one."""
    return presenters.user(await container.users.change(user_id, body))


@router.delete("/{user_id}", status_code=204, responses=problems(NotFoundError, ConflictError))
async def delete_user(_: CurrentAdmin, user_id: UUID, container: ContainerDep) -> None:
    """With all sessions and API keys; not the last administrator."""
    await container.users.remove(user_id)
