"""The measures of ranked lists, of confidence and of times; nothing here knows a fleet.

Rankings follow trec_eval: nDCG with binary gains and a log2(rank + 1) discount (Järvelin and Kekäläinen 2002), recall
against all relevant documents, reciprocal rank of the first relevant one.
"""

import math
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

DEPTH = 10
BINS = 10


def ndcg(ranked: Sequence[Hashable], relevant: Collection[Hashable], depth: int = DEPTH) -> float:
    ideal = sum(_discount(rank) for rank in range(min(depth, len(relevant))))
    return sum(_discount(rank) for rank, one in enumerate(ranked[:depth]) if one in relevant) / ideal


def recall(ranked: Sequence[Hashable], relevant: Collection[Hashable], depth: int = DEPTH) -> float:
    return sum(one in relevant for one in ranked[:depth]) / len(relevant)


def reciprocal_rank(ranked: Sequence[Hashable], relevant: Collection[Hashable], depth: int = DEPTH) -> float:
    return next((1 / (rank + 1) for rank, one in enumerate(ranked[:depth]) if one in relevant), 0.0)


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 2)


def mean(values: Iterable[float | None]) -> float | None:
    """Of those that are there; None when none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def percentile(values: Iterable[float | None], share: float) -> float | None:
    """Of those that are there, linear between the two nearest; `share` from 0 to 1."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    position = share * (len(known) - 1)
    low = math.floor(position)
    high = min(low + 1, len(known) - 1)
    return known[low] + (known[high] - known[low]) * (position - low)


@dataclass(frozen=True, slots=True)
class Judged:
    """One confidence, and whether it deserved to be high."""

    confidence: float
    is_true: bool


def auroc(judged: Iterable[Judged]) -> float | None:
    """The probability that a true one has more confidence than a false one, ties half (Mann and Whitney 1947).

    None where one of the two kinds is missing.
    """
    true_seen = false_seen = wins = 0.0
    for _, group in _by_confidence(judged):
        true = sum(one.is_true for one in group)
        false = len(group) - true
        wins += true * (false_seen + false / 2)
        true_seen += true
        false_seen += false
    return wins / (true_seen * false_seen) if true_seen and false_seen else None


def refused_where_kept(judged: Sequence[Judged], kept: float = 0.95) -> float | None:
    """The share of the false ones that fall below the threshold which keeps `kept` of the true ones."""
    true = sorted((one.confidence for one in judged if one.is_true), reverse=True)
    false = [one.confidence for one in judged if not one.is_true]
    if not true or not false:
        return None
    threshold = true[math.ceil(kept * len(true)) - 1]
    return sum(confidence < threshold for confidence in false) / len(false)


@dataclass(frozen=True, slots=True)
class Risk:
    """What if only answers of this confidence or more were given: share of the questions answered, share wrong."""

    confidence: float
    coverage: float
    risk: float


def risk_coverage(answers: Iterable[Judged], questions: int) -> list[Risk]:
    """One point for each confidence, the highest first (El-Yaniv and Wiener 2010)."""
    points = []
    given = wrong = 0
    for confidence, group in reversed(list(_by_confidence(answers))):
        given += len(group)
        wrong += sum(not one.is_true for one in group)
        points.append(Risk(confidence, given / questions, wrong / given))
    return points


def risk_at(points: Sequence[Risk], coverage: float) -> float | None:
    """The risk at the first point that covers so many questions; None where none does."""
    return next((point.risk for point in points if point.coverage >= coverage), None)


def area_under_risk(points: Sequence[Risk]) -> float | None:
    """The mean risk over what is covered, each point weighted by what it adds: lower is better."""
    if not points:
        return None
    before = [0.0, *(point.coverage for point in points)]
    area = sum((point.coverage - covered) * point.risk for covered, point in zip(before, points, strict=False))
    return area / points[-1].coverage


@dataclass(frozen=True, slots=True)
class Bin:
    """Confidences from `low` up to `high`: how many, what they said on the average, and the share that was true."""

    low: float
    high: float
    count: int
    said: float
    true: float


def reliability(judged: Iterable[Judged], bins: int = BINS) -> list[Bin]:
    """Bins of equal width that have anything in them."""
    sorted_in: dict[int, list[Judged]] = {}
    for one in judged:
        sorted_in.setdefault(min(int(one.confidence * bins), bins - 1), []).append(one)
    return [_bin(number, bins, sorted_in[number]) for number in sorted(sorted_in)]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Expected calibration error: |said - true|, weighted by the number in the bin (Naeini et al. 2015)."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.said - one.true) for one in bins) / total if total else None


def _bin(number: int, bins: int, inside: Sequence[Judged]) -> Bin:
    said = sum(one.confidence for one in inside) / len(inside)
    true = sum(one.is_true for one in inside) / len(inside)
    return Bin(number / bins, (number + 1) / bins, len(inside), said, true)


def _by_confidence(judged: Iterable[Judged]) -> Iterable[tuple[float, list[Judged]]]:
    """Those of the same confidence together, the lowest first."""
    ordered = sorted(judged, key=lambda one: one.confidence)
    return ((confidence, list(group)) for confidence, group in groupby(ordered, key=lambda one: one.confidence))
