"""What the embedding service needs beside `flash_core.interfaces.embedding`."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
TextPair = tuple[str, str]


class TokenCounterInterface(Protocol):
    """Counts as the model reads: what lies past its limit is not counted."""

    @abstractmethod
    def count(self, texts: Sequence[str]) -> int:
        """The tokens of all texts together, special tokens included."""


@dataclass(frozen=True, slots=True)
class PairModel:
    """`name` is the identity that caches are keyed by; `labels` name the classes, in the order of the logits."""

    name: str
    labels: tuple[str, ...]


class PairReaderInterface(Protocol):
    """A cross-encoder: reads two texts together and classifies the pair."""

    model: PairModel

    @abstractmethod
    def logits(self, pairs: Sequence[TextPair]) -> Logits:
        """Shape (len(pairs), labels). Blocks while it computes; pairs past the model's limit are cut at it."""


@dataclass(frozen=True, slots=True)
class Classified:
    """`logits` has one row a pair, in their order, and one column a label."""

    labels: tuple[str, ...]
    logits: Logits


class PairClassifierInterface(Protocol):
    """A cross-encoder that may be missing, shared by everyone who asks."""

    @property
    @abstractmethod
    def model(self) -> PairModel | None:
        """None: none is set, it is still being loaded, or it can't be used."""

    @abstractmethod
    async def classify(self, pairs: Sequence[TextPair]) -> Classified:
        """`UpstreamUnavailableError` without a model, `OverloadedError` when too many wait."""
