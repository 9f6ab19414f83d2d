"""What was read a moment ago, for a moment."""

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class Recent(Generic[ValueT]):
    """Values by name, each for `seconds` after it was put there."""

    def __init__(self, seconds: float, now: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._kept: dict[str, tuple[float, ValueT]] = {}

    def get(self, name: str) -> ValueT | None:
        at, value = self._kept.get(name, (float("-inf"), None))
        return value if self._now() - at < self._seconds else None

    def put(self, name: str, value: ValueT) -> None:
        self._kept[name] = (self._now(), value)
