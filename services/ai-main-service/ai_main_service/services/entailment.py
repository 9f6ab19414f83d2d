"""`EntailmentInterface` without a model of its own, and with one where it is installed."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from ai_main_service.services.evidence import Evidence, Nearness, evidence
from flash_core.errors import FlashError
from flash_core.interfaces.embedding import EmbeddingProviderInterface, Vectors
from flash_core.interfaces.entailment import Claim, EntailmentInterface, EntailmentModelInterface

log = structlog.get_logger(__name__)

SUPPORTED: Final = 0.5
"""The probability from which a statement counts as supported."""


_FAR = Nearness(0.2, 0.1, 4.0, 1.0)
_SAME = Nearness(1.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Weights:
    """Of `Evidence.about` and of `Evidence.agrees`: two logistics, and the less certain of the two decides."""

    about: tuple[float, ...]
    agrees: tuple[float, ...]


WEIGHTS: Final = Weights(
    about=(-5.42, 3.29, -1.44, 2.78, 4.5),
    agrees=(
        1.33,
        -0.26,
        0.97,
        -1.82,
        -0.52,
        1.78,
        0.58,
        -0.93,
        2.84,
        0.37,
        1.04,
        1.28,
        -0.46,
        0.67,
        0.12,
        -0.25,
        -1.93,
        -0.6,
        0.42,
        0.48,
        -1.44,
        -2.53,
        -2.4,
        -0.81,
        -1.68,
        -1.14,
        -2.8,
        -2.29,
        -3.81,
        -0.85,
        -2.04,
        -0.39,
        -4.32,
        -1.53,
        -1.45,
    ),
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
        near = await self._nearness([one for many in read for one in many if _is_open(one)])
        return [supported_by(many, near) for many in read]

    async def name(self) -> None:
        return None

    async def _nearness(self, unsure: Sequence[Evidence]) -> dict[Evidence, Nearness]:
        texts = list(dict.fromkeys(text for read in unsure for text in read.compared))
        if not texts:
            return {}
        try:
            async with asyncio.timeout(self._seconds):
                vectors = dict(zip(texts, await self._embeddings.embed(texts), strict=True))
        except (FlashError, TimeoutError) as error:
            log.warning("entailment.without_vectors", error=type(error).__name__)
            return {}
        return {read: nearness(read, vectors) for read in unsure}


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


def nearness(read: Evidence, vectors: Mapping[str, Vectors]) -> Nearness:
    """`vectors` are of `Evidence.compared`."""
    free = [vectors[word] for word in read.free]
    far = [1 - max((float(vectors[word] @ other) for other in free), default=0.0) for word in read.new]
    window = vectors[read.window]
    return Nearness(
        float(vectors[read.said] @ window), float(vectors[read.weakest] @ window), sum(far), max(far, default=0.0)
    )


def supported_by(read: Sequence[Evidence], near: Mapping[Evidence, Nearness], weights: Weights = WEIGHTS) -> float:
    """By a part of the passage that says the whole, or by one for each of the statements that it joins."""
    whole, *parts = (probability(one, near.get(one, _FAR), weights) for one in read)
    return max(whole, min(parts, default=0.0))


def probability(read: Evidence, near: Nearness, weights: Weights = WEIGHTS) -> float:
    if read.quoted or read.is_denied:
        return float(read.quoted)
    return min(_logistic(weights.about, read.about(near)), _logistic(weights.agrees, read.agrees(near)))


def _logistic(weights: Sequence[float], values: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in zip(weights, values, strict=True))))


def _is_open(read: Evidence) -> bool:
    return (probability(read, _FAR) >= SUPPORTED) != (probability(read, _SAME) >= SUPPORTED)
