"""Who is asking, as FastAPI dependencies. Every service proves it for itself; no header of a proxy is believed."""

import hmac
from typing import Annotated

import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from flash_core.errors import ForbiddenError, UnauthenticatedError
from flash_core.interfaces.identity import AuthenticatorInterface
from flash_core.models.user import Principal

SESSION_COOKIE = "askflash_session"
CSRF_COOKIE = "askflash_csrf"
CSRF_HEADER = "X-CSRF-Token"
SERVICE_TOKEN_HEADER = "X-Flash-Service-Token"  # noqa: S105  # a header's name
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def current_user(connection: HTTPConnection) -> Principal:
    """The user by Authorization header, or by the page's cookie with its CSRF token on unsafe methods."""
    principal = await _prove(connection)
    structlog.contextvars.bind_contextvars(user_id=str(principal.user_id))
    return principal


async def _prove(connection: HTTPConnection) -> Principal:
    authenticator: AuthenticatorInterface = connection.state.container.authenticator
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not token.strip():
            raise UnauthenticatedError("The Authorization header must be `Bearer <token>`.")
        return await authenticator.bearer(token.strip())
    cookie = connection.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise UnauthenticatedError("Sign in, or send an Authorization header.")
    principal, csrf = await authenticator.cookie(cookie)
    if connection.scope["type"] == "http" and connection.scope["method"] not in _SAFE_METHODS:
        _check_csrf(connection.headers.get(CSRF_HEADER, ""), csrf)
    return principal


def _check_csrf(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForbiddenError(f"The {CSRF_HEADER} header does not match the session.")


CurrentUser = Annotated[Principal, Depends(current_user)]


async def _editor(user: CurrentUser) -> Principal:
    if not user.is_editor:
        raise ForbiddenError("Only editors and administrators may do this.")
    return user


async def _admin(user: CurrentUser) -> Principal:
    if not user.is_admin:
        raise ForbiddenError("Only administrators may do this.")
    return user


CurrentEditor = Annotated[Principal, Depends(_editor)]
CurrentAdmin = Annotated[Principal, Depends(_admin)]


async def internal_caller(connection: HTTPConnection) -> Principal | None:
    """A sibling service: the user on whose behalf it calls, or None when it calls for itself."""
    authenticator: AuthenticatorInterface = connection.state.container.authenticator
    return authenticator.internal(connection.headers.get(SERVICE_TOKEN_HEADER, ""))


async def _on_behalf(caller: Annotated[Principal | None, Depends(internal_caller)]) -> Principal:
    if caller is None:
        raise UnauthenticatedError("This route is called on behalf of a user.")
    return caller


InternalCaller = Annotated[Principal | None, Depends(internal_caller)]
OnBehalf = Annotated[Principal, Depends(_on_behalf)]
