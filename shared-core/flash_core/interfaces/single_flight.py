"""A cache in front of something slow, which is asked once however many want the same."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Made:
    """What an origin made. `keep=False`: for those who wait for it now, not for the cache (a degraded result)."""

    value: bytes
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Fetched:
    """`shared`: it came out of the cache, or another call made it."""

    value: bytes
    shared: bool


Origin = Callable[[], Awaitable[Made]]


class SingleFlightInterface(Protocol):
    """Concurrent calls for one key become one call of its origin: in this process always, across processes as long as
    the cache can be reached. Without it every process asks its own origin; nothing is raised for that.

    The key must say everything that the value depends on, the reader's permissions included: whoever asks with the
    same key gets the same bytes.
    """

    @abstractmethod
    async def fetch(self, key: str, origin: Origin, *, ttl_seconds: int, patience_seconds: float = 10.0) -> Fetched:
        """What the cache holds, else what `origin` makes, which then stays for `ttl_seconds`.

        `patience_seconds` is the longest that the origin should take: after it a process stops waiting for another's
        and asks by itself, and sooner when that one has died. What the origin raises is raised to all in this process
        who waited for it. It is cancelled only when nobody waits for it any more.
        """
