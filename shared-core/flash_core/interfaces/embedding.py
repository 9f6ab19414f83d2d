"""Texts to vectors."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Purpose(StrEnum):
    """Some models read questions and passages differently."""

    QUERY = "query"
    PASSAGE = "passage"


class Priority(StrEnum):
    """Who is served first: a person who waits, or an index run."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """`name` is the identity that caches and collections are keyed by: another precision is another name."""

    name: str
    dimension: int
    max_tokens: int


class EmbeddingProviderInterface(Protocol):
    """Maps each text to a vector of unit length, the same one for the same text and model.

    Raises `UpstreamUnavailableError` or `OverloadedError` when it can't now; never returns part of a batch.
    """

    @abstractmethod
    async def model(self) -> EmbeddingModel: ...

    @abstractmethod
    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        """Shape (len(texts), dimension), float32, rows of norm 1. Texts past the model's limit are cut at it."""

    @abstractmethod
    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is to the model's tokenizer: all of it, past the limit too, without the special
        ones in front and behind. An estimate where the tokenizer is out of reach.
        """


class EmbeddingModelsInterface(Protocol):
    """The models that can be computed with at this moment. Raises `UpstreamUnavailableError` when away."""

    @abstractmethod
    async def models(self) -> Sequence[EmbeddingModel]:
        """First the one that is set for the fleet, then those that are served beside it."""

    @abstractmethod
    def named(self, name: str) -> EmbeddingProviderInterface:
        """Its calls raise `NotFoundError` as long as no model of this name is served."""
