"""`IdempotencyStoreInterface` on Redis."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import msgspec
import structlog
from cryptography.fernet import Fernet, InvalidToken
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flash_core.clients.redis import for_a_moment
from flash_core.errors import ConflictError
from flash_core.interfaces.idempotency import HELD_SECONDS, IdempotencyStoreInterface, StoredResponse
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)
_KEPT_SECONDS = 24 * 3600


class _Entry(msgspec.Struct, array_like=True):
    """`claim` is drawn by the request that made the entry."""

    fingerprint: str
    response: StoredResponse | None = None
    claim: str = ""


_decode = msgspec.msgpack.Decoder(_Entry).decode
_encode = msgspec.msgpack.Encoder().encode


class RedisIdempotencyStore(IdempotencyStoreInterface):
    """Responses are sealed with a key derived from `secret`: some are shown once (a new API key) and must not lie
    readable in Redis.
    """

    def __init__(self, redis: Redis, service: str, secret: str, *, held_seconds: float = HELD_SECONDS) -> None:
        self._redis = redis
        self._held_ms = int(held_seconds * 1_000)
        self._seal = Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"idempotency:{secret}".encode()).digest()))
        self._prefix = f"idempotency:{service}:"

    async def begin(self, key: str, fingerprint: str) -> StoredResponse | None:
        own = _encode(_Entry(fingerprint, claim=str(new_id())))
        try:
            async with for_a_moment():
                first: Any = await self._redis.set(self._prefix + key, own, nx=True, get=True, px=self._held_ms)
        except RedisError as error:
            log.warning("idempotency.away", error=type(error).__name__)
            return None
        if first is None or first == own:  # own: redis-py repeated a command whose answer got lost
            return None
        entry = _decode(first)
        if entry.fingerprint != fingerprint:
            raise ConflictError("This Idempotency-Key was used with another request.")
        if entry.response is None:
            raise ConflictError("The first request with this Idempotency-Key is still being answered; try again.")
        try:
            return replace(entry.response, body=self._seal.decrypt(entry.response.body))
        except InvalidToken as error:
            raise ConflictError("This Idempotency-Key was used before, under another INTERNAL_KEY.") from error

    async def hold(self, key: str) -> None:
        try:
            async with for_a_moment():  # never shorter than it has: the answer may have been completed just now
                await self._redis.pexpire(self._prefix + key, self._held_ms, gt=True)
        except RedisError as error:
            log.warning("idempotency.away", error=type(error).__name__)

    async def complete(self, key: str, fingerprint: str, response: StoredResponse) -> None:
        entry = _Entry(fingerprint, replace(response, body=self._seal.encrypt(response.body)))
        try:
            async with for_a_moment():
                await self._redis.set(self._prefix + key, _encode(entry), ex=_KEPT_SECONDS)
        except RedisError as error:
            log.warning("idempotency.away", error=type(error).__name__)

    async def abandon(self, key: str) -> None:
        try:
            async with for_a_moment():
                await self._redis.delete(self._prefix + key)
        except RedisError as error:
            log.warning("idempotency.away", error=type(error).__name__)
