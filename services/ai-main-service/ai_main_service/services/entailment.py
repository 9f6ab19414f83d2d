"""`EntailmentInterface` without a model of its own, and with one where it is installed."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog

from ai_main_service.services.evidence import Evidence, evidence
from flash_core.errors import FlashError
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.interfaces.entailment import Claim, EntailmentInterface, EntailmentModelInterface

log = structlog.get_logger(__name__)

SUPPORTED: Final = 0.5
"""The probability from which a statement counts as supported."""
_FAR, _SAME = 0.2, 1.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Of `Evidence.about` and of `Evidence.agrees`: two logistics, and the less certain of the two decides."""

    about: tuple[float, ...]
    agrees: tuple[float, ...]


WEIGHTS: Final = Weights(
    about=(-4.7, 2.79, -1.11, 3.46, 2.34),
    agrees=(1.43, -2.89, -0.52, -1.4, -1.85, 1.0, -0.51, -0.96, 0.84, -2.65, -2.43, -1.45, -1.27, -1.78, -2.43),
)
"""Fitted by `tests/quality/bench_citations.py --fit` on one half of its articles and pages."""


class WordsAndVectors(EntailmentInterface):
    """A logistic of what the words say and how near the meanings are; a quotation is certain.

    The vectors are asked for only where they can decide, and waited for `seconds` at most; without them what they
    could decide is not supported. Never raises.
    """

    def __init__(self, embeddings: EmbeddingProviderInterface, *, seconds: float = 1.0) -> None:
        self._embeddings = embeddings
        self._seconds = seconds

    async def supported(self, claims: Sequence[Claim]) -> list[float]:
        read = [evidence(claim.passage, claim.statement) for claim in claims]
        unsure = [at for at, one in enumerate(read) if _is_open(one)]
        near = await self._nearness([(claims[at].statement, read[at].window) for at in unsure])
        cosines = dict(zip(unsure, near, strict=True))
        return [probability(one, cosines.get(at, _FAR)) for at, one in enumerate(read)]

    async def name(self) -> None:
        return None

    async def _nearness(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        if not pairs:
            return []
        try:
            async with asyncio.timeout(self._seconds):
                vectors = await self._embeddings.embed([text for pair in pairs for text in pair])
        except (FlashError, TimeoutError) as error:
            log.warning("entailment.without_vectors", error=type(error).__name__)
            return [_FAR] * len(pairs)
        near: list[float] = np.einsum("ij,ij->i", vectors[::2], vectors[1::2]).tolist()
        return near


class ModelOrWords(EntailmentInterface):
    """The model where one is installed and answers within `seconds`, else what needs none."""

    def __init__(self, model: EntailmentModelInterface, words: EntailmentInterface, *, seconds: float = 2.0) -> None:
        self._model = model
        self._words = words
        self._seconds = seconds

    async def supported(self, claims: Sequence[Claim]) -> list[float]:
        try:
            async with asyncio.timeout(self._seconds):
                if claims and await self._model.name() is not None:
                    return await self._model.supported(claims)
        except (FlashError, TimeoutError) as error:
            log.warning("entailment.without_model", error=type(error).__name__)
        return await self._words.supported(claims)

    async def name(self) -> str | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._model.name()
        except (FlashError, TimeoutError) as error:
            log.warning("entailment.unnamed", error=type(error).__name__)
            return None


def probability(read: Evidence, cosine: float, weights: Weights = WEIGHTS) -> float:
    if read.quoted:
        return 1.0
    about, agrees = read.about(cosine), read.agrees(cosine)
    return min(_logistic(weights.about, about), _logistic(weights.agrees, agrees))


def _logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in zip(weights, values, strict=True))))


def _is_open(read: Evidence) -> bool:
    return (probability(read, _FAR) >= SUPPORTED) != (probability(read, _SAME) >= SUPPORTED)
