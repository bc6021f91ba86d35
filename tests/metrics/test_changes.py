"""Equivalence: two one-sided tests that a change is within a margin."""

import numpy as np
import pytest
from judged_pairs import judged, pair_of

from compatkit import compare
from compatkit.metrics.changes import (
    accuracy_change,
    equivalence_of_accuracy,
    equivalence_of_score,
    score_change,
)
from compatkit.metrics.estimates import Plan
from compatkit.metrics.p_values import run_tests
from compatkit.metrics.pair import JudgedPair
from compatkit.statistics import betting_ratio, conservative_difference


def flips(broken: int, repaired: int, total: int) -> JudgedPair:
    rest = total - broken - repaired
    old = np.repeat([1.0, 0.0, 1.0], [broken, repaired, rest])
    new = np.repeat([0.0, 1.0, 1.0], [broken, repaired, rest])
    return pair_of(judged(old), judged(new))


@pytest.mark.parametrize(("broken", "repaired"), [(20, 20), (25, 10), (0, 0), (3, 9)])
def test_the_p_value_is_where_the_bounds_reach_the_margin(broken: int, repaired: int) -> None:
    p_value = equivalence_of_accuracy(flips(broken, repaired, 1000), Plan(), 0.03)
    interval = conservative_difference(repaired, broken, 1000, 1.0 - 2.0 * p_value)
    assert max(-interval.low, interval.high) == pytest.approx(0.03, abs=1e-5)


def test_a_large_change_is_not_equivalent() -> None:
    assert equivalence_of_accuracy(flips(200, 10, 1000), Plan(), 0.02) == 1.0


def test_at_the_margin_it_is_seldom_shown() -> None:
    """With a true change of exactly the margin, p is below 5 % in at most 5 % of the cases."""
    rng = np.random.default_rng(11)
    drawn = rng.multinomial(400, [0.08, 0.03, 0.89], 600)  # a loss of 5 points
    rows, times = np.unique(drawn, axis=0, return_counts=True)
    shown = [
        equivalence_of_accuracy(flips(int(a), int(b), 400), Plan(), 0.05) <= 0.05
        for a, b, _ in rows
    ]
    assert np.average(shown, weights=times) <= 0.05 + 2 * (0.05 * 0.95 / 600) ** 0.5


def test_of_samples_and_scores_it_is_by_betting() -> None:
    rng = np.random.default_rng(2)
    old = judged(rng.integers(0, 6, 400) / 5, 5)
    pair = pair_of(old, judged(np.clip(old.right + 0.2 * rng.integers(-1, 2, 400), 0, 1), 5))
    p_value = equivalence_of_accuracy(pair, Plan(), 0.1)
    sums = pair.new.right - pair.old.right
    limits = betting_ratio(sums, np.ones(400), -1.0, 1.0, level=0.9)
    assert (p_value <= 0.05) == (limits.low >= -0.1 and limits.high <= 0.1)
    assert score_change(pair, Plan(level=0.9)).low == limits.low
    assert accuracy_change(pair, Plan(level=0.9)).high == limits.high


def test_groups_are_the_units() -> None:
    pair = flips(20, 20, 1000)
    grouped = Plan(clusters=np.arange(1000) // 10)
    assert equivalence_of_accuracy(pair, grouped, 0.03) > equivalence_of_accuracy(
        pair, Plan(), 0.03
    )


def test_it_is_tested_where_a_margin_is_given() -> None:
    pair = flips(5, 5, 1000)
    assert "accuracy_equivalent" not in run_tests(pair, Plan())
    test = run_tests(pair, Plan(margin=0.02))["accuracy_equivalent"]
    assert (test.test, test.alternative, test.margin) == ("two-one-sided", "equivalent", 0.02)
    assert test.p_value < 0.05


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (4, "accuracy: equivalent within 2 points, p "),
        (30, "accuracy: equivalence within 2 points is not shown, p = 1.0000"),
    ],
)
def test_a_report_says_it_in_a_sentence(broken: int, said: str) -> None:
    old = [{"id": n, "prediction": "a", "reference": "a"} for n in range(1000)]
    new = [{**row, "prediction": "b"} if row["id"] < broken else row for row in old]
    result = compare(old, new, margin=0.02)
    assert said in str(result)
    assert result.to_dict()["tests"]["accuracy_equivalent"]["margin"] == 0.02
    assert "margin" not in result.to_dict()["tests"]["accuracy_changed"]


def test_the_mean_score_within_a_margin_is_tested_too() -> None:
    old, new = judged([0.5] * 400), judged([0.5, 0.52] * 200)
    pair = pair_of(old, new, continuous=True)
    tests = run_tests(pair, Plan(margin=0.1))
    assert tests["score_equivalent"].p_value == equivalence_of_score(pair, Plan(), 0.1) < 0.05
    # By the bootstrap where scores have no range: the change is 0.01 and varies by 0.01.
    free = Plan(bounded=False, resamples=500)
    assert equivalence_of_score(pair, free, 0.02) < 0.05
    assert equivalence_of_score(pair, free, 0.005) > 0.5


def test_within_a_margin_of_all_there_is_is_any_change() -> None:
    pair = pair_of(judged([1.0, 0.6], 5), judged([0.0, 0.4], 5))
    assert equivalence_of_accuracy(pair, Plan(), 1.0) < 1e-300
