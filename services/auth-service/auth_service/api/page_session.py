"""Signing in from the page: the tokens travel in cookies that no script can read."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Cookie, Header, Request, Response

from auth_service.api import presenters
from auth_service.api.cookies import REFRESH_COOKIE, clear_cookies, set_cookies
from auth_service.api.dependencies import CallerDep, ContainerDep
from auth_service.api.oauth import NO_STORE
from auth_service.services.errors import RefreshRefusedError
from flash_core.errors import ForbiddenError, RateLimitedError, UnauthenticatedError
from flash_core.schemas.auth import LoginRequest, LoginResponse
from flash_core.web.identity import CSRF_HEADER
from flash_core.web.problems import problem_response, problems

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post("/login", responses=problems(UnauthenticatedError, RateLimitedError))
async def log_in(body: LoginRequest, container: ContainerDep, caller: CallerDep, response: Response) -> LoginResponse:
    """Start the page's session."""
    signed_in = await container.sign_in.with_password(body.email, body.password, replace(caller, page=True))
    set_cookies(response, signed_in, secure=container.settings.secure_cookies)
    response.headers.update(NO_STORE)
    return LoginResponse(user=presenters.me(signed_in.account))


@router.post("/session/refresh", status_code=204, responses=problems(UnauthenticatedError, ForbiddenError))
async def refresh(
    request: Request,
    container: ContainerDep,
    refresh_token: Annotated[str, Cookie(alias=REFRESH_COOKIE)] = "",
    csrf: Annotated[str, Header(alias=CSRF_HEADER)] = "",
) -> Response:
    """Go on with the page's session; a refused one loses its cookies."""
    response = Response(status_code=204, headers=NO_STORE)
    try:
        signed_in = await container.sign_in.with_page_cookie(refresh_token, csrf)
    except RefreshRefusedError as error:
        response = problem_response(error, instance=request.url.path)
        clear_cookies(response)
        return response
    set_cookies(response, signed_in, secure=container.settings.secure_cookies)
    return response
