"""API keys: a user's own, all of them for administrators."""

from uuid import UUID

from fastapi import APIRouter, Response

from auth_service.api import presenters
from auth_service.api.dependencies import ContainerDep
from auth_service.api.oauth import NO_STORE
from flash_core.errors import InvalidInputError, NotFoundError
from flash_core.schemas.auth import ApiKeyResponse, CreateApiKeyRequest
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentUser
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/api-keys", tags=["API keys"])


@router.get("")
async def list_api_keys(user: CurrentUser, container: ContainerDep, page: PageQuery) -> Page[ApiKeyResponse]:
    rows = await container.api_keys.page(user, page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=presenters.api_key)


@router.post("", status_code=201, responses=problems(NotFoundError, InvalidInputError))
async def create_api_key(
    user: CurrentUser, body: CreateApiKeyRequest, container: ContainerDep, response: Response
) -> ApiKeyResponse:
    """The key is shown only here. It acts as its user, with the roles and groups that the user has when it is used."""
    key, value = await container.api_keys.create(user, body.name, body.user_id)
    response.headers.update(NO_STORE)
    return presenters.api_key(key, value)


@router.delete("/{key_id}", status_code=204, responses=problems(NotFoundError))
async def end_api_key(user: CurrentUser, key_id: UUID, container: ContainerDep) -> None:
    await container.api_keys.end(user, key_id)
