"""`TicketsInterface`: the auth service redeems tickets, Redis holds the notes of what has ended since."""

from datetime import datetime

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chat_service.interfaces import TicketsInterface
from flash_core.clients.http import Sibling
from flash_core.clients.identity import session_ended_key, user_changed_key
from flash_core.errors import InvalidInputError, NotFoundError, UnauthenticatedError
from flash_core.models.user import Principal
from flash_core.schemas.auth import PrincipalResponse, RedeemTicketRequest

log = structlog.get_logger(__name__)
_MAX_LENGTH = 500


class AuthTickets(TicketsInterface):
    def __init__(self, auth: Sibling, redis: Redis) -> None:
        self._auth = auth
        self._redis = redis

    async def redeem(self, ticket: str) -> Principal:
        if not 0 < len(ticket) <= _MAX_LENGTH:
            raise UnauthenticatedError("The ticket is not valid.")
        try:
            found = await self._auth.post(
                PrincipalResponse, "/internal/ws-tickets/redeem", RedeemTicketRequest(ticket=ticket), repeat=False
            )
        except (NotFoundError, InvalidInputError) as error:
            raise UnauthenticatedError("The ticket is not valid.") from error
        return Principal(found.user_id, frozenset(found.roles), frozenset(found.groups), found.session_id)

    async def check(self, principal: Principal, since: datetime) -> None:
        keys = [user_changed_key(principal.user_id)]
        if principal.session_id is not None:
            keys.append(session_ended_key(principal.session_id))
        try:
            changed, *ended = await self._redis.mget(keys)
        except RedisError as error:
            log.warning("tickets.redis_away", error=type(error).__name__)
            return
        if any(ended) or (changed is not None and int(changed) > since.timestamp() * 1000):
            raise UnauthenticatedError("The session has ended or changed.")
