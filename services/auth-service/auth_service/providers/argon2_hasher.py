"""Argon2id, off the event loop and a few at a time."""

import asyncio
import secrets
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auth_service.interfaces import PasswordHasherInterface
from flash_core.errors import OverloadedError

MEMORY_KIB = 19_456
PASSES = 2
LANES = 1
"""OWASP's Password Storage Cheat Sheet: 19 MiB, t=2, p=1."""
ResultT = TypeVar("ResultT")

_AT_ONCE = 2
_MAY_WAIT = 100


class Argon2Hasher(PasswordHasherInterface):
    def __init__(self) -> None:
        self._argon2 = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        # What the password of an account that does not exist is compared with.
        self._nobodys = self._argon2.hash(secrets.token_urlsafe())
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._in_turn(lambda: self._argon2.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        return await self._in_turn(lambda: self._matches(password_hash, password))

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            self._argon2.verify(password_hash or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    async def _in_turn(self, work: Callable[[], ResultT]) -> ResultT:
        if self._waiting >= _MAY_WAIT:
            raise OverloadedError("Too many sign-ins at this moment; try again.")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
