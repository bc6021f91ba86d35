"""Slices: a test of whether they differ, and limits that hold together."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import hypergeom

from compatkit.errors import ConfigError
from compatkit.statistics import (
    clopper_pearson,
    groups_differ,
    simultaneous_proportions,
    slices_above_others,
    slices_differ,
)
from compatkit.statistics import slices as slices_module


def exact_p_value(counts, totals):
    """The chance of counts that differ as much, over all ways to deal the flips out."""
    flips, examples = sum(counts), sum(totals)
    expected = [size * flips / examples for size in totals]

    def differ(dealt):
        return sum((k - e) ** 2 / e for k, e in zip(dealt, expected, strict=True))

    ways = [d for d in product(*(range(size + 1) for size in totals)) if sum(d) == flips]
    chances = [np.prod([comb(n, k) for n, k in zip(totals, d, strict=True)]) for d in ways]
    as_much = [c for c, d in zip(chances, ways, strict=True) if differ(d) >= differ(counts) - 1e-9]
    return sum(as_much) / sum(chances)


@pytest.mark.parametrize("counts", [(3, 0, 0), (2, 1, 0), (1, 1, 1), (0, 1, 4)])
def test_the_p_value_is_the_enumerated_one(counts):
    totals = (6, 5, 4)
    drawn = slices_differ(counts, totals, resamples=40_000)
    assert drawn == pytest.approx(exact_p_value(counts, totals), abs=0.012)


def test_it_seldom_rejects_slices_that_do_not_differ():
    rng = np.random.default_rng(3)
    totals = np.array([20, 50, 400, 30])
    p_values = [
        slices_differ(rng.binomial(totals, 0.05), totals, resamples=400, seed=seed)
        for seed in range(300)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.08


@pytest.mark.parametrize(
    ("counts", "totals"),
    [([], []), ([3], [9]), ([0, 0], [5, 5]), ([5, 5], [5, 5]), ([0, 2], [0, 9])],
)
def test_where_nothing_could_differ_it_is_1(counts, totals):
    assert slices_differ(counts, totals) == 1.0


def test_of_groups_it_seldom_rejects_slices_that_do_not_differ():
    """Groups of unequal size, all of one answer: the units are the groups."""
    rng = np.random.default_rng(5)
    slices = np.arange(40) % 3
    p_values = []
    for seed in range(300):
        sizes = rng.integers(1, 30, 40)
        sums = np.where(rng.random(40) < 0.2, sizes, 0)
        p_values.append(groups_differ(sums, sizes, slices, resamples=200, seed=seed))
    assert np.mean(np.array(p_values) <= 0.05) <= 0.08


@pytest.mark.parametrize(
    ("sums", "slices"), [([0, 0], [0, 1]), ([1, 0], [0, 0]), ([1, 1], [0, 1]), ([], [])]
)
def test_of_groups_where_nothing_could_differ_it_is_1(sums, slices):
    assert groups_differ(sums, [5] * len(sums), slices) == 1.0


def test_groups_of_one_example_differ_as_examples_do():
    flips, slices = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0]), np.repeat([0, 1], 5)
    grouped = groups_differ(flips, np.ones(10), slices, resamples=20_000)
    assert grouped == pytest.approx(exact_p_value((3, 1), (5, 5)), abs=0.012)


def test_sums_sizes_and_slices_are_as_many():
    with pytest.raises(ConfigError, match="one number a group"):
        groups_differ([1], [2, 3], [0, 0])


def test_the_limits_hold_together():
    """All of 40 equal slices lie within their limits in 95 % of the cases at least."""
    rng = np.random.default_rng(4)
    totals = np.full(40, 60)
    held = 0
    for _ in range(200):
        intervals = simultaneous_proportions(rng.binomial(totals, 0.1), totals)
        held += all(each.low <= 0.1 <= each.high for each in intervals)
    assert held >= 0.93 * 200


def test_one_slice_has_the_exact_interval():
    (interval,) = simultaneous_proportions([3], [50])
    assert (interval.low, interval.high) == pytest.approx(
        (clopper_pearson(3, 50).low, clopper_pearson(3, 50).high)
    )


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="shape"):
        slices_differ([1], [2, 3])
    with pytest.raises(ConfigError, match="above its total"):
        simultaneous_proportions([4], [3])


@pytest.mark.parametrize("counts", [(3, 0, 0), (2, 1, 0), (0, 1, 4)])
def test_a_slice_is_held_against_the_others_by_the_hypergeometric_tail(counts):
    totals = (6, 5, 4)
    expected = [
        hypergeom.sf(own - 1, 15, sum(counts), size)
        for own, size in zip(counts, totals, strict=True)
    ]
    assert slices_above_others(counts, totals) == pytest.approx(expected)


def test_without_flips_no_slice_stands_out():
    assert slices_above_others([0, 0], [5, 5]).tolist() == [1.0, 1.0]
    assert slices_above_others([], []).tolist() == []
    assert slices_above_others([400_000, 0], [500_000, 500_000])[0] > 0.0


@pytest.mark.parametrize("cells", [1, 7, 10_000])
def test_draws_held_at_once_change_nothing(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    counts, totals = [9, 1, 1, 0], [30, 30, 10, 4]
    whole = slices_differ(counts, totals, resamples=500, seed=5)
    monkeypatch.setattr(slices_module, "CELLS", cells)
    assert slices_differ(counts, totals, resamples=500, seed=5) == whole
