"""The third step of a search: passages or documents in order.

A document is as good as its best passage by meaning and its best passage by words, which need not be the same one.
Fusing the two halves a document at a time rather than a passage at a time raised nDCG@10 from .738 to .761 (questions
that were headings) and from .784 to .806 (link texts) on a company handbook of 251 pages; all else was equal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from documentation_service.interfaces import LiveDocument
from flash_core.models.vector import VectorHit

DENSE: Final = "dense"
KEYWORD: Final = "keyword"
TITLE: Final = "title"
FUSED: Final = "fused"
NORMALISED: Final = "_normalised"
"""What is behind a half's name for its score as it goes into the sum."""

_SAME: Final = 1e-6
"""Scores that differ by less are equal, and then the newer document comes first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage with the document that it stands in; `score` is the passage's own or its document's.

    `components` says by name what the score is made of.
    """

    hit: VectorHit
    document: LiveDocument
    score: float
    components: Mapping[str, float] = field(default_factory=dict)


def by_passage(found: Sequence[Found]) -> list[Found]:
    """Every passage by its own score."""
    return in_order(replace(one, components={**one.hit.scores, FUSED: one.score}) for one in found)


def by_best_passage(found: Sequence[Found]) -> list[Found]:
    """Each document by its best passage. For scores of one half."""
    return by_passage(_best_of_each(found))


def by_both_halves(
    found: Sequence[Found], dense_weight: float, titles: Mapping[UUID, float] | None = None, title_weight: float = 0.0
) -> list[Found]:
    """Each document by its best passage, ordered by the convex combination of the document's best scores.

    Cosines are scaled from the worst of these passages to the best, keyword scores from no match to the best. `titles`
    says how far each document's title matches, from 0 to 1; both halves together have the rest of the weight.
    """
    of_halves = 1 - title_weight
    dense, keyword = _best_scores(found, DENSE), _best_scores(found, KEYWORD)
    cosines = [score for one in found if (score := one.hit.scores.get(DENSE)) is not None]
    halves = {
        DENSE: (of_halves * dense_weight, dense, _scaled(dense, floor=min(cosines, default=0.0))),
        KEYWORD: (of_halves * (1 - dense_weight), keyword, _scaled(keyword, floor=0.0)),
        TITLE: (title_weight, titles or {}, titles or {}),
    }
    return in_order(_combined(one, halves) for one in _best_of_each(found))


def in_order(found: Iterable[Found]) -> list[Found]:
    """Best first; of equal ones the newer document, then the smaller id, then what comes first in the document."""
    return sorted(
        found, key=lambda one: (-_rank(one), -one.document.updated_at.timestamp(), one.document.id, _start(one))
    )


def tied(ranked: Sequence[Found]) -> list[bool]:
    """Whether the dates had to decide about each: it has the same score as the one before it or behind it."""
    ranks = [_rank(one) for one in ranked]
    return [rank in {*ranks[max(0, at - 1) : at], *ranks[at + 1 : at + 2]} for at, rank in enumerate(ranks)]


def _best_of_each(found: Sequence[Found]) -> list[Found]:
    """The passages that are the first of their documents."""
    best: dict[UUID, Found] = {}
    for one in found:
        best.setdefault(one.document.id, one)
    return list(best.values())


def _combined(one: Found, halves: Mapping[str, tuple[float, Mapping[UUID, float], Mapping[UUID, float]]]) -> Found:
    components: dict[str, float] = {}
    score = 0.0
    for half, (weight, best, scaled) in halves.items():
        if one.document.id in best:
            components[half] = best[one.document.id]
            components[half + NORMALISED] = scaled[one.document.id]
            score += weight * scaled[one.document.id]
    return Found(one.hit, one.document, score, {**components, FUSED: score})


def _best_scores(found: Sequence[Found], half: str) -> dict[UUID, float]:
    best: dict[UUID, float] = {}
    for one in found:
        score = one.hit.scores.get(half)
        if score is not None:
            best[one.document.id] = max(score, best.get(one.document.id, score))
    return best


def _scaled(scores: Mapping[UUID, float], *, floor: float) -> dict[UUID, float]:
    span = max(scores.values(), default=floor) - floor
    return {key: (score - floor) / span if span > 0 else 1.0 for key, score in scores.items()}


def _rank(one: Found) -> int:
    return round(one.score / _SAME)


def _start(one: Found) -> int:
    return int(str(one.hit.payload.get("start", 0)))
