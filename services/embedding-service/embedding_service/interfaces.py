"""What the embedding service needs beside `flash_core.interfaces.embedding`."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol


class TokenCounterInterface(Protocol):
    """Counts as the model reads: what lies past its limit is not counted."""

    @abstractmethod
    def count(self, texts: Sequence[str]) -> int:
        """The tokens of all texts together, special tokens included."""
