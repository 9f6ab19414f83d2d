"""Whether two runs over the same questions differ by more than chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

RESAMPLES = 1_000
_SEED = 20_260_101
_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of paired differences with its 95 % interval, and the two-sided p of the sign test on `better` against
    `worse` questions.
    """

    mean: float
    low: float
    high: float
    better: int
    worse: int
    p: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def paired(differences: Sequence[float]) -> Difference:
    """By the percentile bootstrap over questions (Efron 1979; for search, Smucker et al. 2007); always the same
    resamples, so that the same two runs give the same interval.
    """
    random = Random(_SEED)
    count = len(differences)
    means = sorted(sum(random.choices(differences, k=count)) / count for _ in range(RESAMPLES))
    cut = int(_TAIL * RESAMPLES)
    better = sum(one > 0 for one in differences)
    worse = sum(one < 0 for one in differences)
    return Difference(sum(differences) / count, means[cut], means[-cut - 1], better, worse, p=sign_test(better, worse))


def sign_test(better: int, worse: int) -> float:
    """Two-sided, exact: how likely a split at least as uneven is when both sides are equally likely."""
    total = better + worse
    tail = sum(math.comb(total, count) for count in range(min(better, worse) + 1)) / 2**total
    p: float = min(1.0, 2 * tail)
    return p
