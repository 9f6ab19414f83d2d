"""The OAuth 2 token endpoint, and what a signed-in client asks about itself."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from auth_service.api import presenters
from auth_service.api.cookies import clear_cookies
from auth_service.api.dependencies import CallerDep, ContainerDep
from auth_service.api.oauth import FORM, NO_STORE, Parameters, parameters, refusal
from auth_service.composition import Container
from auth_service.services.errors import GrantUnsupportedError
from auth_service.services.sign_in import Caller, SignedIn
from auth_service.services.signing_keys import ACCESS_TOKEN_TTL
from auth_service.services.tickets import TICKET_SECONDS
from flash_core.errors import (
    BadRequestError,
    InvalidInputError,
    RateLimitedError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.schemas.auth import MeResponse, OAuthErrorResponse, TokenResponse, WsTicketResponse
from flash_core.web.identity import CurrentUser
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post(
    "/token",
    response_model=TokenResponse,
    responses={**problems(RateLimitedError), 400: {"model": OAuthErrorResponse}, 401: {"model": OAuthErrorResponse}},
    openapi_extra=FORM,
)
async def token(request: Request, container: ContainerDep, caller: CallerDep) -> Response:
    """RFC 6749: `grant_type` password, refresh_token or client_credentials, form-encoded."""
    try:
        signed_in = await _granted(request, await parameters(request), container, caller)
    except (BadRequestError, InvalidInputError, UnauthenticatedError) as error:
        return refusal(error, request.url.path)
    answer = TokenResponse(
        access_token=signed_in.access_token,
        expires_in=int(ACCESS_TOKEN_TTL.total_seconds()),
        refresh_token=signed_in.refresh_token,
    )
    return Response(answer.model_dump_json(exclude_none=True), headers=NO_STORE, media_type="application/json")


async def _granted(request: Request, form: Parameters, container: Container, caller: Caller) -> SignedIn:
    match form.required("grant_type"):
        case "password":
            return await container.sign_in.with_password(form.required("username"), form.required("password"), caller)
        case "refresh_token":
            return await container.sign_in.with_refresh_token(form.required("refresh_token"))
        case "client_credentials":
            client_id, secret = form.client(request.headers.get("authorization", ""))
            return await container.sign_in.with_client_secret(client_id, secret)
    raise GrantUnsupportedError("The grant type must be password, refresh_token or client_credentials.")


@router.get("/me", responses=problems(UnauthenticatedError))
async def me(user: CurrentUser, container: ContainerDep) -> MeResponse:
    """Who is signed in, as of now."""
    return presenters.me(await container.own_account.get(user))


@router.post("/logout", status_code=204, responses=problems(UnauthenticatedError))
async def log_out(
    user: CurrentUser,
    container: ContainerDep,
    response: Response,
    *,
    everywhere: Annotated[bool, Query(alias="all")] = False,
) -> None:
    """End this session, or with `?all=1` all of the user's."""
    await container.sessions.log_out(user, everywhere=everywhere)
    clear_cookies(response)


@router.post("/ws-ticket", responses=problems(UnauthenticatedError, UpstreamUnavailableError))
async def ws_ticket(user: CurrentUser, container: ContainerDep, response: Response) -> WsTicketResponse:
    """A ticket that opens one WebSocket: `Sec-WebSocket-Protocol: askflash.v1, ticket.<value>`."""
    response.headers.update(NO_STORE)
    return WsTicketResponse(ticket=await container.tickets.issue(user), expires_in=TICKET_SECONDS)
