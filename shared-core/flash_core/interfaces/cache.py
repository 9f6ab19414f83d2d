"""A place for what can be computed again."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol


class CacheInterface(Protocol):
    """Bytes by key, each with a time to live. Losing everything at any moment must only cost time.

    No method raises when the cache is away: `get` misses, `set` does nothing.
    """

    @abstractmethod
    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """One value a key, in the order of `keys`; None where there is none."""

    @abstractmethod
    async def set_many(self, values: Mapping[str, bytes], ttl_seconds: int) -> None: ...

    async def get(self, key: str) -> bytes | None:
        return (await self.get_many([key]))[0]

    async def set(self, key: str, value: bytes, ttl_seconds: int) -> None:
        await self.set_many({key: value}, ttl_seconds)
