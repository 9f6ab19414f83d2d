"""Two rankings become one."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vector_service.fakes import named
from vector_service.interfaces import Scored
from vector_service.services.fusion import convex_combination, normalised

A, B, C = named("a"), named("b"), named("c")
HALVES = st.lists(st.tuples(st.integers(0, 20), st.floats(0.001, 50)), max_size=12, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [Scored(UUID(int=one), score) for one, score in pairs]
)


def fused_by(dense: list[Scored], keyword: list[Scored], weight: float) -> list[Scored]:
    halves = normalised(*({one.id: one.score for one in half} for half in (dense, keyword)))
    return convex_combination(*halves, weight)


def ranking(fused: list[Scored]) -> list[UUID]:
    return [one.id for one in fused]


def test_who_is_best_in_both_halves_is_best_with_one() -> None:
    fused = fused_by([Scored(A, 0.9), Scored(B, 0.2)], [Scored(A, 7.0), Scored(C, 3.5)], 0.4)
    assert ranking(fused) == [A, C, B]
    assert [one.score for one in fused] == pytest.approx([1.0, 0.6 * 0.5, 0.0])


def test_the_weight_decides_between_the_halves() -> None:
    dense, keyword = [Scored(A, 0.9), Scored(B, 0.1)], [Scored(B, 5.0)]
    assert ranking(fused_by(dense, keyword, 0.9)) == [A, B]
    assert ranking(fused_by(dense, keyword, 0.1)) == [B, A]


def test_a_single_hit_is_the_best_of_its_half() -> None:
    assert fused_by([Scored(A, 0.01)], [], 0.45) == [Scored(A, 0.45)]
    assert fused_by([], [Scored(A, 0.01)], 0.25) == [Scored(A, 0.75)]
    assert fused_by([], [], 0.45) == []


def test_distances_are_kept_not_only_ranks() -> None:
    _, keyword = normalised({}, {A: 10.0, B: 9.9, C: 0.1})
    assert keyword[B] == pytest.approx(0.99)
    assert keyword[C] == pytest.approx(0.01)


@given(HALVES, HALVES, st.floats(0, 1))
def test_every_found_point_is_ranked_once_between_zero_and_one(
    dense: list[Scored], keyword: list[Scored], weight: float
) -> None:
    fused = fused_by(dense, keyword, weight)
    assert sorted(ranking(fused)) == sorted({one.id for one in [*dense, *keyword]})
    assert all(-1e-9 <= one.score <= 1 + 1e-9 for one in fused)
    assert all(first.score >= second.score for first, second in pairwise(fused))


@given(HALVES, st.floats(0.01, 1))
def test_with_one_half_its_order_stays(half: list[Scored], weight: float) -> None:
    scores = {one.id: one.score for one in half}
    ordered = [scores[one] for one in ranking(fused_by(half, [], weight))]
    assert ordered == sorted(ordered, reverse=True)
