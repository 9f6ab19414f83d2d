"""Something that runs beside the HTTP routes for as long as the service lives."""

from abc import abstractmethod
from typing import Protocol


class WorkerInterface(Protocol):
    name: str

    @abstractmethod
    async def run(self) -> None:
        """Work until cancelled. On cancellation give back what was taken, within seconds."""
