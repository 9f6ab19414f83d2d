"""The measures against values worked out by hand."""

from math import log2

import pytest

from local_fleet.eval.measures import (
    Judged,
    Risk,
    area_under_risk,
    auroc,
    calibration_error,
    mean,
    ndcg,
    percentile,
    recall,
    reciprocal_rank,
    refused_where_kept,
    reliability,
    risk_at,
    risk_coverage,
)

RANKED = ["x", "a", "y", "b", "z"]


def test_ndcg_discounts_by_the_logarithm_of_the_rank() -> None:
    ideal = 1 + 1 / log2(3)
    assert ndcg(RANKED, {"a", "b"}) == pytest.approx((1 / log2(3) + 1 / log2(5)) / ideal)
    assert ndcg(["a", "b"], {"a", "b"}) == pytest.approx(1.0)
    assert ndcg(RANKED, {"a", "b"}, depth=3) == pytest.approx((1 / log2(3)) / ideal)
    assert ndcg(["a", "b"], set("abcdefghijkl")) < 0.5
    assert ndcg([], {"a"}) == 0.0


def test_recall_is_of_all_relevant_documents() -> None:
    assert recall(RANKED, {"a", "b", "c"}) == pytest.approx(2 / 3)
    assert recall(RANKED, {"a", "b"}, depth=2) == 0.5


def test_the_reciprocal_rank_is_the_first_relevant_one_s() -> None:
    assert reciprocal_rank(RANKED, {"a", "b"}) == 0.5
    assert reciprocal_rank(RANKED, {"b"}) == 0.25
    assert reciprocal_rank(RANKED, {"b"}, depth=3) == 0.0


def test_a_mean_and_a_percentile_leave_out_what_is_not_there() -> None:
    assert mean([1.0, None, 0.0]) == 0.5
    assert mean([None]) is None
    assert percentile([4.0, None, 1.0, 2.0, 3.0], 0.5) == 2.5
    assert percentile([10.0, 20.0], 0.95) == pytest.approx(19.5)
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([None], 0.5) is None


def judged(**said: bool) -> list[Judged]:
    """`p70=True`: a true one of confidence 0.70."""
    return [Judged(int(name.lstrip("p").split("_")[0]) / 100, truth) for name, truth in said.items()]


def test_auroc_counts_the_pairs_in_the_right_order_and_ties_half() -> None:
    # pairs (true, false): 90>80, 90>50, 50=50 half, 50<80: 2.5 of 4
    assert auroc(judged(p90=True, p50_a=True, p80=False, p50_b=False)) == pytest.approx(2.5 / 4)
    assert auroc(judged(p90=True, p10=False)) == 1.0
    assert auroc(judged(p90=True, p80=True)) is None
    assert auroc([]) is None


def test_what_is_refused_where_95_percent_are_kept() -> None:
    true = [Judged(0.3 + number / 100, is_true=True) for number in range(20)]
    false = [Judged(0.1, is_true=False), Judged(0.305, is_true=False), Judged(0.4, is_true=False)]
    assert refused_where_kept(true + false) == pytest.approx(2 / 3)  # 19 of 20 are kept: the threshold is 0.31
    assert refused_where_kept(true) is None
    assert refused_where_kept(false) is None


def test_risk_grows_as_less_sure_answers_are_given() -> None:
    curve = risk_coverage(judged(p90=True, p80=False, p70_a=True, p70_b=True), questions=8)
    assert curve == [Risk(0.9, 1 / 8, 0.0), Risk(0.8, 2 / 8, 1 / 2), Risk(0.7, 4 / 8, 1 / 4)]
    assert risk_at(curve, 0.2) == 0.5
    assert risk_at(curve, 0.9) is None
    assert area_under_risk(curve) == pytest.approx((1 * 0 + 1 * 0.5 + 2 * 0.25) / 4)
    assert area_under_risk([]) is None


def test_reliability_compares_what_was_said_with_what_was_true() -> None:
    bins = reliability(judged(p92=True, p98=False, p12=False, p100=True))
    assert [(one.low, one.high, one.count) for one in bins] == [(0.1, 0.2, 1), (0.9, 1.0, 3)]
    assert bins[1].said == pytest.approx((0.92 + 0.98 + 1) / 3)
    assert bins[1].true == pytest.approx(2 / 3)
    assert calibration_error(bins) == pytest.approx((1 * 0.12 + 3 * (0.9667 - 0.6667)) / 4, abs=1e-3)
    assert calibration_error([]) is None
