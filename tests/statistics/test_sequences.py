"""Confidence sequences: the mixture by quadrature, the error over all looks by enumeration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from compatkit.errors import ConfigError
from compatkit.statistics import clopper_pearson, confidence_sequence
from compatkit.statistics.sequences import log_wealth

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("count", "total", "p"), [(0, 10, 0.5), (3, 40, 0.2), (38, 40, 0.97)])
def test_the_wealth_is_the_mixture_of_likelihood_ratios(count, total, p):
    def ratio(q):
        return (q / p) ** count * ((1 - q) / (1 - p)) ** (total - count)

    even = quad(lambda q: ratio(q) / p, 0, p)[0]
    near_one = quad(lambda q: ratio(q) / (1 - q) / -math.log1p(-p), 0, p)[0]
    assert log_wealth(p, count, total) == pytest.approx(math.log((even + near_one) / 2), rel=1e-9)


@given(counts)
def test_it_holds_the_share_and_mirrors(pair):
    count, total = pair
    interval, mirrored = (
        confidence_sequence(count, total),
        confidence_sequence(total - count, total),
    )
    assert interval.low <= count / total <= interval.high
    assert mirrored.low == pytest.approx(1 - interval.high, abs=1e-12)


@given(counts)
def test_it_is_wider_than_the_limits_of_one_look(pair):
    exact, always = clopper_pearson(*pair), confidence_sequence(*pair)
    assert always.low <= exact.low + 1e-9
    assert always.high >= exact.high - 1e-9


@given(counts, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_wealth_against_higher_claims_is_higher(pair, one, other):
    count, total = pair
    share = count / total
    claims = sorted(share + (1 - share) * x for x in (one, other))
    if count < total and claims[1] < 1:
        first, second = (log_wealth(claim, count, total) for claim in claims)
        assert first <= second + 1e-9


def chance_to_err(p, most, level):
    """The chance that the upper limit is below p at any of the first `most` examples."""
    alive = np.zeros(most + 1)
    alive[0] = 1.0
    lost = 0.0
    for total in range(1, most + 1):
        alive[1 : total + 1] = alive[1 : total + 1] * (1 - p) + alive[:total] * p
        alive[0] *= 1 - p
        for count in np.flatnonzero(alive[:total]).tolist():
            if log_wealth(p, count, total) < -math.log((1 - level) / 2):
                break
            lost += alive[count]
            alive[count] = 0.0
    return lost


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_the_limit_errs_seldom_over_all_looks_together(p):
    """Enumerated: an upper limit at 5 % looked at after each of 600 examples."""
    assert 0.005 < chance_to_err(p, 600, 0.9) <= 0.05


def test_a_million_examples_have_limits():
    interval = confidence_sequence(20_000, 1_000_000)
    assert 0.0193 < interval.low < 0.02 < interval.high < 0.0206


def test_what_is_no_count_is_refused():
    assert confidence_sequence(0, 0).reason == "no examples"
    with pytest.raises(ConfigError, match="total"):
        confidence_sequence(3, 2)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        log_wealth(1.0, 1, 2)
