"""Intervals that keep their level: by hand, by their properties, by enumeration."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln, xlogy
from scipy.stats import binom

from compatkit.errors import ConfigError
from compatkit.statistics import (
    clopper_pearson,
    conservative_difference,
    conservative_mean,
    conservative_relative_flips,
    excess_flip_rate,
)

counts = st.integers(1, 2000).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n)).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), st.integers(0, n - pair[0]), st.just(n))
    )
)
tables = st.tuples(*[st.integers(0, 500)] * 4)
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def test_no_flip_of_ten_by_hand():
    """Each share is at most u = 1 - 0.05^(1/10), at least 0; they are not related: +-u."""
    u = 1 - 0.05**0.1
    interval = conservative_difference(0, 0, 10, level=0.9)
    assert (interval.low, interval.high) == pytest.approx((-u, u))


def test_a_loss_alone_by_hand():
    """With no gain the upper limit is that of the loss; the lower one adds the gain's, squared."""
    loss = clopper_pearson(3, 20, 0.9)
    interval = conservative_difference(3, 0, 20, level=0.9)
    assert interval.high == pytest.approx(loss.high)
    u = 1 - 0.05 ** (1 / 20)
    assert interval.low == pytest.approx(3 / 20 - math.hypot(3 / 20 - loss.low, u))


def test_half_and_half_by_hand():
    """All examples count for one of the two: the shares are one number, so the distances add."""
    share = clopper_pearson(5, 10, 0.9)
    interval = conservative_difference(5, 5, 10, level=0.9)
    assert interval.high == pytest.approx(2 * (share.high - 0.5))
    assert interval.low == pytest.approx(-interval.high)


def test_a_ratio_by_hand():
    """1 of 2 errors was right before, 3 of 4 were right: (1/2) / (3/4); half the error each."""
    estimate = conservative_relative_flips(n11=2, n10=1, n01=0, n00=1, level=0.9)
    assert estimate.value == pytest.approx(2 / 3)
    errors, right = clopper_pearson(1, 2, 0.95), clopper_pearson(3, 4, 0.95)
    assert estimate.interval.low == pytest.approx(errors.low / right.high)
    assert estimate.interval.high == pytest.approx(errors.high / right.low)


def test_a_mean_by_hand():
    """All 50 values are 0.25 in [-1, 1]: at most a share u differs, by -1.25 or +0.75."""
    u = 1 - 0.05 ** (1 / 50)
    interval = conservative_mean(0.25, 50, -1.0, 1.0, level=0.9)
    assert interval.low == pytest.approx(0.25 - 1.25 * u)
    assert interval.high == pytest.approx(0.25 + 0.75 * u)


def test_without_examples_nothing_is_defined():
    assert not conservative_difference(0, 0, 0).is_defined
    assert not conservative_mean(0.0, 0, 0.0, 1.0).is_defined
    estimate = conservative_relative_flips(0, 0, 0, 0)
    assert math.isnan(estimate.value)
    assert estimate.interval.reason == "no examples"
    assert "never right" in conservative_relative_flips(0, 0, 3, 3).interval.reason
    assert "never wrong" in conservative_relative_flips(3, 0, 3, 0).interval.reason


@pytest.mark.parametrize("arguments", [(-1, 0, 5), (3, 3, 5), (0, 0, -1)])
def test_impossible_counts_are_refused(arguments):
    with pytest.raises(ConfigError):
        conservative_difference(*arguments)


@given(counts, levels, st.sampled_from([0.5, 1.0]))
def test_the_limits_hold_the_value(table, level, weight):
    more, fewer, total = table
    interval = conservative_difference(more, fewer, total, level, weight=weight)
    value = (more - weight * fewer) / total
    assert -weight <= interval.low <= value + 1e-12
    assert value - 1e-12 <= interval.high <= 1.0


@given(counts, levels)
def test_the_other_way_round_has_the_other_sign(table, level):
    more, fewer, total = table
    one = conservative_difference(more, fewer, total, level)
    other = conservative_difference(fewer, more, total, level)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)


@given(counts, st.sampled_from([0.5, 1.0]))
def test_a_higher_level_is_wider(table, weight):
    narrow, wide = (conservative_difference(*table, level, weight=weight) for level in (0.9, 0.99))
    assert wide.low <= narrow.low + 1e-12
    assert wide.high >= narrow.high - 1e-12


@given(tables, levels)
def test_the_limits_of_the_ratio_hold_it(table, level):
    estimate = conservative_relative_flips(*table, level)
    if estimate.interval.is_defined:
        assert 0.0 <= estimate.interval.low <= estimate.value + 1e-12
        assert estimate.interval.high >= estimate.value - 1e-12


@given(st.floats(0, 1), st.integers(1, 10_000), levels)
def test_the_limits_of_the_mean_hold_it(value, total, level):
    interval = conservative_mean(value, total, 0.0, 1.0, level)
    assert 0.0 <= interval.low <= value <= interval.high <= 1.0


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_weighted_difference_is_the_excess_of_single_runs(runs):
    """What broke both runs, less half of what only one of them had right: the excess by counts."""
    old, again, new = np.array(runs, float).T
    both = int(((old + again == 2) & (new == 0)).sum())
    one = int(((old + again == 1) & (new == 1)).sum())
    found = excess_flip_rate((old + again) / 2, np.full(len(old), 2), new, resamples=100)
    assert (both - one / 2) / len(old) == pytest.approx(found.value, abs=1e-12)
    interval = conservative_difference(both, one, len(old), weight=0.5)
    assert interval.low - 1e-12 <= found.value <= interval.high + 1e-12


@cache
def all_tables(size, kinds):
    if kinds == 1:
        return np.array([[size]])
    return np.concatenate(
        [
            np.insert(all_tables(size - first, kinds - 1), 0, first, axis=1)
            for first in range(size + 1)
        ]
    )


def error_of(table, limits, rates, truth):
    """Probabilities that the upper limit is below the truth, and the lower one above."""
    logs = gammaln(table[0].sum() + 1) - gammaln(table + 1).sum(axis=1)
    likely = np.exp(logs + xlogy(table, np.array(rates)).sum(axis=1))
    assert likely.sum() == pytest.approx(1.0)
    return max(likely[limits[:, 1] < truth - 1e-9].sum(), likely[limits[:, 0] > truth + 1e-9].sum())


@pytest.mark.parametrize("size", [20, 60])
@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_a_difference_is_wrong_on_one_side_as_often_as_promised(size, weight):
    """With flips of at most half of the examples; 5 % a side at a level of 90 %."""
    table = all_tables(size, 3)
    found = [conservative_difference(a, b, size, 0.9, weight=weight) for a, b, _ in table.tolist()]
    limits = np.array([(each.low, each.high) for each in found])
    rates = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
    worst = max(
        error_of(table, limits, (a, b, 1 - a - b), a - weight * b)
        for a in rates
        for b in rates
        if a + b <= 0.5
    )
    assert 0.03 < worst <= 0.05


def test_where_every_example_flips_the_two_shares_are_one():
    """(10, 0) of 10: the limits are those of one share, 2 p - 1."""
    share = clopper_pearson(10, 10, 0.9)
    interval = conservative_difference(10, 0, 10, 0.9)
    assert interval.low == pytest.approx(2 * share.low - 1)
    assert interval.high == 1.0
    # And so the error is that of the exact interval of a share, 1 in 8 if they were unrelated.
    for rate in (0.8, 0.9, 0.95):
        missed = sum(
            binom.pmf(k, 20, rate)
            for k in range(21)
            if conservative_difference(20 - k, k, 20, 0.9).high < 1 - 2 * rate - 1e-9
        )
        assert missed <= 0.05


def test_a_ratio_is_wrong_on_one_side_less_often_than_promised():
    table = all_tables(16, 4)
    found = [conservative_relative_flips(*each, level=0.9).interval for each in table.tolist()]
    limits = np.array([(e.low, e.high) if e.is_defined else (0.0, math.inf) for e in found])
    for rates in ((0.6, 0.1, 0.1, 0.2), (0.3, 0.2, 0.2, 0.3), (0.9, 0.02, 0.03, 0.05)):
        truth = rates[1] / ((rates[0] + rates[1]) * (rates[1] + rates[3]))
        assert error_of(table, limits, rates, truth) <= 0.05
