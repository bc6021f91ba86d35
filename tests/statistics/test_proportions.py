import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from compatkit.errors import ConfigError
from compatkit.statistics import clopper_pearson, wilson

totals = st.integers(1, 100_000)
counts = totals.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
INTERVALS = [wilson, clopper_pearson]


# Newcombe 1998, Stat. Med. 17, 857-872, table I: methods 3 (score) and 5 (exact).
@pytest.mark.parametrize(
    ("count", "total", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_the_examples_of_newcombe_1998(count, total, score, exact):
    ours = wilson(count, total)
    assert (ours.low, ours.high) == pytest.approx(score, abs=5e-5)
    ours = clopper_pearson(count, total)
    assert (ours.low, ours.high) == pytest.approx(exact, abs=5e-5)


def test_wilson_by_hand():
    # z is 2 to the last digit at this level: (3 + 2 +- sqrt(4 (3 * 9/12 + 1))) / 16.
    level = math.erf(2 / math.sqrt(2))
    interval = wilson(3, 12, level)
    assert interval.low == pytest.approx((5 - math.sqrt(13)) / 16)
    assert interval.high == pytest.approx((5 + math.sqrt(13)) / 16)


def test_no_count_of_20_has_the_rule_of_three_as_upper_limit():
    assert clopper_pearson(0, 20, side="upper").high == pytest.approx(1 - 0.05 ** (1 / 20))


@given(counts, levels)
def test_scipy_agrees(count_total, level):
    count, total = count_total
    for name, ours in (("wilson", wilson), ("exact", clopper_pearson)):
        theirs = binomtest(count, total).proportion_ci(level, method=name)
        mine = ours(count, total, level)
        assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(counts, levels)
def test_scipy_agrees_on_one_side(count_total, level):
    count, total = count_total
    for side, tail in (("upper", "less"), ("lower", "greater")):
        theirs = binomtest(count, total, alternative=tail).proportion_ci(level, method="exact")
        mine = clopper_pearson(count, total, level, side=side)
        assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(counts)
def test_statsmodels_agrees(count_total):
    count, total = count_total
    for name, ours in (("wilson", wilson), ("beta", clopper_pearson)):
        low, high = proportion_confint(count, total, method=name)
        mine = ours(count, total)
        assert (mine.low, mine.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize("interval_of", INTERVALS)
@given(counts, levels)
def test_the_limits_hold_the_estimate_and_lie_in_0_and_1(interval_of, count_total, level):
    count, total = count_total
    interval = interval_of(count, total, level)
    assert 0.0 <= interval.low <= count / total <= interval.high <= 1.0


@pytest.mark.parametrize("interval_of", INTERVALS)
@given(counts, levels)
def test_right_and_wrong_are_mirror_images(interval_of, count_total, level):
    count, total = count_total
    one, other = interval_of(count, total, level), interval_of(total - count, total, level)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


@pytest.mark.parametrize("interval_of", INTERVALS)
@given(counts)
def test_a_higher_level_is_wider(interval_of, count_total):
    narrow, wide = interval_of(*count_total, 0.9), interval_of(*count_total, 0.99)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(totals)
def test_the_ends_are_exact(total):
    assert wilson(0, total).low == 0.0
    assert wilson(total, total).high == 1.0
    assert clopper_pearson(0, total).low == 0.0
    assert clopper_pearson(total, total).high == 1.0


@pytest.mark.parametrize("interval_of", INTERVALS)
def test_no_examples_is_undefined(interval_of):
    interval = interval_of(0, 0)
    assert math.isnan(interval.low)
    assert interval.reason == "no examples"


@pytest.mark.parametrize("interval_of", INTERVALS)
def test_bad_counts_are_refused(interval_of):
    with pytest.raises(ConfigError, match="count is 3; expected at most the total, 2"):
        interval_of(3, 2)
    with pytest.raises(ConfigError, match="total is -1"):
        interval_of(0, -1)


def test_an_unknown_side_is_refused():
    with pytest.raises(ConfigError, match="side is 'both'"):
        clopper_pearson(1, 2, side="both")
