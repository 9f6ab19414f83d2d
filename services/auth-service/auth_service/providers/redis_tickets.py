"""Tickets for one WebSocket each, in Redis."""

from uuid import UUID

from redis.asyncio import Redis

from auth_service.interfaces import TicketStoreInterface
from flash_core.clients.redis import translated_errors


class RedisTicketStore(TicketStoreInterface):
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, ticket_hash: str, user_id: UUID, session_id: UUID | None, ttl_seconds: int) -> None:
        with translated_errors():
            await self._redis.set(_key(ticket_hash), f"{user_id} {session_id or ''}", ex=ttl_seconds)

    async def take(self, ticket_hash: str) -> tuple[UUID, UUID | None] | None:
        with translated_errors():
            value = await self._redis.getdel(_key(ticket_hash))
        if value is None:
            return None
        user_id, _, session_id = (value.decode() if isinstance(value, bytes) else value).partition(" ")
        return UUID(user_id), UUID(session_id) if session_id else None


def _key(ticket_hash: str) -> str:
    return f"ticket:{ticket_hash}"
