"""Confidence sequences of proportions beside confseq, the package of the method's authors.

The numbers below are those of `uniform_boundaries.h` in the source distribution of confseq 0.0.11
(PyPI), compiled by g++ against Boost 1.74.

`HALF_UNIFORM`: `beta_binomial_log_mixture(n / 2 - S, n / 4, v_opt, 1/2, 1/2, 0.05, true)`, of the
claim that a proportion is 1/2 or more, after n examples of which S have the property. With
`v_opt = 4.7466447039721773` its mixing density is even from 0 to 1/2 (r = 1/2), as one half of
ours is; the other half is integrated here.

`INTERVALS`: `bernoulli_confidence_interval(S, n, 0.05, t_opt, 0.05)`, a two-sided mixture that is
narrowest after about `t_opt` examples. Ours needs no such number.
"""

import math

import pytest
from scipy.integrate import quad

from compatkit.statistics import clopper_pearson, confidence_sequence
from compatkit.statistics.sequences import log_wealth

HALF_UNIFORM = [
    (0, 10, 5.22623531286),
    (3, 40, 15.5071945403),
    (15, 40, 0.227272133826),
    (180, 400, -0.103417727509),
    (150, 400, 10.5226973748),
    (950, 2000, -0.394856846433),
    (900, 2000, 7.12981880835),
    (5900, 12000, -2.14538769183),
]
# S, n, then the limits with t_opt = n and with t_opt = 400.
INTERVALS = [
    (0, 400, (0.000000000, 0.010248406), (0.000000000, 0.010248406)),
    (8, 400, (0.004764116, 0.048107546), (0.004764116, 0.048107546)),
    (40, 400, (0.059930842, 0.150932737), (0.059930842, 0.150932737)),
    (40, 2000, (0.011770202, 0.030849551), (0.011390277, 0.031321529)),
    (200, 2000, (0.080736843, 0.121453004), (0.079951942, 0.122326632)),
    (240, 12000, (0.016337622, 0.024100838), (0.015893970, 0.024638170)),
    (1200, 12000, (0.091870711, 0.108494857), (0.090909206, 0.109536785)),
]


@pytest.mark.parametrize(("count", "total", "log_even"), HALF_UNIFORM)
def test_half_of_the_wealth_is_that_of_confseq(count, total, log_even):
    def ratio(q):
        likely = count * math.log(q / 0.5) + (total - count) * math.log1p(-q)
        return math.exp(likely - (total - count) * math.log(0.5)) / (1 - q) / math.log(2)

    peak = min(max(count / total, 1e-9), 0.5)
    near_one = quad(ratio, 0, 0.5, points=[peak], limit=500, epsabs=0)[0]
    expected = math.log((math.exp(log_even) + near_one) / 2)
    assert log_wealth(0.5, count, total) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("count", "total", "tuned", "early"), INTERVALS)
def test_the_limits_are_about_as_wide_as_those_of_confseq(count, total, tuned, early):
    interval = confidence_sequence(count, total)
    width, fixed = interval.high - interval.low, clopper_pearson(count, total)
    ratios = [width / (high - low) for low, high in (tuned, early)]
    assert interval.low <= count / total <= interval.high
    assert width > fixed.high - fixed.low
    # What is tuned for this very number of examples is narrower there.
    assert 1.0 < ratios[0] < 1.35
    assert ratios[1] <= ratios[0]
