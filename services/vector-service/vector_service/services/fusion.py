"""One ranking from two: the convex combination of normalised scores.

Bruch, Gai and Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval" (https://arxiv.org/abs/2210.11934):
it beats reciprocal rank fusion, in and out of domain, because it keeps how far apart the scores are.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from vector_service.interfaces import Scored

_NO_MATCH: Final = 0.0
"""BM25 of a point that shares no term with the question: the least that the keyword half can be."""


def convex_combination(dense: Sequence[Scored], keyword: Sequence[Scored], dense_weight: float) -> list[Scored]:
    """`dense_weight` · dense + (1 - `dense_weight`) · keyword, best first, over the points that either half found.

    Each half is scaled so that its best point is 1. The least is 0: for BM25 no match, for the cosine the worst of its
    candidates, because the cosines of one question lie close together and far from their bounds. A point that a half
    did not find has 0 there.
    """
    cosines = scaled(dense, floor=min((one.score for one in dense), default=0.0))
    matches = scaled(keyword, floor=_NO_MATCH)
    fused = [
        Scored(point, dense_weight * cosines.get(point, 0.0) + (1 - dense_weight) * matches.get(point, 0.0))
        for point in dict.fromkeys([*cosines, *matches])
    ]
    return sorted(fused, key=lambda one: (-one.score, one.id))


def scaled(scores: Sequence[Scored], *, floor: float) -> Mapping[UUID, float]:
    """Scores from `floor` to the best one, as 0 … 1; when all are the same they are all 1."""
    span = max((one.score for one in scores), default=floor) - floor
    return {one.id: (one.score - floor) / span if span > 0 else 1.0 for one in scores}
