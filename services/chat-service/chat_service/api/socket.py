"""The WebSocket `/ws/v1/chat`: the handshake and the login."""

from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, WebSocket

from chat_service.api.socket_session import CloseCode, SocketSession
from chat_service.composition import Container
from chat_service.services.socket_login import Login
from flash_core.errors import FlashError, ForbiddenError, RateLimitedError, UnauthenticatedError
from flash_core.web.identity import SESSION_COOKIE

router = APIRouter()
log = structlog.get_logger(__name__)
SUBPROTOCOL = "askflash.v1"
_TICKET = "ticket."
_CLOSE_CODES: dict[type[FlashError], CloseCode] = {
    UnauthenticatedError: CloseCode.LOGIN_ENDED,
    ForbiddenError: CloseCode.NOT_ALLOWED,
    RateLimitedError: CloseCode.TOO_MANY,
}


@router.websocket("/ws/v1/chat")
async def chat(socket: WebSocket) -> None:
    """Accept first: a refusal before that would reach browsers as a broken connection without a code."""
    container: Container = socket.state.container
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    try:
        login = await _login(socket, container)
        with container.sockets.entered(login.principal.user_id):
            structlog.contextvars.bind_contextvars(user_id=str(login.principal.user_id))
            await SocketSession(socket, login, container).run()
    except FlashError as error:
        code = _CLOSE_CODES.get(type(error), CloseCode.TRY_LATER)
        log.info("socket.refused", code=code, reason=error.code)
        await socket.close(code, str(error)[:_MAX_REASON])


async def _login(socket: WebSocket, container: Container) -> Login:
    """By the Authorization header, by a ticket among the subprotocols, or by the page's cookie."""
    scheme, _, token = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await container.door.by_bearer(token.strip())
    for offered in socket.scope["subprotocols"]:
        if offered.startswith(_TICKET):
            return await container.door.by_ticket(offered.removeprefix(_TICKET))
    cookie = socket.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise UnauthenticatedError("Sign in, or send an Authorization header or a ticket.")
    _check_origin(socket, container.settings.public_url)
    return await container.door.by_cookie(cookie)


def _check_origin(socket: WebSocket, public_url: str) -> None:
    """A cookie comes along from any page: only ours may open a socket with it."""
    origin, public = urlsplit(socket.headers.get("origin", "")), urlsplit(public_url)
    is_public = (origin.scheme, origin.netloc) == (public.scheme, public.netloc)
    is_same_host = bool(origin.netloc) and origin.netloc == socket.headers.get("host")
    if not is_public and not is_same_host:
        raise ForbiddenError("This page may not open a socket here.")


_MAX_REASON = 100  # a close frame holds 123 bytes
