"""Whether one text says what another one claims."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Claim:
    """`statement` is supported when somebody who reads `passage` would infer it."""

    passage: str
    statement: str


class EntailmentInterface(Protocol):
    """Natural language inference, by whatever is there: words and vectors, or a model."""

    @abstractmethod
    async def supported(self, claims: Sequence[Claim]) -> list[float]:
        """One probability of support a claim, from 0 to 1, in their order.

        `UpstreamUnavailableError` or `OverloadedError` when it can't now; the caller bounds the time.
        """

    @abstractmethod
    async def name(self) -> str | None:
        """The model that judges, as caches are keyed by; None when there is none."""


class EntailmentModelInterface(EntailmentInterface, Protocol):
    """A model that may or may not be installed. Without a name `supported` must not be called."""
