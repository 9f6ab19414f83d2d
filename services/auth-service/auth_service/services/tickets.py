"""Tickets that open one WebSocket, for browsers that can't send a header there."""

from auth_service.interfaces import AuthUnitOfWorkFactory, TicketStoreInterface
from auth_service.services.opaque import digest, new_value
from flash_core.errors import NotFoundError
from flash_core.models.user import Principal

TICKET_SECONDS = 20


class Tickets:
    """A ticket is bound to the user and the session that asked for it, and works once."""

    def __init__(self, unit_of_work: AuthUnitOfWorkFactory, store: TicketStoreInterface) -> None:
        self._unit_of_work = unit_of_work
        self._store = store

    async def issue(self, principal: Principal) -> str:
        ticket = new_value()
        await self._store.put(_hash(ticket), principal.user_id, principal.session_id, TICKET_SECONDS)
        return ticket

    async def redeem(self, ticket: str) -> Principal:
        """Who it stands for, as they are now. Raises `NotFoundError` if it is unknown, used, or its session over."""
        holder = await self._store.take(_hash(ticket))
        if holder is None:
            raise NotFoundError("The ticket is not valid.")
        user_id, session_id = holder
        async with self._unit_of_work() as work:
            account = await work.accounts.get(user_id)
            session = await work.sessions.get(session_id) if session_id else None
        if account is None or account.disabled or (session_id is not None and session is None):
            raise NotFoundError("The ticket is not valid.")
        return account.principal(session_id)


def _hash(ticket: str) -> str:
    return digest(ticket).hex()
