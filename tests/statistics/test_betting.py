"""Bounds by betting: by hand, against the product written out, by simulation where others fail."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.errors import ConfigError
from compatkit.statistics import betting_mean, betting_p_value, betting_ratio, clopper_pearson

ALPHA = 0.05
LEVEL = 1 - 2 * ALPHA

samples = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=1, max_size=60)


def wealth(sums, sizes, claim, bets, most):
    """The mean over the bets of the product over the groups, one factor at a time."""
    total = 0.0
    for bet in bets:
        stake = min(bet * (1 - claim), 0.999)
        product = 1.0
        for part, size in zip(sums, sizes, strict=True):
            product *= 1 - stake * (part - claim * size) / (most * (1 - claim))
        total += product
    return total / len(bets)


def spread(groups):
    """The bets that the docstring speaks of."""
    smallest = min(math.sqrt(8 * math.log(1 / ALPHA) / groups), 0.5)
    return [*np.geomspace(smallest, 1, 16), *np.geomspace(1, max(groups, 2.0), 16)]


@pytest.mark.parametrize(
    ("sums", "sizes"),
    [
        ([0.0] * 30, [1.0] * 30),
        ([0.0, 0.2, 0.9, 0.0, 1.0] * 12, [1.0] * 60),
        ([3.0, 0.0, 1.5, 0.0] * 9, [4.0, 4.0, 2.0, 9.0] * 9),
    ],
)
def test_at_the_upper_limit_the_wealth_is_that_of_a_refutation(sums, sizes):
    interval = betting_ratio(sums, sizes, level=LEVEL)
    bets = spread(sum(sizes) ** 2 / sum(size**2 for size in sizes))
    at = wealth(sums, sizes, interval.high, bets, max(sizes))
    assert at == pytest.approx(1 / ALPHA, rel=1e-6)
    mirrored = [size - part for part, size in zip(sums, sizes, strict=True)]
    if any(sums):
        at = wealth(mirrored, sizes, 1 - interval.low, bets, max(sizes))
        assert at == pytest.approx(1 / ALPHA, rel=1e-4)
    else:
        assert interval.low == pytest.approx(0.0, abs=1e-9)


def test_two_values_by_hand():
    """None of 2 falls: every bet risks 0.999 of its stake, or less than 1 of it, of b (1 - m)."""
    assert betting_mean([0.0, 0.0], level=LEVEL).high > clopper_pearson(0, 2, LEVEL).high


@given(samples)
def test_the_order_of_the_values_is_of_no_consequence(values):
    assert betting_mean(values) == betting_mean(values[::-1])


@given(samples)
def test_the_limits_lie_around_the_mean_and_mirror(values):
    interval, mirrored = betting_mean(values), betting_mean([1 - value for value in values])
    assert interval.low <= np.mean(values) + 1e-9
    assert interval.high >= np.mean(values) - 1e-9
    assert mirrored.low == pytest.approx(1 - interval.high, abs=1e-9)


@given(samples, st.floats(-3, 2), st.floats(0.5, 4))
def test_the_limits_move_with_the_scale(values, low, width):
    interval = betting_mean(values)
    moved = betting_mean([low + width * value for value in values], low, low + width)
    assert moved.high == pytest.approx(low + width * interval.high, abs=1e-6)


@given(samples)
def test_a_look_at_any_time_costs_width(values):
    many = values * 100
    assert betting_mean(many, at_any_look=True).high >= betting_mean(many).high - 1e-3


@given(samples, st.integers(2, 5))
def test_examples_of_one_group_count_as_one(values, copies):
    """Copies of a value in its own group tell nothing new."""
    groups = np.repeat(np.arange(len(values)), copies)
    grouped = betting_mean(np.repeat(values, copies), clusters=groups)
    assert grouped.high == pytest.approx(betting_mean(values).high, abs=1e-9)


def test_many_distinct_values_give_a_limit_that_is_a_little_higher():
    rng = np.random.default_rng(5)
    values = np.where(rng.random(70_000) < 0.1, rng.random(70_000), 0.0)
    fine, coarse = betting_mean(values[:65_536]), betting_mean(values)
    assert fine.high > values[:65_536].mean()
    assert 0 < coarse.high - values.mean() < 0.003


@pytest.mark.parametrize(
    ("size", "share", "fall"), [(100, 0.01, 0.9), (300, 0.005, 0.9), (400, 0.05, 0.5)]
)
@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_few_large_falls_are_below_the_limit(size, share, fall, noise):
    """Where few values fall, a bootstrap misses in a third of the cases; this in 5 % at most."""
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(300):
        values = (rng.random(size) < share) * (fall + noise * rng.random(size))
        missed += betting_mean(values, level=LEVEL).high < share * (fall + noise / 2)
    assert missed <= 0.05 * 300


@pytest.mark.parametrize("sizes", ["equal", "one holds half"])
def test_groups_that_agree_with_themselves_are_below_the_limit(sizes):
    rng = np.random.default_rng(2)
    size = np.full(30, 10)
    size[0] = 10 if sizes == "equal" else 290
    missed = 0
    for _ in range(300):
        sums = size * (rng.random(30) < 0.1)
        missed += betting_ratio(sums, size, level=LEVEL).high < 0.1
    assert missed <= 0.05 * 300


def test_no_example_has_no_limit():
    assert betting_mean([]).reason == "no examples"
    assert betting_ratio([0.0], [0.0]).reason == "no examples"


@pytest.mark.parametrize(
    ("values", "low", "high", "match"),
    [([1.5], 0, 1, "outside"), ([0.5], 1, 1, "below high"), ([math.nan], 0, 1, "not finite")],
)
def test_values_out_of_their_range_are_refused(values, low, high, match):
    with pytest.raises(ConfigError, match=match):
        betting_mean(values, low, high)


def test_sums_and_sizes_go_together():
    with pytest.raises(ConfigError, match="shape"):
        betting_ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize("claim", [0.02, 0.05, 0.1])
def test_the_p_value_is_where_the_limit_reaches_the_claim(claim):
    values = np.repeat([0.0, 0.5, 0.9], [180, 10, 3])
    p_value = betting_p_value(values, np.ones(193), claim, level=0.9)
    high = betting_mean(values, level=0.9).high
    assert (p_value <= 0.05) == (high <= claim)
    assert 0.0 < p_value <= 1.0


def test_a_claim_out_of_range_is_refused():
    with pytest.raises(ConfigError, match="claim is 1"):
        betting_p_value([0.1], [1.0], 1.0)


def test_groups_without_examples_are_no_evidence():
    assert betting_p_value([0.0, 0.0], [0.0, 0.0], 0.5) == 1.0
    some = betting_p_value([0.1] * 50, [1.0] * 50, 0.5)
    assert some == betting_p_value([0.1] * 50 + [0.0], [1.0] * 50 + [0.0], 0.5) < 0.05
