import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from compatkit.errors import ConfigError
from compatkit.statistics import (
    bootstrap,
    bootstrap_counts,
    bootstrap_difference_of_means,
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_ratios,
    bootstrap_statistic,
    resampling,
)
from compatkit.statistics.resampling import bca_limits, group_rows, jackknife_limits

METHODS = ["bca-t", "bca", "percentile", "studentized"]
scores = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=40)


def skewed(size, seed=0):
    return np.random.default_rng(seed).gamma(0.5, size=size)


def limits(interval):
    return interval.low, interval.high


@pytest.mark.parametrize(("method", "name"), [("bca", "BCa"), ("percentile", "percentile")])
def test_scipy_agrees_within_the_noise_of_resampling(method, name):
    values = skewed(80)
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=40_000,
        method=name,
        random_state=np.random.default_rng(1),  # `rng` since scipy 1.15
    ).confidence_interval
    ours = bootstrap_mean(values, method=method, resamples=40_000, seed=2)
    error = values.std() / math.sqrt(80)
    assert limits(ours) == pytest.approx((theirs.low, theirs.high), abs=0.12 * error)


def test_studentized_follows_hall_for_a_large_sample():
    values = skewed(1000)
    error, skew = values.std() / math.sqrt(1000), float(stats.skew(values))
    z = 1.959963984540054
    shift = error * skew * (2 * z * z + 1) / (6 * math.sqrt(1000))
    expected = values.mean() - z * error + shift, values.mean() + z * error + shift
    ours = bootstrap_mean(values, method="studentized", resamples=40_000)
    assert limits(ours) == pytest.approx(expected, abs=0.06 * error)


def test_percentile_by_exact_enumeration():
    # Of 3 values there are 27 resamples; their exact 5 % and 95 % quantiles are at most 1/27 away.
    values = np.array([0.0, 3.0, 9.0])
    means = np.sort([(a + b + c) / 3 for a in values for b in values for c in values])
    interval = bootstrap_mean(values, method="percentile", level=0.8, resamples=20_000)
    assert means[1] <= interval.low <= means[4]
    assert means[-5] <= interval.high <= means[-2]


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_fixes_the_limits(method):
    values = skewed(50)
    one = bootstrap_mean(values, method=method, seed=3, resamples=500)
    assert one == bootstrap_mean(values, method=method, seed=3, resamples=500)
    assert one != bootstrap_mean(values, method=method, seed=4, resamples=500)


@pytest.mark.parametrize("method", METHODS)
def test_the_global_random_state_is_left_alone(method):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    bootstrap_mean(skewed(50), method=method, resamples=200)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("method", METHODS)
@given(scores)
@settings(max_examples=30, deadline=None)
def test_the_limits_are_finite_and_in_order(method, values):
    interval = bootstrap_mean(values, method=method, resamples=300)
    assert math.isfinite(interval.low)
    assert interval.low <= interval.high


@pytest.mark.parametrize("method", METHODS)
def test_scale_and_sign(method):
    values = skewed(60)
    interval = bootstrap_mean(values, method=method, resamples=2000)
    scaled = bootstrap_mean(2 * values + 1, method=method, resamples=2000)
    assert limits(scaled) == pytest.approx((2 * interval.low + 1, 2 * interval.high + 1))
    turned = bootstrap_mean(-values, method=method, resamples=2000)
    assert limits(turned) == pytest.approx((-interval.high, -interval.low), rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_higher_level_is_wider(method):
    narrow = bootstrap_mean(skewed(60), method=method, level=0.8, resamples=2000)
    wide = bootstrap_mean(skewed(60), method=method, level=0.99, resamples=2000)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("method", METHODS)
def test_constant_scores_have_no_width(method):
    assert limits(bootstrap_mean([0.25] * 9, method=method)) == (0.25, 0.25)


@pytest.mark.parametrize(
    ("values", "clusters", "reason"),
    [
        ([], None, "no examples"),
        ([0.5], None, "one example"),
        ([0.5, 0.6], ["a", "a"], "one cluster"),
    ],
)
def test_too_few_is_undefined(values, clusters, reason):
    interval = bootstrap_mean(values, clusters=clusters)
    assert math.isnan(interval.low)
    assert interval.reason == reason
    assert bootstrap_statistic([values], lambda x: x.mean(axis=1), clusters=clusters).reason == (
        reason
    )


def test_clusters_that_repeat_an_example_change_nothing():
    values = skewed(40)
    once = bootstrap_mean(values, method="percentile")
    thrice = bootstrap_mean(
        np.repeat(values, 3), method="percentile", clusters=np.repeat(np.arange(40), 3)
    )
    assert limits(thrice) == pytest.approx(limits(once))
    naive = bootstrap_mean(np.repeat(values, 3), method="percentile")
    assert naive.high - naive.low < 0.7 * (once.high - once.low)


@pytest.mark.parametrize("method", METHODS)
def test_uneven_clusters_agree_with_the_robust_variance(method):
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(400), rng.integers(1, 8, 400))
    values = rng.normal(size=400)[codes] + rng.normal(size=codes.size)
    centred = np.bincount(codes, values - values.mean())
    error = math.sqrt(np.sum(centred**2)) / codes.size
    interval = bootstrap_mean(values, method=method, clusters=codes)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_few_distinct_values_and_many_give_the_same_interval():
    rng = np.random.default_rng(6)
    change = rng.choice([-1.0, 0.0, 1.0], size=5000, p=[0.1, 0.7, 0.2])
    fast = bootstrap_mean(change)
    slow = bootstrap_mean(change + rng.normal(scale=1e-9, size=5000))
    assert limits(fast) == pytest.approx(limits(slow), abs=0.001)


def test_blocks_of_many_rows_agree_with_the_normal_interval():
    values = skewed(100_000)
    error = values.std() / math.sqrt(100_000)
    for method in METHODS:
        interval = bootstrap_mean(values, method=method, resamples=3_000)
        expected = values.mean() - 1.96 * error, values.mean() + 1.96 * error
        assert limits(interval) == pytest.approx(expected, abs=0.12 * error)


def test_a_ratio_of_gains_is_the_conditional_mean():
    rng = np.random.default_rng(7)
    change = np.where(rng.random(2000) < 0.3, rng.random(2000), 0.0)
    interval = bootstrap_ratio(change, change > 0)
    gains = change[change > 0]
    error = gains.std() / math.sqrt(gains.size)
    expected = gains.mean() - 1.96 * error, gains.mean() + 1.96 * error
    assert limits(interval) == pytest.approx(expected, abs=0.15 * error)


@pytest.mark.parametrize("method", METHODS)
def test_a_ratio_without_denominator_is_undefined(method):
    assert bootstrap_ratio([0.0, 0.0], [0, 0], method=method).reason == "the denominator is 0"
    rare = np.zeros(100)
    rare[:2] = 1
    interval = bootstrap_ratio(rare * np.linspace(0.3, 0.4, 100), rare, method=method)
    assert interval.reason == "too few examples: undefined in many resamples"


@pytest.mark.parametrize("method", METHODS)
def test_equal_gains_have_no_width(method):
    gains = np.array([0.5, 0.5, 0.5, 0.5, 0.0, 0.0])
    assert limits(bootstrap_ratio(gains, gains > 0, method=method)) == (0.5, 0.5)


def test_counts_of_a_million_rows_take_the_memory_of_those_of_a_few():
    peaks = []
    for counts in ([70, 5, 10, 15], [700_000, 50_000, 100_000, 150_000]):
        tracemalloc.start()
        bootstrap_counts(counts, lambda c: (c[..., 2] - c[..., 1]) / c.sum(axis=-1))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_counts_agree_with_the_mean_of_the_examples():
    counts = [70, 5, 10, 15]
    interval = bootstrap_counts(counts, lambda c: c[..., 1] / c.sum(axis=-1), method="bca")
    rows = bootstrap_mean(np.repeat([0.0, 1.0, 0.0, 0.0], counts), method="bca")
    assert limits(interval) == pytest.approx(limits(rows), abs=0.0101)


def test_counts_that_leave_the_statistic_undefined():
    interval = bootstrap_counts([0, 0, 5, 5], lambda c: c[..., 0] / (c[..., 0] + c[..., 1]))
    assert interval.reason == "the statistic is undefined"
    assert bootstrap_counts([0, 0], lambda c: c[..., 0]).reason == "no examples"


def test_differences_of_conditional_means_use_the_pairing():
    rng = np.random.default_rng(8)
    new = rng.normal(0.05, 0.2, 800)
    candidate = new + rng.normal(0.02, 0.02, 800)
    masks = {"where_candidate": candidate > 0, "where_new": new > 0}
    fast = bootstrap_difference_of_means(candidate, new, **masks)

    def gains(c, n):
        above = np.where(c > 0, c, 0).sum(axis=1) / (c > 0).sum(axis=1)
        return above - np.where(n > 0, n, 0).sum(axis=1) / (n > 0).sum(axis=1)

    general = bootstrap_statistic([candidate, new], gains)
    assert limits(fast) == pytest.approx(limits(general), abs=0.0006)
    alone = bootstrap_ratio(np.maximum(new, 0), new > 0)
    assert fast.high - fast.low < 0.7 * (alone.high - alone.low)


def test_a_difference_without_any_gain_is_undefined():
    interval = bootstrap_difference_of_means([1.0, 2.0], [0.0, 0.0], where_new=[False, False])
    assert interval.reason == "no example meets the condition of new"


def test_a_statistic_with_clusters_agrees_with_the_mean():
    rng = np.random.default_rng(9)
    codes = np.repeat(np.arange(50), 4)
    values = rng.normal(size=50)[codes] + rng.normal(size=200)
    general = bootstrap_statistic([values], lambda x: x.mean(axis=1), clusters=codes)
    special = bootstrap_mean(values, clusters=codes)
    assert limits(general) == pytest.approx(limits(special), abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "normal"}, "method is 'normal'"),
        ({"resamples": 10}, "resamples is 10"),
        ({"level": 95}, "level is 95"),
        ({"clusters": [1, 2]}, "clusters has the shape"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        bootstrap_mean([0.1, 0.2, 0.3], **options)


def test_bad_values_are_refused():
    with pytest.raises(ConfigError, match="1 of 2 values that are not finite"):
        bootstrap_mean([0.1, math.nan])
    with pytest.raises(ConfigError, match="expected one axis"):
        bootstrap_mean([[0.1, 0.2]])
    with pytest.raises(ConfigError, match="expected as many"):
        bootstrap_ratio([0.1, 0.2], [1.0])
    with pytest.raises(ConfigError, match="expected as many each"):
        bootstrap_statistic([[1, 2], [1]], lambda a, _: a.mean(axis=1))
    with pytest.raises(ConfigError, match="differs in length"):
        bootstrap_difference_of_means([1.0, 2.0], [1.0])


def test_a_statistic_that_is_undefined_has_no_interval():
    def mean_of_gains(x):
        return np.where(x > 0, x, 0).sum(axis=1) / (x > 0).sum(axis=1)

    with np.errstate(invalid="ignore"):
        nothing = bootstrap_statistic([np.zeros(9)], mean_of_gains)
        rare = bootstrap_statistic([np.eye(1, 50)[0]], mean_of_gains)
    assert nothing.reason == "the statistic is undefined"
    assert rare.reason == "too few examples: undefined in many resamples"


def test_a_statistic_by_percentiles_agrees_with_the_mean():
    values = skewed(60)
    general = bootstrap_statistic([values], lambda x: x.mean(axis=1), method="percentile")
    special = bootstrap_mean(values, method="percentile", seed=1)
    error = values.std() / math.sqrt(60)
    assert limits(general) == pytest.approx(limits(special), abs=0.1 * error)


def test_the_default_holds_the_t_and_the_bca_interval():
    values = skewed(30)
    ours, bca = bootstrap_mean(values), bootstrap_mean(values, method="bca")
    half = stats.t.ppf(0.975, 29) * values.std(ddof=1) / math.sqrt(30)
    assert ours.low == pytest.approx(min(bca.low, values.mean() - half))
    assert ours.high == pytest.approx(max(bca.high, values.mean() + half))


def test_bounds_cut_the_limits():
    values = [0.0] * 18 + [0.9, 1.0]
    free, cut = bootstrap_mean(values), bootstrap_mean(values, bounds=(0.0, 1.0))
    assert free.low < 0.0 == cut.low
    assert free.high == cut.high


def test_an_extreme_acceleration_ends_at_the_resampled_values():
    values = np.arange(101.0)
    influence = np.array([9.0] + [0.0] * 999)
    low, high = bca_limits(values, 100.5, influence, np.ones(1000), 0.999999)
    assert 0.0 <= low <= high == 100.0


def test_a_single_unit_has_no_jackknife_width():
    assert jackknife_limits(2.0, np.array([0.5, 0.0]), np.array([1.0, 0.0]), 0.95) == (2.0, 2.0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("size", "grouped"), [(300, False), (300, True), (45_001, False), (45_001, True)]
)
def test_ratios_that_are_drawn_together_are_those_that_are_drawn_alone(method, size, grouped):
    rng = np.random.default_rng(3)
    change = rng.normal(size=size)
    ones = np.ones(size)
    ratios = [
        (change, ones),
        (rng.integers(0, 3, size), ones),  # few values: reduced to these
        (np.maximum(change, 0), change > 0),
        (np.full(size, 0.5), ones),
        (change, np.zeros(size)),
        (change + 1, ones),
    ]
    plan = {"method": method, "resamples": 200, "seed": 5}
    plan["clusters"] = rng.integers(0, size // 2, size) if grouped else None
    bounds = [None, (0.0, 1.5), None, (0.0, 1.0), None, (0.9, 1.1)]
    together = bootstrap_ratios(ratios, bounds=bounds, **plan)
    alone = [
        bootstrap_ratio(*ratio, bounds=limit, **plan)
        for ratio, limit in zip(ratios, bounds, strict=True)
    ]
    # As texts, since the limits of what is undefined are nan.
    assert list(map(repr, together)) == list(map(repr, alone))


def test_ratios_of_one_set_of_examples_are_drawn_in_one_pass(monkeypatch):
    passes = []

    def count(units, resamples, rng):
        passes.append(units.columns.shape)
        return resampling.resample_sums(units, resamples, rng)

    monkeypatch.setattr(bootstrap, "resample_sums", count)
    values = np.random.default_rng(0).normal(size=(5, 400))
    bootstrap_ratios([(column, np.ones(400)) for column in values], resamples=100)
    assert passes == [(10, 400)]


def test_ratios_of_other_numbers_of_examples_are_not_drawn_together():
    with pytest.raises(ConfigError, match="differ in their number of examples"):
        bootstrap_ratios([([1.0, 2.0], [1, 1]), ([1.0], [1])])


@given(st.lists(st.integers(-3, 30), max_size=20))
def test_numbers_of_groups_are_counted_as_they_would_be_sorted(labels):
    names, codes = np.unique(np.array(labels, np.int64), return_inverse=True)
    counted, groups = group_rows(np.array(labels, np.int64), len(labels))
    assert counted.tolist() == codes.tolist()
    assert groups == len(names)
