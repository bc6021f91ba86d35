import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compatkit.errors import ConfigError
from compatkit.statistics import excess_flip_rate, expected_flip_rate, flip_floor

shares = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=20)


def test_by_hand():
    assert expected_flip_rate([1.0, 0.5], [0.5, 0.0]).value == 0.5
    assert flip_floor([0.5, 1.0], [2, 4]).value == 0.25
    assert flip_floor([0.5, 1.0], [4, 4]).value == pytest.approx(0.25 * 4 / 3 / 2)
    assert excess_flip_rate([0.5, 1.0], [2, 2], [0.5, 0.5]).value == pytest.approx(
        (0.25 - 0.5 + 0.5) / 2
    )


def test_single_samples_are_the_plain_flip_rate():
    old, new = np.array([1, 1, 0, 0, 1]), np.array([1, 0, 1, 0, 0])
    assert expected_flip_rate(old, new).value == np.mean((old == 1) & (new == 0))


def test_the_floor_is_unbiased_for_two_runs_of_the_model():
    # All 2^3 outcomes of 3 samples with chance 0.3: the mean of the estimate is 0.3 * 0.7.
    mean = sum(
        math.comb(3, right) * 0.3**right * 0.7 ** (3 - right) * flip_floor([right / 3], [3]).value
        for right in range(4)
    )
    assert mean == pytest.approx(0.21)


def test_a_second_run_has_no_excess():
    rng = np.random.default_rng(1)
    share = rng.beta(0.5, 0.5, 4000)
    old, new = rng.binomial(5, share) / 5, rng.binomial(5, share) / 5
    estimate = excess_flip_rate(old, np.full(4000, 5), new)
    assert estimate.interval.low < 0.0 < estimate.interval.high
    plain = expected_flip_rate(old, new)
    assert plain.interval.low > 0.1


def test_examples_with_one_sample_are_left_out_and_counted():
    estimate = flip_floor([0.5, 1.0, 0.0], [2, 1, 2])
    assert (estimate.value, estimate.used, estimate.left_out) == (0.25, 2, 1)
    assert excess_flip_rate([0.5, 1.0, 0.0], [2, 1, 2], [0.5, 0.0, 1.0]).left_out == 1


def test_no_example_with_two_samples_is_undefined():
    for estimate in (flip_floor([1.0, 0.0], [1, 1]), excess_flip_rate([1.0], [1], [0.0])):
        assert math.isnan(estimate.value)
        assert estimate.interval.reason == "no examples"
    assert math.isnan(expected_flip_rate([], []).value)


def test_one_example_has_a_value_without_interval():
    estimate = expected_flip_rate([0.5], [0.5])
    assert estimate.value == 0.25
    assert estimate.interval.reason == "one example"


@given(shares, st.data())
@settings(max_examples=25, deadline=None)
def test_values_and_limits_keep_their_range(p, data):
    q = data.draw(st.lists(st.floats(0, 1), min_size=len(p), max_size=len(p)))
    k = [4] * len(p)
    plain = expected_flip_rate(p, q, resamples=200)
    floor = flip_floor(p, k, resamples=200)
    excess = excess_flip_rate(p, k, q, resamples=200)
    assert excess.value == pytest.approx(plain.value - floor.value)
    for estimate, least, most in ((plain, 0, 1), (floor, 0, 0.5), (excess, -0.5, 1)):
        assert least <= estimate.interval.low <= estimate.interval.high <= most


def test_bad_arguments_are_refused():
    with pytest.raises(ConfigError, match="p holds a share outside 0 to 1"):
        expected_flip_rate([1.5], [0.5])
    with pytest.raises(ConfigError, match="q has 2 examples; expected 1"):
        expected_flip_rate([0.5], [0.5, 0.5])
    with pytest.raises(ConfigError, match="k holds a number of samples"):
        flip_floor([0.5], [0])
