"""Two runs beside each other, question by question."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local_fleet.errors import FleetError
from local_fleet.eval.catalogue import MEASURES, Measure
from local_fleet.eval.run import Record, Run
from local_fleet.eval.significance import Difference, paired
from local_fleet.eval.summary import STAGES, summarize
from local_fleet.eval.tables import cell, number, table

_MOST_LISTED = 20
_TOLD_BY = ("right", "refused", "answered", "facts", "ndcg", "citation_precision", "citation_recall", "f1")
"""What decides whether a question got better, the first that differs."""

Pair = tuple[Record, Record]


@dataclass(frozen=True, slots=True)
class Change:
    """One question and the first measure that tells its two answers apart."""

    key: str
    measure: str
    before: float
    after: float


def comparison(before: Run, after: Run) -> Iterator[str]:
    """Line by line, over the questions that both runs have. Raises `FleetError` when there are none."""
    pairs = _pairs(before, after)
    yield f"# {len(pairs)} questions in both runs (A has {len(before.records)}, B {len(after.records)})"
    yield from _settings(before, after)
    yield from _measures(pairs)
    yield from _latency(pairs)
    changes = [change for pair in pairs if (change := _change(pair)) is not None]
    yield from _listed("better", sorted((one for one in changes if one.after > one.before), key=_size))
    yield from _listed("worse", sorted((one for one in changes if one.after < one.before), key=_size))


def _pairs(before: Run, after: Run) -> list[Pair]:
    others = {record.key: record for record in after.records}
    pairs = [(record, others[record.key]) for record in before.records if record.key in others]
    if not pairs:
        raise FleetError("The two runs have no question in common.")
    return pairs


def _settings(before: Run, after: Run) -> Iterator[str]:
    names = [*before.settings, *(name for name in after.settings if name not in before.settings)]
    both = [(name, before.settings.get(name, ""), after.settings.get(name, "")) for name in names]
    rows = [[name, cell(one) or "-", cell(other) or "-"] for name, one, other in both if one != other]
    yield from table(["setting", "A", "B"], rows)
    if not rows:
        yield ""
        yield "No setting differs, as far as the API shows them."


def _measures(pairs: Sequence[Pair]) -> Iterator[str]:
    values = [summarize(side).values for side in zip(*pairs, strict=True)]
    rows = [
        [f"`{measure.name}`", number(one), number(other), *_difference(measure, one, other, pairs)]
        for measure in MEASURES
        if (one := values[0][measure.name]) is not None and (other := values[1][measure.name]) is not None
    ]
    yield from table(["measure", "A", "B", "B - A", "95 % interval", "better", "worse", "p (sign)", "clear"], rows)


def _difference(measure: Measure, one: float, other: float, pairs: Sequence[Pair]) -> list[str]:
    differences = _differences(measure.name, pairs) if measure.of == "question" else []
    if not differences:
        return [f"{other - one:+.3f}", "", "", "", "", ""]
    found = paired(differences)
    return [
        f"{found.mean:+.3f}",
        f"{found.low:+.3f} to {found.high:+.3f}",
        str(found.better),
        str(found.worse),
        f"{found.p:.3f}",
        _verdict(found),
    ]


def _differences(name: str, pairs: Sequence[Pair]) -> list[float]:
    """Of the questions that both runs measured."""
    both = [(one.figures.get(name), other.figures.get(name)) for one, other in pairs]
    return [after - before for before, after in both if before is not None and after is not None]


def _verdict(found: Difference) -> str:
    return ("better" if found.mean > 0 else "worse") if found.is_clear else ""


def _latency(pairs: Sequence[Pair]) -> Iterator[str]:
    one, other = (summarize(side).latency_ms for side in zip(*pairs, strict=True))
    rows = [
        [f"{stage} {share}", f"{before:.0f}", f"{after:.0f}", f"{after - before:+.0f}"]
        for stage in STAGES
        for share in ("p50", "p95")
        if (before := one[stage][share]) is not None and (after := other[stage][share]) is not None
    ]
    yield from table(["milliseconds", "A", "B", "B - A"], rows)


def _change(pair: Pair) -> Change | None:
    one, other = pair
    for name in _TOLD_BY:
        before, after = one.figures.get(name), other.figures.get(name)
        if before is not None and after is not None and before != after:
            return Change(one.key, name, before, after)
    return None


def _size(change: Change) -> tuple[int, float]:
    return _TOLD_BY.index(change.measure), -abs(change.after - change.before)


def _listed(direction: str, changes: Sequence[Change]) -> Iterator[str]:
    shown = changes[:_MOST_LISTED]
    rows = [[cell(one.key), one.measure, number(one.before), number(one.after)] for one in shown]
    more = f", the first {len(shown)}" if len(changes) > len(shown) else ""
    yield from table([f"got {direction}: {len(changes)}{more}", "by", "A", "B"], rows)
