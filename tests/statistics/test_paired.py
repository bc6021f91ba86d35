import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compatkit.errors import ConfigError
from compatkit.statistics import (
    bootstrap_counts,
    delta_rate,
    delta_rate_percent,
    newcombe_paired,
    relative_flip_ratio,
    tango,
    wilson,
)

Z = 1.959963984540054
cell = st.integers(0, 2_000)
levels = st.sampled_from([0.5, 0.9, 0.95, 0.99])


def log_likelihood(gain, loss, rest, q, delta):
    cells = ((gain, q + delta), (loss, q), (rest, 1.0 - 2.0 * q - delta))
    with np.errstate(divide="ignore"):
        return sum((n * np.log(np.maximum(p, 0.0)) for n, p in cells if n), np.zeros_like(q))


def brute_tango(n10, n01, total):
    """The differences not rejected, with q found by maximising the likelihood on a grid."""
    delta = np.linspace(-1, 1, 2001)[1:-1, np.newaxis]
    low, high = np.maximum(0.0, -delta), (1.0 - delta) / 2.0
    for _ in range(6):
        grid = low + (high - low) * np.linspace(0.0, 1.0, 41)
        likelihood = log_likelihood(n01, n10, total - n10 - n01, grid, delta)
        best = likelihood.argmax(axis=1, keepdims=True)
        low, high = (
            np.take_along_axis(grid, (best + step).clip(0, 40), axis=1) for step in (-1, 1)
        )
    q = (low + high) / 2.0
    variance = total * (2.0 * q + delta * (1.0 - delta))
    kept = delta[(n01 - n10 - total * delta) ** 2 <= Z * Z * variance]
    return kept[0], kept[-1]


# Fagerland, Lydersen and Laake 2014, Stat. Med. 33, 2850-2875: airway hyper-responsiveness of
# 21 children (Bentur et al. 2009), cells 1, 1, 7, 12.
def test_the_airway_example():
    interval = tango(n10=7, n01=1, total=21)
    assert (interval.low, interval.high) == pytest.approx((-0.517, -0.026), abs=5e-4)
    interval = newcombe_paired(n11=1, n10=7, n01=1, n00=12)
    assert (interval.low, interval.high) == pytest.approx((-0.507, -0.026), abs=5e-4)
    percent = delta_rate_percent(both=1, only_candidate=1, only_new=7, total=21).interval
    ratio = (1 + percent.low / 100, 1 + percent.high / 100)
    assert ratio == pytest.approx((0.068, 0.923), abs=5e-4)


@pytest.mark.parametrize(
    ("n10", "n01", "total"), [(7, 1, 21), (0, 3, 20), (5, 5, 12), (2, 0, 8), (0, 0, 10), (6, 4, 10)]
)
def test_tango_solves_the_score_equation(n10, n01, total):
    interval = tango(n10, n01, total)
    low, high = brute_tango(n10, n01, total)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1.1e-3)


def test_tango_without_flips_by_hand():
    interval = tango(0, 0, 50)
    assert interval.high == pytest.approx(Z**2 / (50 + Z**2))
    assert interval.low == -interval.high


def test_newcombe_by_hand_without_correlation():
    # 10, 10, 10, 10: phi is 0, both Wilson intervals are that of 20 out of 40.
    half = wilson(20, 40).high - 0.5
    interval = newcombe_paired(10, 10, 10, 10)
    assert (interval.low, interval.high) == pytest.approx((-half * 2**0.5, half * 2**0.5))


@given(cell, cell, cell, cell, levels)
def test_differences_hold_the_estimate_and_mirror(n11, n10, n01, n00, level):
    total = n11 + n10 + n01 + n00
    assume(total > 0)
    difference = (n01 - n10) / total
    for one, other in (
        (tango(n10, n01, total, level), tango(n01, n10, total, level)),
        (newcombe_paired(n11, n10, n01, n00, level), newcombe_paired(n11, n01, n10, n00, level)),
    ):
        assert -1.0 <= one.low <= difference + 1e-12
        assert difference - 1e-12 <= one.high <= 1.0
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


@given(cell, cell, cell, cell)
def test_a_higher_level_is_wider(n11, n10, n01, n00):
    total = n11 + n10 + n01 + n00
    assume(total > 0)
    for interval_of in (
        lambda level: tango(n10, n01, total, level),
        lambda level: newcombe_paired(n11, n10, n01, n00, level),
        lambda level: relative_flip_ratio(n11, n10, n01, n00, level).interval,
        lambda level: delta_rate_percent(n11, n10, n01, total, level).interval,
    ):
        narrow, wide = interval_of(0.8), interval_of(0.99)
        if narrow.is_defined:
            assert wide.low <= narrow.low
            assert narrow.high <= wide.high


@given(cell, cell, cell, cell)
def test_ratios_hold_the_estimate_and_are_finite(n11, n10, n01, n00):
    total = n11 + n10 + n01 + n00
    for estimate in (
        relative_flip_ratio(n11, n10, n01, n00),
        delta_rate_percent(n11, n10, n01, total),
    ):
        if estimate.interval.is_defined:
            assert math.isfinite(estimate.interval.high)
            assert estimate.interval.low <= estimate.value + 1e-9
            assert estimate.value <= estimate.interval.high + 1e-9
        else:
            assert math.isnan(estimate.value)


def test_independent_mistakes_have_the_ratio_1():
    # 800 of 1000 right, 300 wrong after: independent models would flip 0.8 * 0.3.
    estimate = relative_flip_ratio(560, 240, 140, 60)
    assert estimate.value == pytest.approx(1.0)
    # For large counts the delta method holds: s^2 = (1/p10 - 1/a - 1/w + 2 R - 1) / N.
    large = relative_flip_ratio(560_000, 240_000, 140_000, 60_000).interval
    spread = math.exp(Z * math.sqrt((1 / 0.24 - 1 / 0.8 - 1 / 0.3 + 1) / 1e6))
    assert (large.low, large.high) == pytest.approx((1 / spread, spread), rel=1e-5)


def test_the_multinomial_bootstrap_agrees_on_the_ratio():
    cells = (7000, 500, 1000, 1500)
    ours = relative_flip_ratio(*cells).interval

    def ratio(c):
        return c[..., 1] * c.sum(axis=-1) / ((c[..., 0] + c[..., 1]) * (c[..., 1] + c[..., 3]))

    theirs = bootstrap_counts(cells, ratio, seed=1)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.01)


def test_the_ratio_without_negative_flips_starts_at_0():
    estimate = relative_flip_ratio(80, 0, 5, 15)
    assert estimate.value == 0.0
    assert estimate.interval.low == 0.0
    # Wilson's limit of 0 out of 15 wrong answers, over the old accuracy of 0.8.
    assert estimate.interval.high == pytest.approx(Z**2 / (15 + Z**2) / 0.8)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ((0, 0, 0, 0), "no examples"),
        ((0, 0, 3, 2), "the old model is never right"),
        ((5, 0, 3, 0), "the new model is never wrong"),
    ],
)
def test_the_ratio_is_undefined_with_a_reason(cells, reason):
    estimate = relative_flip_ratio(*cells)
    assert math.isnan(estimate.value)
    assert estimate.interval.reason == reason


@pytest.mark.parametrize("cells", [(0, 9, 0, 0), (5, 4, 0, 0), (0, 4, 0, 5)])
def test_the_ratio_of_an_empty_row_still_has_a_width(cells):
    estimate = relative_flip_ratio(*cells)
    assert estimate.value == 1.0
    assert estimate.interval.low < 1.0 < estimate.interval.high


def test_delta_rate_is_the_paired_difference():
    assert delta_rate(5, 40, 1000) == tango(n10=40, n01=5, total=1000)


def test_delta_percent_near_the_log_delta_for_large_counts():
    estimate = delta_rate_percent(both=3000, only_candidate=500, only_new=1500, total=100_000)
    ratio, spread = 3500 / 4500, math.exp(Z * math.sqrt(2000 / (3500 * 4500)))
    assert estimate.value == pytest.approx(100 * (ratio - 1))
    assert estimate.interval.low == pytest.approx(100 * (ratio / spread - 1), abs=0.1)
    assert estimate.interval.high == pytest.approx(100 * (ratio * spread - 1), abs=0.1)


def test_delta_percent_of_a_candidate_without_flips():
    estimate = delta_rate_percent(both=0, only_candidate=0, only_new=10, total=100)
    assert estimate.value == -100.0
    assert estimate.interval.low == -100.0
    assert -100.0 < estimate.interval.high < 0.0


def test_delta_percent_of_shared_flips_still_has_a_width():
    interval = delta_rate_percent(both=10, only_candidate=0, only_new=0, total=100).interval
    assert interval.low < 0.0 < interval.high


@pytest.mark.parametrize("total", [0, 10])
def test_delta_percent_without_flips_of_the_new_model_is_undefined(total):
    estimate = delta_rate_percent(0, 0, 0, total)
    assert math.isnan(estimate.value)
    assert estimate.interval.reason == (
        "the new model has no negative flip" if total else "no examples"
    )


def test_no_examples_is_undefined():
    assert tango(0, 0, 0).reason == "no examples"
    assert newcombe_paired(0, 0, 0, 0).reason == "no examples"
    assert delta_rate(0, 0, 0).reason == "no examples"


def test_one_example():
    interval = tango(1, 0, 1)
    assert interval.low == -1.0
    assert -1.0 < interval.high < 1.0


def test_bad_counts_are_refused():
    with pytest.raises(ConfigError, match=r"n10 \+ n01 is 11; expected at most the total, 10"):
        tango(6, 5, 10)
    with pytest.raises(ConfigError, match="n11 is -1"):
        newcombe_paired(-1, 0, 0, 0)
    with pytest.raises(ConfigError, match=r"both \+ only_candidate"):
        delta_rate_percent(5, 5, 5, 10)


@settings(max_examples=30)
@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_tango_of_a_billion_examples_is_near_the_normal_interval(n10, n01):
    total = 4 * 10**9
    interval = tango(n10 + 1000, n01 + 1000, total)
    difference = (n01 - n10) / total
    error = math.sqrt((n10 + n01 + 2000) / total - difference**2) / math.sqrt(total)
    assert interval.high - interval.low == pytest.approx(2 * Z * error, rel=1e-2)


@pytest.mark.parametrize("total", [1, 2, 7])
def test_tango_where_every_example_flips(total):
    interval = tango(0, total, total)
    assert interval.high == 1.0
    assert -1.0 < interval.low < 1.0
    assert tango(total, 0, total).low == -1.0
