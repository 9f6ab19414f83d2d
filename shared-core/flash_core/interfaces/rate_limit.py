"""How often someone may do something."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`burst` at once, after that `count` in `seconds`, evenly spread."""

    count: int
    seconds: float
    burst: int

    @property
    def interval(self) -> float:
        """Seconds in which one is earned."""
        return self.seconds / self.count


class RateLimiterInterface(Protocol):
    """Counts by key, for all replicas together. When the counter is away everything is allowed."""

    @abstractmethod
    async def take(self, key: str, limit: RateLimit, cost: int = 1) -> float:
        """Use up `cost` and return 0, or use nothing and return the seconds after which it would be allowed."""

    @abstractmethod
    async def give_back(self, key: str, limit: RateLimit, cost: int = 1) -> None:
        """As if `cost` had not been taken."""
