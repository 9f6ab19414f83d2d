"""The auth API's wire format."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from flash_core.models.user import UserRole
from flash_core.schemas.common import GroupName, Request, Response, Timestamp

ISSUER = "askflash"
AUDIENCE = "askflash"
"""`iss` and `aud` of users' access tokens."""

Email = Annotated[str, StringConstraints(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$", to_lower=True)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=1_000)]


class TokenResponse(Response):
    """RFC 6749 § 5.1."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # the token's type, not a token
    expires_in: int
    refresh_token: str | None = None
    scope: str | None = None


class OAuthErrorResponse(Response):
    """RFC 6749 § 5.2, beside the problem document's members."""

    error: str
    error_description: str


class MeResponse(Response):
    id: UUID
    email: str
    name: str
    roles: list[UserRole]
    groups: list[str]


class LoginRequest(Request):
    email: str = Field(max_length=320)
    password: str = Field(max_length=1_000)


class LoginResponse(Response):
    user: MeResponse


class WsTicketResponse(Response):
    ticket: str
    expires_in: int = 20


class CreateUserRequest(Request):
    email: Email
    password: Password
    name: str = Field(default="", max_length=200)
    roles: list[UserRole] = Field(default_factory=lambda: [UserRole.USER], min_length=1, max_length=10)
    groups: list[GroupName] = Field(default_factory=list, max_length=200)


class UpdateUserRequest(Request):
    name: str | None = Field(default=None, max_length=200)
    password: Password | None = None
    roles: list[UserRole] | None = Field(default=None, min_length=1, max_length=10)
    groups: list[GroupName] | None = Field(default=None, max_length=200)
    disabled: bool | None = None


class UserResponse(MeResponse):
    disabled: bool
    created_at: Timestamp


class CreateGroupRequest(Request):
    name: GroupName
    members: list[UUID] = Field(default_factory=list, max_length=10_000)


class UpdateGroupRequest(Request):
    members: list[UUID] = Field(max_length=10_000)


class GroupResponse(Response):
    id: UUID
    name: str
    members: list[UUID]


class CreateServiceAccountRequest(Request):
    name: str = Field(min_length=1, max_length=200)
    roles: list[UserRole] = Field(default_factory=lambda: [UserRole.USER], min_length=1, max_length=10)
    groups: list[GroupName] = Field(default_factory=list, max_length=200)


class ServiceAccountResponse(Response):
    """`client_id` is the account's id; `client_secret` is shown once, in the answer to its creation."""

    id: UUID
    client_id: str
    name: str
    roles: list[UserRole]
    groups: list[str]
    created_at: Timestamp
    client_secret: str | None = None


class CreateApiKeyRequest(Request):
    """`user_id`: an administrator may make a key for a service account."""

    name: str = Field(min_length=1, max_length=200)
    user_id: UUID | None = None


class ApiKeyResponse(Response):
    """`key` is shown once, in the answer to its creation."""

    id: UUID
    user_id: UUID
    name: str
    prefix: str
    created_at: Timestamp
    last_used_at: Timestamp | None = None
    key: str | None = None


class SessionResponse(Response):
    id: UUID
    user_id: UUID
    created_at: Timestamp
    expires_at: Timestamp
    user_agent: str
    current: bool


class VerifyKeyRequest(Request):
    """POST /internal/api-keys/verify."""

    key: str = Field(max_length=500)


class RedeemTicketRequest(Request):
    """POST /internal/ws-tickets/redeem: one use."""

    ticket: str = Field(max_length=500)


class PrincipalResponse(Response):
    """What a verified key or ticket stands for."""

    user_id: UUID
    roles: list[UserRole]
    groups: list[str]
    session_id: UUID | None = None
