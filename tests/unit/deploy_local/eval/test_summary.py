"""The figures of a run out of its records, and how they are told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local_fleet.errors import FleetError
from local_fleet.eval.comparison import comparison
from local_fleet.eval.run import Record, Run
from local_fleet.eval.summary import summarize
from local_fleet.eval.tables import report


def record(key: str, *, answerable: bool = True, **fields: Any) -> Record:
    return Record.model_validate(
        {"key": key, "question": f"{key}?", "tags": [], "answerable": answerable, "figures": {}, **fields}
    )


def answered(key: str, confidence: float, right: float | None, **fields: Any) -> Record:
    figures = {"answered": 1.0, "right": right, "facts": right}
    return record(key, confidence=confidence, refused=False, figures=figures, **fields)


def run_of(*records: Record, **settings: str) -> Run:
    kept = {"questions": "q.jsonl", "version": "1", "source": "", **settings}
    return Run(started_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=2.0, settings=kept, records=list(records))


RECORDS = [
    answered("sure", 0.95, 1.0, timings_ms={"total": 100.0}, usage={"prompt_tokens": 7, "completion_tokens": 2}),
    answered("wrong", 0.65, 0.0, timings_ms={"total": 300.0}, usage={"prompt_tokens": 3, "cost": 0.5}, cached=True),
    answered("unjudged", 0.8, None),
    record("kept out", confidence=0.3, refused=True, figures={"answered": 0.0, "right": 0.0, "facts": 0.0}),
    record("foreign", answerable=False, confidence=0.1, refused=True, figures={"refused": 1.0}, tags=["far"]),
    record("taken in", answerable=False, confidence=0.55, refused=False, figures={"refused": 0.0}, tags=["far"]),
    record("broken", error="No answer | at all.", figures={"answered": 0.0, "right": 0.0}),
]


def test_a_mean_is_of_the_questions_that_it_is_about() -> None:
    summary = summarize(RECORDS)
    assert summary.totals == {"questions": 7, "answerable": 5, "errors": 1, "refused": 2, "cached": 1}
    assert summary.values["answered"] == pytest.approx(3 / 5)
    assert summary.counts["answered"] == 5
    assert (summary.values["refused"], summary.counts["refused"]) == (0.5, 2)
    assert summary.values["right"] == pytest.approx(1 / 4)
    assert summary.counts["right"] == 4
    assert (summary.values["ndcg"], summary.counts["ndcg"]) == (None, 0)


def test_confidence_is_measured_against_right_answers_and_answerable_questions() -> None:
    values = summarize(RECORDS).values
    # right: .95 against .65, .3, .1, .55
    assert values["auroc_right"] == 1.0
    # answerable: .95 .65 .8 .3 against .1 .55: only .3 < .55
    assert values["auroc_answerable"] == pytest.approx(7 / 8)
    assert values["refused_at_95"] == 0.5
    # answered and judged, of six with a confidence: .95 right, .65 wrong, .55 wrong
    assert values["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    assert values["ece_right"] == pytest.approx((0.05 + 0.65 + 0.55) / 3)


def test_times_and_tokens_are_of_those_that_have_them() -> None:
    summary = summarize(RECORDS)
    assert summary.latency_ms["total"] == {"p50": 200.0, "p95": pytest.approx(290.0)}
    assert summary.latency_ms["queue"] == {"p50": None, "p95": None}
    assert summary.usage == {"prompt_tokens": 10, "completion_tokens": 2, "cost": 0.5}
    assert summarize(RECORDS[2:3]).usage["cost"] is None


def test_the_report_leaves_out_what_was_not_measured() -> None:
    text = "\n".join(report(run_of(*RECORDS)))
    assert "# q.jsonl: 7 questions in 2 s" in text
    assert "5 answerable, 2 not; 2 refused, 1 from the cache, 1 errors." in text
    assert "- tokens: 10 read, 2 written; cost 0.5000" in text
    assert "| refusals | answerable questions answered | `answered` | 0.600 | 5 |" in text
    assert "ndcg" not in text.split("| tag |")[0]
    assert "| total | 200 | 290 |" in text
    assert "| 0.9 to 1.0 | 1 | 0.950 | 1.000 | 1 | 1.000 |" in text
    assert "| 0.1 to 0.2 | 1 | 0.100 | 0.000 | 0 | - |" in text
    assert "| 50% (all that were) | 0.667 |" in text
    assert "| far | 2 | - | - | - | - | 0.500 |" in text
    assert "| broken | No answer \\| at all. |" in text
    assert "- source" not in text


def test_a_run_without_errors_tags_and_answers_is_short() -> None:
    text = "\n".join(report(run_of(record("one", figures={"ndcg": 1.0}, timings_ms={"search": 12.3}))))
    assert "| search | nDCG@10 | `ndcg` | 1.000 | 1 |" in text
    assert "confidence" not in text
    assert "error" not in text.replace("0 errors", "")


def test_two_runs_are_compared_over_the_questions_of_both() -> None:
    before = run_of(
        record("a", figures={"ndcg": 0.5, "right": 0.0}, timings_ms={"search": 40.0}),
        record("b", figures={"ndcg": 1.0, "right": 1.0}, timings_ms={"search": 60.0}),
        record("c", figures={"ndcg": 0.2}),
        record("only before", figures={"ndcg": 1.0}),
    )
    after = run_of(
        record("c", figures={"ndcg": 0.3}),
        record("a", figures={"ndcg": 1.0, "right": 1.0}, timings_ms={"search": 30.0}),
        record("b", figures={"ndcg": 0.9, "right": 1.0}, timings_ms={"search": 30.0}),
        version="2",
        index="9",
    )
    text = "\n".join(comparison(before, after))
    assert "# 3 questions in both runs (A has 4, B 3)" in text
    assert "| version | 1 | 2 |" in text
    assert "| index | - | 9 |" in text
    assert "| questions |" not in text
    assert "| `ndcg` | 0.567 | 0.733 | +0.167 | -0.100 to +0.500 | 2 | 1 | 1.000 |  |" in text
    assert "| search p50 | 50 | 30 | -20 |" in text
    assert "| got better: 2 | by | A | B |" in text
    assert text.index("| a | right | 0.000 | 1.000 |") < text.index("| c | ndcg | 0.200 | 0.300 |")
    assert "| b | ndcg | 1.000 | 0.900 |" in text


def test_a_measure_of_the_whole_run_is_compared_by_its_difference() -> None:
    before = run_of(answered("a", 0.6, 1.0), answered("b", 0.7, 0.0))
    after = run_of(answered("a", 0.8, 1.0), answered("b", 0.7, 0.0))
    text = "\n".join(comparison(before, after))
    assert "| `auroc_right` | 0.000 | 1.000 | +1.000 |  |  |  |  |  |" in text
    assert "No setting differs" in text
    assert "got better" not in text


def test_a_gain_of_every_question_is_called_clear_and_long_lists_are_cut() -> None:
    before = run_of(*(record(f"q{number}", figures={"ndcg": 0.1, "refused": None}) for number in range(25)))
    better = run_of(*(record(f"q{number}", figures={"ndcg": 0.4, "refused": 1.0}) for number in range(25)))
    text = "\n".join(comparison(before, better))
    assert "| `ndcg` | 0.100 | 0.400 | +0.300 | +0.300 to +0.300 | 25 | 0 | 0.000 | better |" in text
    assert "| got better: 25, the first 20 |" in text
    assert "| worse |" in "\n".join(comparison(better, before))


def test_runs_without_a_common_question_cannot_be_compared() -> None:
    with pytest.raises(FleetError, match="no question in common"):
        list(comparison(run_of(record("a")), run_of(record("b"))))


def test_each_stage_tells_its_share_of_the_answer_a_search_is_a_request_of_its_own() -> None:
    times = {"search": 40.0, "retrieval": 50.0, "total": 200.0}
    lines = list(report(run_of(answered("one", 0.9, 1.0, timings_ms=times))))
    assert "| retrieval | 50 | 50 | 25% |" in lines
    assert "| total | 200 | 200 | 100% |" in lines
    assert "| search | 40 | 40 |  |" in lines
