"""The page's cookies: the access token and the refresh token that no script can read, the CSRF token that one can."""

from typing import Final

from fastapi import Response

from auth_service.services.sign_in import SESSION_TTL, SignedIn
from auth_service.services.signing_keys import ACCESS_TOKEN_TTL
from flash_core.web.identity import CSRF_COOKIE, SESSION_COOKIE

REFRESH_COOKIE: Final = "askflash_refresh"
REFRESH_PATH: Final = "/api/v1/auth"


def set_cookies(response: Response, signed_in: SignedIn, *, secure: bool) -> None:
    tokens, session = int(ACCESS_TOKEN_TTL.total_seconds()), int(SESSION_TTL.total_seconds())
    response.set_cookie(
        SESSION_COOKIE, signed_in.access_token, max_age=tokens, httponly=True, samesite="lax", secure=secure
    )
    response.set_cookie(
        REFRESH_COOKIE,
        signed_in.refresh_token or "",
        max_age=session,
        path=REFRESH_PATH,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    response.set_cookie(CSRF_COOKIE, signed_in.csrf or "", max_age=session, samesite="lax", secure=secure)


def clear_cookies(response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
    response.delete_cookie(REFRESH_COOKIE, path=REFRESH_PATH, httponly=True, samesite="strict")
    response.delete_cookie(CSRF_COOKIE, samesite="lax")
