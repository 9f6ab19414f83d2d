"""Time, as something a test can hold still."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol


class ClockInterface(Protocol):
    @abstractmethod
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
