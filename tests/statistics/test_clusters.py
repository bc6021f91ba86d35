import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from compatkit.errors import ConfigError
from compatkit.statistics import cluster_mean, cluster_proportion, cluster_variance, wilson

values = st.lists(st.floats(0, 1, width=32), min_size=3, max_size=30)


def test_by_hand():
    # Mean 0.5; the clusters deviate by +1 and -1 in sum: (1 + 1) / 16 * 2 / 1.
    assert cluster_variance([1, 1, 0, 0], ["a", "a", "b", "b"]) == 0.25
    # Each cluster in balance: no variance between them.
    assert cluster_variance([1, 0, 0, 1], ["a", "a", "b", "b"]) == 0.0


@given(values)
def test_one_example_a_cluster_is_the_usual_t_interval(scores):
    variance = cluster_variance(scores, range(len(scores)))
    assert variance == pytest.approx(np.var(scores, ddof=1) / len(scores), abs=1e-12)
    interval = cluster_mean(scores, range(len(scores)))
    half = stats.t.ppf(0.975, len(scores) - 1) * math.sqrt(variance)
    assert interval.high - interval.low == pytest.approx(2 * half, abs=1e-9)


def test_statsmodels_agrees_on_the_robust_variance():
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(30), 4)  # of one size, where all of the variances agree
    scores = rng.normal(size=30)[codes] + rng.normal(size=codes.size)
    fit = sm.OLS(scores, np.ones(codes.size)).fit(
        cov_type="cluster", cov_kwds={"groups": codes, "use_correction": False}
    )
    theirs = float(np.asarray(fit.cov_params())[0, 0])
    assert cluster_variance(scores, codes) == pytest.approx(theirs * 30 / 29)


def test_the_variance_is_that_of_leaving_out_each_cluster():
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(30), rng.integers(1, 9, 30))
    scores = rng.normal(size=30)[codes] + rng.normal(size=codes.size)
    without = np.array([scores[codes != code].mean() for code in range(30)])
    jackknife = 29 / 30 * ((without - scores.mean()) ** 2).sum()
    assert cluster_variance(scores, codes) == pytest.approx(jackknife)


def test_clusters_of_unequal_size_are_fewer_degrees_of_freedom():
    """Half of all examples in one of 11 clusters: (20)^2 / (10^2 + 10) - 1 = 2.64 degrees."""
    codes = [0] * 10 + list(range(1, 11))
    scores = np.random.default_rng(3).random(20)
    interval = cluster_mean(scores, codes)
    half = stats.t.ppf(0.975, 400 / 110 - 1) * math.sqrt(cluster_variance(scores, codes))
    assert interval.high - interval.low == pytest.approx(2 * half)


def test_one_cluster_that_holds_nearly_all_examples_has_no_interval():
    codes = [0] * 1000 + [1]
    assert cluster_mean(np.arange(1001.0), codes).reason == "one cluster holds nearly all examples"
    assert not cluster_proportion(np.arange(1001) % 2, codes).is_defined


def test_repeated_examples_say_nothing_new():
    scores = np.random.default_rng(2).random(40)
    once = cluster_mean(scores, np.arange(40))
    thrice = cluster_mean(np.repeat(scores, 3), np.repeat(np.arange(40), 3))
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))
    flags = (scores > 0.6).astype(float)
    once = cluster_proportion(flags, np.arange(40))
    thrice = cluster_proportion(np.repeat(flags, 3), np.repeat(np.arange(40), 3))
    assert (once.low, once.high) == pytest.approx((thrice.low, thrice.high))


def test_many_independent_flags_are_near_wilson():
    flags = (np.arange(5000) % 10 == 0).astype(float)
    ours, plain = cluster_proportion(flags, np.arange(5000)), wilson(500, 5000)
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), rel=1e-3)


def test_no_flip_at_all_still_has_a_width():
    interval = cluster_proportion(np.zeros(60), np.repeat(np.arange(20), 3))
    assert interval.low == 0.0
    assert interval.high == pytest.approx(1 - 0.025 ** (1 / 20))  # none of 20, exactly
    uneven = cluster_proportion(np.zeros(60), [0] * 41 + list(range(1, 20)))
    assert uneven.high == pytest.approx(1 - 0.025 ** (1 / 2))  # 60^2 / (41^2 + 19), rounded down


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=50))
def test_the_limits_hold_the_share_and_lie_in_0_and_1(rows):
    flags, labels = [f for f, _ in rows], [c for _, c in rows]
    interval = cluster_proportion(flags, labels)
    if len(set(labels)) == 1:
        assert interval.reason == "one cluster"
    else:
        assert 0.0 <= interval.low <= np.mean(flags) + 1e-12
        assert np.mean(flags) - 1e-12 <= interval.high <= 1.0
        wide = cluster_proportion(flags, labels, 0.99)
        assert wide.low <= interval.low <= interval.high <= wide.high


def test_one_cluster_and_no_examples_are_undefined():
    for interval_of in (cluster_mean, cluster_proportion):
        assert interval_of([1, 0], ["a", "a"]).reason == "one cluster"
        assert interval_of([], []).reason == "no examples"
    assert math.isnan(cluster_variance([1, 0], ["a", "a"]))
    assert math.isnan(cluster_variance([], []))


def test_constant_scores_have_no_width():
    interval = cluster_mean([0.5] * 4, [1, 1, 2, 2])
    assert (interval.low, interval.high) == (0.5, 0.5)


def test_bad_arguments_are_refused():
    with pytest.raises(ConfigError, match="neither 0 nor 1"):
        cluster_proportion([0.5, 1], [1, 2])
    with pytest.raises(ConfigError, match="clusters has the shape"):
        cluster_mean([0.5, 1], [1])
