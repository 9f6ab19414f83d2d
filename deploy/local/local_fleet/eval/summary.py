"""The figures of a whole run, out of its records."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local_fleet.eval.catalogue import MEASURES
from local_fleet.eval.measures import (
    Bin,
    Judged,
    Risk,
    area_under_risk,
    auroc,
    calibration_error,
    mean,
    percentile,
    refused_where_kept,
    reliability,
    risk_coverage,
)
from local_fleet.eval.run import Record

STAGES = ("search", "queue", "intent", "retrieval", "first_token", "total")
_TOKENS = ("prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Summary:
    """`values` and `counts` (questions behind a value) by measure. `answerable` and `right` say how far confidence can
    be believed: of all questions that they are answerable, of the answers that they are right.
    """

    totals: dict[str, int]
    values: dict[str, float | None]
    counts: dict[str, int]
    latency_ms: dict[str, dict[str, float | None]]
    usage: dict[str, float | None]
    answerable: list[Bin]
    right: list[Bin]
    risk_coverage: list[Risk]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summarize(records: Sequence[Record]) -> Summary:
    answerable = reliability(_answerable(records))
    right = reliability(_right_of_answered(records))
    curve = risk_coverage(_right_of_answered(records), len(_confident(records)) or 1)
    values = {measure.name: mean(_figures(records, measure.name)) for measure in MEASURES if measure.of == "question"}
    counts = {name: len(_figures(records, name)) for name in values}
    run_wide = {
        "auroc_right": auroc(_right(records)),
        "auroc_answerable": auroc(_answerable(records)),
        "refused_at_95": refused_where_kept(_answerable(records)),
        "ece": calibration_error(answerable),
        "ece_right": calibration_error(right),
        "aurc": area_under_risk(curve),
    }
    counts |= dict.fromkeys(run_wide, len(_confident(records)))
    return Summary(
        totals=_totals(records),
        values=values | run_wide,
        counts=counts,
        latency_ms={stage: _percentiles(records, stage) for stage in STAGES},
        usage=_usage(records),
        answerable=answerable,
        right=right,
        risk_coverage=curve,
    )


def _figures(records: Sequence[Record], name: str) -> list[float]:
    return [value for record in records if (value := record.figures.get(name)) is not None]


def _totals(records: Sequence[Record]) -> dict[str, int]:
    return {
        "questions": len(records),
        "answerable": sum(record.answerable for record in records),
        "errors": sum(bool(record.error) for record in records),
        "refused": sum(record.refused is True for record in records),
        "cached": sum(record.cached for record in records),
    }


def _confident(records: Sequence[Record]) -> list[tuple[Record, float]]:
    """Those that came with a confidence."""
    return [(record, record.confidence) for record in records if record.confidence is not None]


def _answerable(records: Sequence[Record]) -> list[Judged]:
    return [Judged(confidence, record.answerable) for record, confidence in _confident(records)]


def _right(records: Sequence[Record]) -> list[Judged]:
    """Right answers against everything else that can be judged; a question without an answer to it has no right one."""
    return [
        Judged(confidence, record.figures.get("right") == 1)
        for record, confidence in _confident(records)
        if not record.answerable or record.figures.get("right") is not None
    ]


def _right_of_answered(records: Sequence[Record]) -> list[Judged]:
    return _right([record for record in records if record.refused is False])


def _percentiles(records: Sequence[Record], stage: str) -> dict[str, float | None]:
    times = [record.timings_ms.get(stage) for record in records]
    return {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95)}


def _usage(records: Sequence[Record]) -> dict[str, float | None]:
    """Sums; None where no answer says it."""
    costs = [cost for record in records if (cost := record.usage.get("cost")) is not None]
    tokens = {name: sum(record.usage.get(name) or 0 for record in records) for name in _TOKENS}
    return {**tokens, "cost": sum(costs) if costs else None}
