"""Something whose health decides whether the service is ready."""

from abc import abstractmethod
from typing import Protocol


class HealthCheckInterface(Protocol):
    name: str

    @abstractmethod
    async def check(self) -> None:
        """Raise if unusable; the caller bounds the time."""
