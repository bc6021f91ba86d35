"""Flips of right and wrong: rates by hand, and what holds of any counts."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.errors import DataError
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue, Plan
from compatkit.metrics.measure_pair import count_pair
from compatkit.metrics.pair import Judged, JudgedPair
from compatkit.record import replace

PLAN = Plan()
FAMILIES = {"accuracy", "flips"}
Row = tuple[bool, bool, bool]


def pair_of(rows: Sequence[Row], *, answers: bool = True) -> JudgedPair:
    """Return a pair of examples: was right, is right, gives the same answer."""
    was, now, same = np.array(rows, bool).reshape(-1, 3).T
    ones, none = np.ones(len(rows), int), np.zeros(len(rows), int)
    old, new = (Judged(right * 1.0, right * 1.0, ones, none) for right in (was, now))
    return JudgedPair([str(n) for n in range(len(rows))], old, new, same if answers else None)


def rows_of(cells: Sequence[int], same: Sequence[int] = (0, 0, 0, 0)) -> list[Row]:
    """Return the rows of n11, n10, n01 and n00 examples, of which so many agree."""
    kinds = ((True, True), (True, False), (False, True), (False, False))
    return [
        (*kind, number < equal)
        for kind, size, equal in zip(kinds, cells, same, strict=True)
        for number in range(size)
    ]


def measure(pair: JudgedPair, plan: Plan = PLAN) -> dict[str, MetricValue]:
    return {
        name: metric.measure(pair, plan)
        for name, metric in METRICS.items()
        if metric.family in FAMILIES
    }


COUNTED = pair_of(rows_of((50, 10, 20, 20), (40, 1, 0, 5)))  # N = 100
BY_HAND = {
    "accuracy_old": (0.6, 60, 100),
    "accuracy_new": (0.7, 70, 100),
    "accuracy_delta": (0.1, None, None),
    "negative_flip_rate": (0.1, 10, 100),
    "positive_flip_rate": (0.2, 20, 100),
    "inconsistency_flip_rate": ((30 - 1 - 5) / 100, 24, 100),
    "negative_flip_impact": (10 / 30, 10, 30),
    "relative_negative_flip_rate": (0.1 / (0.6 * 0.3), None, None),
    "backward_trust_compatibility": (50 / 60, 50, 60),
    "backward_error_compatibility": (20 / 30, 20, 30),
    "churn": ((100 - 46) / 100, 54, 100),
    "agreement_right": (40 / 50, 40, 50),
}


def test_every_metric_of_right_and_wrong_was_worked_out_by_hand() -> None:
    assert list(BY_HAND) == list(measure(COUNTED))


@pytest.mark.parametrize("name", BY_HAND)
def test_rates_and_their_fractions_by_hand(name: str) -> None:
    value, above, below = BY_HAND[name]
    metric = METRICS[name].measure(COUNTED, PLAN)
    assert metric.value == pytest.approx(value, rel=1e-15)
    assert (metric.numerator, metric.denominator) == (above, below)
    assert metric.low is not None
    assert metric.high is not None
    assert metric.low <= metric.value <= metric.high
    assert metric.level == 0.95


@pytest.mark.parametrize("name", BY_HAND)
def test_groups_change_the_interval_and_never_the_value(name: str) -> None:
    alone = METRICS[name].measure(COUNTED, PLAN)
    groups = np.arange(100) % 20
    grouped = METRICS[name].measure(COUNTED, replace(PLAN, clusters=groups, resamples=200))
    assert grouped.value == pytest.approx(alone.value, rel=1e-15)
    assert (grouped.numerator, grouped.denominator) == (alone.numerator, alone.denominator)
    assert (grouped.low, grouped.high) != (alone.low, alone.high)


@pytest.mark.parametrize("name", BY_HAND)
def test_no_example_makes_every_rate_undefined_and_never_0(name: str) -> None:
    metric = METRICS[name].measure(pair_of([]), PLAN)
    assert metric.value is None
    assert metric.reason


@pytest.mark.parametrize(
    ("pair", "undefined"),
    [
        (
            pair_of(rows_of((5, 0, 0, 0))),
            {"negative_flip_impact", "relative_negative_flip_rate", "backward_error_compatibility"},
        ),
        (
            pair_of(rows_of((0, 0, 0, 5))),
            {"backward_trust_compatibility", "relative_negative_flip_rate", "agreement_right"},
        ),
        (
            pair_of(rows_of((1, 1, 1, 1)), answers=False),
            {"inconsistency_flip_rate", "churn", "agreement_right"},
        ),
    ],
)
def test_a_zero_denominator_is_undefined(pair: JudgedPair, undefined: set[str]) -> None:
    assert {name for name, metric in measure(pair).items() if metric.value is None} == undefined


@pytest.mark.parametrize(
    ("pair", "name", "reason"),
    [
        (pair_of([]), "negative_flip_rate", "no examples"),
        (pair_of([]), "accuracy_delta", "no examples"),
        (pair_of(rows_of((3, 0, 0, 0))), "negative_flip_impact", "the new model makes no error"),
        (
            pair_of(rows_of((3, 0, 0, 0))),
            "backward_error_compatibility",
            "the new model makes no error",
        ),
        (
            pair_of(rows_of((0, 0, 0, 3))),
            "backward_trust_compatibility",
            "the old model is never right",
        ),
        (
            pair_of(rows_of((0, 0, 0, 3))),
            "agreement_right",
            "no example is answered right by both",
        ),
        (
            pair_of(rows_of((1, 1, 1, 1)), answers=False),
            "churn",
            "the files hold no answers to compare",
        ),
    ],
)
def test_an_undefined_metric_says_why(pair: JudgedPair, name: str, reason: str) -> None:
    metric = METRICS[name].measure(pair, PLAN)
    assert (metric.value, metric.low, metric.high, metric.reason) == (None, None, None, reason)


def test_answers_that_are_not_there_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="the files hold no answers to compare"):
        _ = pair_of(rows_of((1, 1, 1, 1)), answers=False).agree


columns = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=40)


@given(columns, columns)
def test_counts_add_over_any_split(left: list, right: list) -> None:
    parts = zip(pair_of(left).cells, pair_of(right).cells, strict=True)
    assert tuple(map(sum, parts)) == pair_of(left + right).cells


@given(columns)
def test_the_counts_are_the_cells_and_add_to_n(rows: list) -> None:
    counts = count_pair(pair_of(rows))
    cells = (counts.both_right, counts.negative_flips, counts.positive_flips, counts.both_wrong)
    assert cells == pair_of(rows).cells
    assert sum(cells) == counts.total == len(rows)


@given(columns)
def test_swapping_the_models_swaps_the_flips(rows: list) -> None:
    both, negative, positive, neither = pair_of(rows).cells
    swapped = pair_of([(new, old, same) for old, new, same in rows]).cells
    assert swapped == (both, positive, negative, neither)


@given(columns)
def test_shares_lie_in_0_to_1_and_a_negative_flip_with_another_answer_is_inconsistent(
    rows: list,
) -> None:
    metrics = measure(pair_of([(old, new, same and old == new) for old, new, same in rows]))
    for name, metric in metrics.items():
        if metric.value is not None and METRICS[name].unit == "share":
            assert 0 <= metric.value <= 1
            assert metric.value == metric.numerator / metric.denominator
    if rows:
        broken = metrics["negative_flip_rate"].value
        assert broken <= metrics["inconsistency_flip_rate"].value
    impact = metrics["negative_flip_impact"].value
    if impact is not None:
        assert impact + metrics["backward_error_compatibility"].value == pytest.approx(1)
