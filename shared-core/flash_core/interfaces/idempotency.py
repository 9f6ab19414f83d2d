"""Remembering the answers to requests that a client may send twice."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, Protocol

HELD_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class StoredResponse:
    status: int
    content_type: str
    body: bytes


class IdempotencyStoreInterface(Protocol):
    """One entry a key, for a day. When the store is away nothing is remembered and requests go on as without a key."""

    @abstractmethod
    async def begin(self, key: str, fingerprint: str) -> StoredResponse | None:
        """Reserve `key` for this request for `HELD_SECONDS`, or return the response of the first one that had it.

        Raises `ConflictError` when the first had another fingerprint (another body), or is still being answered.
        """

    @abstractmethod
    async def hold(self, key: str) -> None:
        """The request that reserved `key` is still being answered: `HELD_SECONDS` from now. Whoever died says this no
        more, and the next try goes on. What is completed stays as it is.
        """

    @abstractmethod
    async def complete(self, key: str, fingerprint: str, response: StoredResponse) -> None: ...

    @abstractmethod
    async def abandon(self, key: str) -> None:
        """Nothing was done: the key is free again."""
