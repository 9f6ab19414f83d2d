"""One ranking from two: the convex combination of normalised scores.

Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval" (https://arxiv.org/abs/2210.11934):
it beats reciprocal rank fusion, in and out of domain, because it keeps how far apart the scores are.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from vector_service.interfaces import Scored

_NO_MATCH: Final = 0.0
"""BM25 of a point that shares no term with the question: the least that the keyword half can be."""

Scores = Mapping[UUID, float]


def normalised(dense: Scores, keyword: Scores) -> tuple[Scores, Scores]:
    """Both halves scaled so that their best point is 1.

    The least is 0: for BM25 no match, for the cosine the worst of its candidates, because the cosines of one question
    lie close together and far from their bounds.
    """
    return _scaled(dense, floor=min(dense.values(), default=0.0)), _scaled(keyword, floor=_NO_MATCH)


def convex_combination(dense: Scores, keyword: Scores, dense_weight: float) -> list[Scored]:
    """`dense_weight` · dense + (1 - `dense_weight`) · keyword, best first, over the points that either half found.

    Both are normalised. A point that a half did not find has 0 there.
    """
    fused = [
        Scored(point, dense_weight * dense.get(point, 0.0) + (1 - dense_weight) * keyword.get(point, 0.0))
        for point in dict.fromkeys([*dense, *keyword])
    ]
    return sorted(fused, key=lambda one: (-one.score, one.id))


def _scaled(scores: Scores, *, floor: float) -> Scores:
    """Scores from `floor` to the best one, as 0 … 1; when all are the same they are all 1."""
    span = max(scores.values(), default=floor) - floor
    return {point: (score - floor) / span if span > 0 else 1.0 for point, score in scores.items()}
