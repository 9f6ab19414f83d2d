"""The third step of a search: passages or documents in order.

A document is as good as its best passage by meaning and its best passage by words, which need not be the same one.
Fusing the two halves a document at a time rather than a passage at a time raised nDCG@10 from .738 to .761 (questions
that were headings) and from .784 to .806 (link texts) on a company handbook of 251 pages; all else was equal.

A passage that is little but links (tables of contents, "see also") has the words of what it leads to, and so wins over
it. Counting it half raised headings there from .751 to .767, ten questions up and none down, and left link texts as
they were. With any factor up to .6 and any limit from .5 to .7 it is .763 or more; the limit of 1/3 that Kohlschütter
et al. (2010) found for web pages takes .010 from link texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final
from uuid import UUID

from documentation_service.interfaces import LiveDocument
from documentation_service.services.page_text import link_share
from flash_core.models.vector import VectorHit

DENSE: Final = "dense"
KEYWORD: Final = "keyword"
TITLE: Final = "title"
PATH: Final = "path"
FUSED: Final = "fused"
RECENCY: Final = "recency"
LINK_SHARE: Final = "link_share"
NORMALISED: Final = "_normalised"
"""What is behind a half's name for its score as it goes into the sum."""

_LINK_LIST: Final = 0.5
"""A passage of whose words more than this part are links is a list of links."""
_CREDIT_OF_A_LINK_LIST: Final = 0.5

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


@dataclass(frozen=True, slots=True)
class NameField:
    """How far a name of each document (its title, its folders) is what was asked for, from 0 to 1, and the part of that
    in a score; meaning and words have the rest.
    """

    weight: float
    matches: Mapping[UUID, float]


Fields = Mapping[str, NameField]


def by_passage(found: Sequence[Found], fields: Fields = MappingProxyType({})) -> list[Found]:
    """Every passage by its own score, of which lists of links have a part, and the names of its document."""
    return in_order(_named(one, fields) for one in found)


def by_best_passage(found: Sequence[Found]) -> list[Found]:
    """Each document by its best passage."""
    return _best_of_each(by_passage(found))


@dataclass(frozen=True, slots=True)
class Scale:
    """What cosines and keyword scores are compared with: the worst and the best cosine of a search, and its best
    keyword score. No match is the least of keyword scores.
    """

    worst: float = 0.0
    nearest: float = 0.0
    wordiest: float = 0.0

    @classmethod
    def of(cls, found: Sequence[Found]) -> "Scale":
        cosines = [one.hit.scores[DENSE] for one in found if DENSE in one.hit.scores]
        keyword = [one.hit.scores[KEYWORD] for one in found if KEYWORD in one.hit.scores]
        return cls(min(cosines, default=0.0), max(cosines, default=0.0), max(keyword, default=0.0))


def by_both_halves(
    found: Sequence[Found],
    dense_weight: float,
    fields: Fields = MappingProxyType({}),
    scale: Scale | None = None,
) -> list[Found]:
    """Each document by its best passage, ordered by the convex combination of the document's best scores.

    Cosines are scaled from the worst of these passages to the best, keyword scores from no match to the best, unless
    another `scale` is given; lists of links have a part of either. Both halves together have the weight that `fields`
    leave.
    """
    scale = scale or Scale.of(found)
    of_halves = _weight_left(fields)
    halves = {
        DENSE: (of_halves * dense_weight, _best_scores(found, DENSE, scale.worst, scale.nearest)),
        KEYWORD: (of_halves * (1 - dense_weight), _best_scores(found, KEYWORD, 0.0, scale.wordiest)),
    }
    return in_order(_combined(one, halves, fields) for one in by_best_passage(found))


def relative(found: Sequence[Found], best: float) -> list[Found]:
    """Keyword scores as parts of the `best`: as they are they tell in how many passages, hidden ones too, a word is."""
    return [replace(one, score=one.score / best) if best > 0 else one for one in found]


def behind(first: Sequence[Found], rest: Sequence[Found]) -> list[Found]:
    """`rest`, both best first, with scores below those of `first`: it was looked for further away."""
    if not first or not rest or rest[0].score < first[-1].score:
        return [*first, *rest]
    ceiling = first[-1].score - 2 * _SAME
    factor = max(0.0, ceiling) / rest[0].score if rest[0].score > 0 else 1.0
    below = [min(one.score * factor, ceiling) for one in rest]
    return [*first, *(replace(one, score=score) for one, score in zip(rest, below, strict=True))]


def in_order(found: Iterable[Found]) -> list[Found]:
    """Best first; of equal ones the newer document, then the smaller id, then what comes first in the document."""
    return sorted(
        found, key=lambda one: (-_rank(one), -one.document.updated_at.timestamp(), one.document.id, _start(one))
    )


def tied(ranked: Sequence[Found]) -> list[bool]:
    """Whether the dates had to decide about each: it has the same score as the one before it or behind it."""
    ranks = [_rank(one) for one in ranked]
    return [rank in {*ranks[max(0, at - 1) : at], *ranks[at + 1 : at + 2]} for at, rank in enumerate(ranks)]


def _weight_left(fields: Fields) -> float:
    return max(0.0, 1 - sum(one.weight for one in fields.values()))


def _named(one: Found, fields: Fields) -> Found:
    credit = _credit(one)
    halves = {name: score * credit if name.endswith(NORMALISED) else score for name, score in one.hit.scores.items()}
    matches = {name: field.matches.get(one.document.id, 0.0) for name, field in fields.items()}
    of_names = sum(fields[name].weight * match for name, match in matches.items())
    score = _weight_left(fields) * credit * one.score + of_names
    return replace(one, score=score, components={**halves, **matches, LINK_SHARE: _link_share(one), FUSED: score})


def _credit(one: Found) -> float:
    return _CREDIT_OF_A_LINK_LIST if _link_share(one) > _LINK_LIST else 1.0


def _link_share(one: Found) -> float:
    return link_share(str(one.hit.payload["text"]))


def _best_of_each(found: Sequence[Found]) -> list[Found]:
    """The passages that are the first of their documents."""
    best: dict[UUID, Found] = {}
    for one in found:
        best.setdefault(one.document.id, one)
    return list(best.values())


_BestScores = Mapping[UUID, tuple[float, float]]
"""By document: a half's score as it goes into the sum, and as it was found."""


def _combined(one: Found, halves: Mapping[str, tuple[float, _BestScores]], fields: Fields) -> Found:
    components: dict[str, float] = {}
    score = 0.0
    for half, (weight, best) in halves.items():
        if one.document.id in best:
            scaled, components[half] = best[one.document.id]
            components[half + NORMALISED] = scaled
            score += weight * scaled
    for name, of_name in fields.items():
        if one.document.id in of_name.matches:
            components[name] = of_name.matches[one.document.id]
            score += of_name.weight * components[name]
    return Found(one.hit, one.document, score, {**components, LINK_SHARE: _link_share(one), FUSED: score})


def _best_scores(found: Sequence[Found], half: str, worst: float, best: float) -> _BestScores:
    of_documents: dict[UUID, tuple[float, float]] = {}
    for one in found:
        score = one.hit.scores.get(half)
        if score is not None:
            scores = _scaled(score, worst, best) * _credit(one), score
            of_documents[one.document.id] = max(scores, of_documents.get(one.document.id, scores))
    return of_documents


def _scaled(score: float, worst: float, best: float) -> float:
    return min(1.0, max(0.0, (score - worst) / (best - worst))) if best > worst else 1.0


def _rank(one: Found) -> int:
    return round(one.score / _SAME)


def _start(one: Found) -> int:
    return int(str(one.hit.payload.get("start", 0)))
