"""Bounds by betting beside those of the authors' package, on a grid.

The limits below are the reference's: confseq 0.0.11 (PyPI, source distribution; numpy 2.4.6, Python
3.11), `confseq.betting.diversified_betting_mart(x, m, bets, theta=0, trunc_scale=0.999)`, which
truncates each bet b to 0.999 / (1 - m). The bets, of n values at the tail alpha: 16 constant ones,
evenly in the logarithm, from min(sqrt(8 log(1 / alpha) / n), 1/2) to 1, and 16 from 1 to n, of
equal weight. An upper limit is the m at which the last value of the martingale is 1 / alpha, by
bisection until two floats are neighbours; a lower one is 1 less the upper limit of the values
1 - x. Nine digits were printed.
"""

import pytest

from compatkit.statistics import betting_mean

VALUES = {
    "3 of 300 by .9": [0.0] * 297 + [0.9] * 3,
    "1 of 100 by 1": [0.0] * 99 + [1.0],
    "0 of 50": [0.0] * 50,
    "tenths": [k / 10 for k in range(11)] * 5,
    "20 of 400 by .5": [0.0] * 380 + [0.5] * 20,
    "20 of 40 by 1": [0.0, 1.0] * 20,
    "sevenths": [(3 * k % 7) / 7 for k in range(140)],
}
REFERENCE = [
    ("3 of 300 by .9", 0.9, 0.000701955, 0.031624775),
    ("1 of 100 by 1", 0.9, 0.000000000, 0.068206404),
    ("0 of 50", 0.9, 0.000000000, 0.065258307),
    ("tenths", 0.9, 0.377915984, 0.622084016),
    ("20 of 400 by .5", 0.9, 0.011264210, 0.041722855),
    ("20 of 40 by 1", 0.9, 0.290595159, 0.709404841),
    ("sevenths", 0.9, 0.361347307, 0.495795070),
    ("3 of 300 by .9", 0.95, 0.000535129, 0.034218585),
    ("1 of 100 by 1", 0.95, 0.000000000, 0.076506790),
    ("0 of 50", 0.95, 0.000000000, 0.079273836),
    ("tenths", 0.95, 0.364445615, 0.635554385),
    ("20 of 400 by .5", 0.95, 0.010431948, 0.043569344),
    ("20 of 40 by 1", 0.95, 0.270177926, 0.729822074),
    ("sevenths", 0.95, 0.355407183, 0.501734482),
    ("3 of 300 by .9", 0.99, 0.000297349, 0.039980514),
    ("1 of 100 by 1", 0.99, 0.000000000, 0.095674964),
    ("0 of 50", 0.99, 0.000000000, 0.110491923),
    ("tenths", 0.99, 0.338234482, 0.661765518),
    ("20 of 400 by .5", 0.99, 0.008978108, 0.047701785),
    ("20 of 40 by 1", 0.99, 0.228984851, 0.771015149),
    ("sevenths", 0.99, 0.341874122, 0.515258510),
]


@pytest.mark.parametrize(("name", "level", "low", "high"), REFERENCE)
def test_the_limits_are_those_of_confseq(name: str, level: float, low: float, high: float) -> None:
    interval = betting_mean(VALUES[name], level=level)
    assert interval.low == pytest.approx(low, abs=2e-9)
    assert interval.high == pytest.approx(high, abs=2e-9)
