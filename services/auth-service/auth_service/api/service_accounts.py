"""Accounts of programs, for administrators."""

from uuid import UUID

from fastapi import APIRouter, Response

from auth_service.api import presenters
from auth_service.api.dependencies import ContainerDep
from auth_service.api.oauth import NO_STORE
from flash_core.errors import ForbiddenError, NotFoundError
from flash_core.schemas.auth import CreateServiceAccountRequest, ServiceAccountResponse
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentAdmin
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/service-accounts", tags=["service accounts"], responses=problems(ForbiddenError))


@router.get("")
async def list_service_accounts(
    _: CurrentAdmin, container: ContainerDep, page: PageQuery
) -> Page[ServiceAccountResponse]:
    rows = await container.service_accounts.page(page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=presenters.service_account)


@router.post("", status_code=201)
async def create_service_account(
    _: CurrentAdmin, body: CreateServiceAccountRequest, container: ContainerDep, response: Response
) -> ServiceAccountResponse:
    """`client_id` and `client_secret` for `grant_type=client_credentials`; the secret is shown only here."""
    account, secret = await container.service_accounts.create(body.name, body.roles, body.groups)
    response.headers.update(NO_STORE)
    return presenters.service_account(account, secret)


@router.delete("/{account_id}", status_code=204, responses=problems(NotFoundError))
async def delete_service_account(_: CurrentAdmin, account_id: UUID, container: ContainerDep) -> None:
    """With its API keys; its tokens are refused at once."""
    await container.service_accounts.remove(account_id)
