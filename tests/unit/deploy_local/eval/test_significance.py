"""Differences of two runs against values worked out by hand."""

import pytest

from local_fleet.eval.significance import paired, sign_test


def test_the_sign_test_is_the_binomial_s_two_tails() -> None:
    assert sign_test(5, 0) == pytest.approx(2 / 32)
    assert sign_test(8, 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert sign_test(3, 3) == 1.0
    assert sign_test(0, 0) == 1.0


def test_an_even_gain_is_clear() -> None:
    found = paired([0.1] * 30)
    assert [found.mean, found.low, found.high] == pytest.approx([0.1] * 3)
    assert (found.better, found.worse) == (30, 0)
    assert found.is_clear


def test_a_few_mixed_questions_are_not_clear() -> None:
    found = paired([1.0, -1.0, 0.0, 0.5, -0.25])
    assert found.low < 0 < found.high
    assert (found.better, found.worse, found.p) == (2, 2, 1.0)
    assert not found.is_clear


def test_the_same_runs_give_the_same_interval() -> None:
    differences = [0.3, -0.1, 0.0, 0.2, 0.4, -0.2, 0.1]
    assert paired(differences) == paired(differences)


def test_the_interval_is_as_wide_as_the_standard_error_says() -> None:
    differences = [1.0, 0.0] * 200  # mean 0.5, standard error 0.5 / 20 = 0.025
    found = paired(differences)
    assert found.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.01)
    assert found.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.01)
