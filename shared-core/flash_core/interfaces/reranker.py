"""Reading a question and a passage together, to say how well the one answers the other."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol


class RerankerInterface(Protocol):
    """A cross-encoder (Nogueira and Cho 2019, https://arxiv.org/abs/1901.04085), where one is installed."""

    @abstractmethod
    async def name(self) -> str | None:
        """The model, as caches are keyed by; None when there is none, and then `scores` must not be called."""

    @abstractmethod
    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One relevance a text, from 0 to 1, in their order. `UpstreamUnavailableError` or `OverloadedError` when it
        can't now; the caller bounds the time.
        """
