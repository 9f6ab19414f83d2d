"""Accounts and their things, as the API shows them."""

from auth_service.interfaces import Account, ApiKey, Group
from flash_core.models.user import Principal
from flash_core.schemas.auth import (
    ApiKeyResponse,
    GroupResponse,
    MeResponse,
    PrincipalResponse,
    ServiceAccountResponse,
    UserResponse,
)


def me(account: Account) -> MeResponse:
    """A service account has no e-mail: it is empty."""
    return MeResponse(
        id=account.id,
        email=account.email or "",
        name=account.name,
        roles=sorted(account.roles),
        groups=sorted(account.groups),
    )


def user(account: Account) -> UserResponse:
    return UserResponse(**me(account).model_dump(), disabled=account.disabled, created_at=account.created_at)


def service_account(account: Account, secret: str | None = None) -> ServiceAccountResponse:
    return ServiceAccountResponse(
        id=account.id,
        client_id=str(account.id),
        name=account.name,
        roles=sorted(account.roles),
        groups=sorted(account.groups),
        created_at=account.created_at,
        client_secret=secret,
    )


def group(of: Group) -> GroupResponse:
    return GroupResponse(id=of.id, name=of.name, members=sorted(of.members))


def api_key(key: ApiKey, value: str | None = None) -> ApiKeyResponse:
    return ApiKeyResponse.model_validate(key).model_copy(update={"key": value})


def principal(of: Principal) -> PrincipalResponse:
    return PrincipalResponse(
        user_id=of.user_id, roles=sorted(of.roles), groups=sorted(of.groups), session_id=of.session_id
    )
