"""Kinds by meaning: a question is of the kind of the exemplars that it is nearest to, if it is near enough.

The limits are in standard deviations of the cosines between exemplars of different kinds, because absolute cosines do
not carry over from one embedding model to another. Measured with all-MiniLM-L6-v2 (`tests/quality/bench_intent.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from flash_core.interfaces.embedding import Vectors
from flash_core.schemas.ai import QuestionKind

Exemplars = Mapping[QuestionKind, Sequence[str]]

_NEAREST: Final = 2
"""The mean of so many cosines counts: one exemplar alone is a coincidence of words too often."""
_NEAR: Final = 4.0
_AHEAD: Final = 1.5
_ON_TOPIC: Final = 1.5
_LEAST_DEVIATION: Final = 0.05
"""A model that tells hardly any two texts apart, or all, says little by a small distance."""


def parsed(text: str) -> Exemplars:
    """Lines under `[kind]`; lines that begin with `#` and empty ones do not count."""
    exemplars: dict[QuestionKind, list[str]] = {}
    kind = QuestionKind.DOCUMENTATION
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            kind = QuestionKind(line.strip("[]"))
        elif line and not line.startswith("#"):
            exemplars.setdefault(kind, []).append(line)
    return exemplars


@dataclass(frozen=True, slots=True)
class Measure:
    """The exemplars as one embedding model sees them: a row an exemplar, of norm 1, by kind; mean and deviation
    of the cosines between different kinds.
    """

    vectors: Mapping[QuestionKind, Vectors]
    usual: float
    deviation: float

    @property
    def dimension(self) -> int:
        return int(next(iter(self.vectors.values())).shape[1])

    def kind_of(self, question: Vectors, among: Sequence[QuestionKind]) -> QuestionKind:
        """One of `among`, if the question (its vector) is near its exemplars and clearly nearer than to what is asked
        of documentation; else DOCUMENTATION.
        """
        nearness = {kind: self._nearness(question, kind) for kind in among}
        best = max(nearness, key=nearness.__getitem__)
        ahead = nearness[best] - self._nearness(question, QuestionKind.DOCUMENTATION)
        is_sure = nearness[best] >= self.usual + _NEAR * self.deviation and ahead >= _AHEAD * self.deviation
        return best if is_sure else QuestionKind.DOCUMENTATION

    def is_on_topic(self, question: Vectors, subject: Vectors) -> bool:
        """Whether two questions are nearer than two that have nothing to do with each other."""
        return float(question @ subject) >= self.usual + _ON_TOPIC * self.deviation

    def _nearness(self, question: Vectors, kind: QuestionKind) -> float:
        return float(np.sort(self.vectors[kind] @ question)[-_NEAREST:].mean())


def measure_of(vectors: Mapping[QuestionKind, Vectors]) -> Measure:
    rows = np.concatenate(list(vectors.values()))
    kinds = np.repeat(np.arange(len(vectors)), [len(one) for one in vectors.values()])
    apart = (rows @ rows.T)[kinds[:, None] != kinds[None, :]]
    return Measure(vectors, float(apart.mean()), max(float(apart.std()), _LEAST_DEVIATION))
