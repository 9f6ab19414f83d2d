"""Whether the passages found can answer the question at all, as a probability."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ai_main_service.services.questions import Question
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.utils.words import content_stems

TOP_COSINE = "dense_top"
"""The search's feature with the best cosine of the question and a passage."""
_PASSAGES_READ = 5


@dataclass(frozen=True, slots=True)
class Logistic:
    """Constants fitted by `tests/quality/refusal.py` on questions that a corpus answers, and on questions whose
    article was taken out or that belong to another corpus (SQuAD 2.0, a handbook, product documentation).
    """

    intercept: float
    coverage: float
    cosine: float = 0.0

    def probability(self, coverage: float, cosine: float = 0.0) -> float:
        return 1 / (1 + math.exp(-(self.intercept + self.coverage * coverage + self.cosine * cosine)))


WITH_VECTORS = Logistic(intercept=-13.5, coverage=7.8, cosine=21.9)
WITHOUT_VECTORS = Logistic(intercept=-6.8, coverage=12.8)
THRESHOLD = 0.38
"""Keeps 95 % or more of the answerable questions of each of these corpora, and refuses 92 % or more of the foreign."""


def answerable(
    question: Question, passages: Sequence[GroundingPassage], features: Mapping[str, float] | None = None
) -> float:
    """The probability, from 0 to 1, that the passages answer the question.

    Reads how much of the question the best of the first passages names, and the search's best cosine where it is
    known. The cosine alone does not carry over from one corpus to another; the two together do.
    """
    if not passages:
        return 0.0
    coverage = best_coverage(question, passages)
    cosine = (features or {}).get(TOP_COSINE)
    if not cosine:  # the search was by words alone
        return WITHOUT_VECTORS.probability(coverage)
    return WITH_VECTORS.probability(coverage, cosine)


def best_coverage(question: Question, passages: Sequence[GroundingPassage]) -> float:
    """The share, from 0 to 1, of the question's stems that one of the first passages has."""
    return max((_coverage(question, passage) for passage in passages[:_PASSAGES_READ]), default=0.0)


def _coverage(question: Question, passage: GroundingPassage) -> float:
    """The share of the question's stems that stand in the passage, its title or its heading."""
    asked = question.stems
    if not asked:
        return 0.0
    there = frozenset(content_stems(f"{passage.title} {passage.heading} {passage.text}", question.language))
    return sum(stem in there for stem in asked) / len(asked)
