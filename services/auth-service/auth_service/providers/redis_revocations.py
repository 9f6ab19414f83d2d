"""Notes to the verifiers, in Redis, for as long as an access token may live."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth_service.interfaces import RevocationsInterface
from flash_core.clients.identity import ENDED_TTL_SECONDS, api_key_ended_key, session_ended_key, user_changed_key

log = structlog.get_logger(__name__)


class RedisRevocations(RevocationsInterface):
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def sessions_ended(self, session_ids: Collection[UUID]) -> None:
        await self._note({session_ended_key(session_id): 1 for session_id in session_ids})

    async def users_changed(self, user_ids: Collection[UUID], at: datetime) -> None:
        void_before = int(at.timestamp() * 1000) + 1  # verifiers compare with `<`; the millisecond of `at` is void, too
        await self._note({user_changed_key(user_id): void_before for user_id in user_ids})

    async def api_key_ended(self, key_hash: bytes) -> None:
        await self._note({api_key_ended_key(key_hash.hex()): 1})

    async def _note(self, values: Mapping[str, int]) -> None:
        if not values:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for key, value in values.items():
                    pipe.set(key, value, ex=ENDED_TTL_SECONDS)
                await pipe.execute()
        except RedisError as error:  # the tokens live out their 15 minutes
            log.warning("revocation.not_announced", notes=len(values), error=type(error).__name__)
