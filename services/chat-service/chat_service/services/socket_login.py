"""Who opens a socket, and whether that login still holds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chat_service.interfaces import TicketsInterface
from flash_core.errors import UnauthenticatedError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.identity import AuthenticatorInterface
from flash_core.models.user import Principal

_TICKET_LIFE = timedelta(minutes=15)  # as long as an access token: the client gets a new ticket and resumes


@dataclass(frozen=True, slots=True)
class Login:
    """`check` raises `UnauthenticatedError` once the login has ended."""

    principal: Principal
    check: Callable[[], Awaitable[None]]


class SocketDoor:
    """A token's login holds while the token would be accepted: it ends with the token (15 minutes), with its session,
    and when the user's groups or roles change. The client then connects again with a fresh one and resumes.
    """

    def __init__(self, authenticator: AuthenticatorInterface, tickets: TicketsInterface, clock: ClockInterface) -> None:
        self._authenticator = authenticator
        self._tickets = tickets
        self._clock = clock

    async def by_bearer(self, token: str) -> Login:
        principal = await self._authenticator.bearer(token)

        async def check() -> None:
            await self._authenticator.bearer(token)

        return Login(principal, check)

    async def by_cookie(self, token: str) -> Login:
        principal, _ = await self._authenticator.cookie(token)

        async def check() -> None:
            await self._authenticator.cookie(token)

        return Login(principal, check)

    async def by_ticket(self, ticket: str) -> Login:
        since = self._clock.now()
        principal = await self._tickets.redeem(ticket)

        async def check() -> None:
            await self._still_good(principal, since)

        return Login(principal, check)

    async def _still_good(self, principal: Principal, since: datetime) -> None:
        if self._clock.now() - since > _TICKET_LIFE:
            raise UnauthenticatedError("The login has expired.")
        await self._tickets.check(principal, since)
