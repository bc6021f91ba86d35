"""The incomplete beta function: by hand, its identities, then scipy over wide grids."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import bdtrc, betainc, betaincinv

from compatkit.statistics.binomial import beta_share, invert_beta_share

NEW_SCIPY = tuple(map(int, scipy.__version__.split(".")[:2])) >= (1, 12)
SIZES = [
    1,
    2,
    5,
    10,
    15,
    16,
    17,
    100,
    499,
    500,
    501,
    999,
    1000,
    1001,
    5000,
    10**4,
    10**5,
    10**6,
    10**7,
]
# An older scipy misses by 8e-9 at ten million, and is no judge of them.
JUDGED = SIZES if NEW_SCIPY else SIZES[:-1]
TAILS = [1e-12, 1e-8, 1e-6, 1e-4, 5e-4, 0.005, 0.025, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975, 0.9995]

shapes = st.integers(1, 20_000)
tails = st.floats(1e-6, 1 - 1e-6)


def counts_of(size):
    """Counts at the edges, at the code's own branch (16), and some in between."""
    drawn = np.random.default_rng(size).integers(1, size + 1, 5).tolist()
    wanted = {1, 2, 3, 10, 15, 16, 17, 500, *drawn}
    wanted |= {size // 1000, size // 100, size // 10, size // 2, size - size // 10, size - 1, size}
    return sorted(count for count in wanted if 1 <= count <= size)


# P(X >= a) for n = a + b - 1: 2 of 4 at 1/2 is 11/16; 1 of 2 at 1/3 is 5/9; 3 of 3 at 1/5 is 1/125.
@pytest.mark.parametrize(
    ("a", "b", "x", "share"),
    [(2, 3, 0.5, 11 / 16), (1, 2, 1 / 3, 5 / 9), (3, 1, 0.2, 1 / 125), (1, 1, 0.3, 0.3)],
)
def test_by_hand(a, b, x, share):
    assert beta_share(a, b, x) == pytest.approx(share, rel=1e-14)
    assert invert_beta_share(a, b, share) == pytest.approx(x, rel=1e-14)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (3, 500), (700, 2), (10**7, 10**7)])
def test_the_ends(a, b):
    assert beta_share(a, b, 0.0) == 0.0
    assert beta_share(a, b, 1.0) == 1.0


@pytest.mark.parametrize(
    ("n", "x"), [(7, Fraction(1, 8)), (12, Fraction(3, 4)), (30, Fraction(1, 2))]
)
def test_every_tail_of_a_small_binomial_in_whole_numbers(n, x):
    for count in range(1, n + 1):
        exact = sum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(count, n + 1))
        assert beta_share(count, n - count + 1, float(x)) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("n", [1, 20, 299, 10**4, 10**7])
@pytest.mark.parametrize("tail", [1e-6, 0.025, 0.05])
def test_no_count_and_every_count_have_a_limit_in_closed_form(n, tail):
    """None of n: 1 - tail^(1/n); all of n: tail^(1/n)."""
    none, every = -math.expm1(math.log(tail) / n), math.exp(math.log(tail) / n)
    assert invert_beta_share(1, n, 1.0 - tail) == pytest.approx(none, rel=1e-9)
    assert invert_beta_share(n, 1, tail) == pytest.approx(every, rel=1e-12)


@given(shapes, shapes, st.floats(0.0, 1.0))
@example(2, 1, 3.5e-183)  # 1 - x is 1
def test_the_two_tails_make_one(a, b, x):
    assert beta_share(a, b, x) + beta_share(b, a, 1.0 - x) == pytest.approx(1.0, abs=1e-9)


@given(shapes, shapes, st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_it_rises_with_x(a, b, one, other):
    low, high = sorted([one, other])
    assert beta_share(a, b, low) <= beta_share(a, b, high) * (1 + 1e-10) + 1e-300


@given(shapes, shapes, tails)
def test_the_inverse_inverts(a, b, tail):
    x = invert_beta_share(a, b, tail)
    assert 0.0 <= x <= 1.0
    # A double next to 1 leaves the share this much room.
    room = 4 * math.ulp(x) * (a + b) / max(1.0 - x, 1e-16)
    assert beta_share(a, b, x) == pytest.approx(tail, rel=1e-9 + room)


@given(shapes, shapes, tails, tails)
def test_the_inverse_rises_with_the_share(a, b, one, other):
    low, high = sorted([one, other])
    assert invert_beta_share(a, b, low) <= invert_beta_share(a, b, high) * (1 + 1e-12)


@pytest.mark.parametrize("size", JUDGED)
def test_scipy_agrees_on_the_limits(size):
    """Where scipy's own inverse misses its own function (by 1e-8, once), it is no judge."""
    compared = 0
    for count in counts_of(size):
        a, b = count, size - count + 1
        theirs = betaincinv(a, b, TAILS)
        ours = np.array([invert_beta_share(a, b, tail) for tail in TAILS])
        sound = np.isclose(betainc(a, b, theirs), TAILS, rtol=5e-9, atol=0)
        np.testing.assert_allclose(ours[sound], theirs[sound], rtol=1e-9, err_msg=f"{a}, {b}")
        compared += int(sound.sum())
    assert compared > 0.9 * len(counts_of(size)) * len(TAILS)


@pytest.mark.parametrize("size", JUDGED)
def test_scipy_agrees_on_the_tails(size):
    """At 10^7 a rounding of x, times the count, is a relative 1e-9 by itself."""
    for count in counts_of(size):
        a, b = count, size - count + 1
        points = betaincinv(a, b, TAILS)
        ours = [beta_share(a, b, x) for x in points.tolist()]
        tolerance = 1e-9 if size < 10**6 else 5e-9
        np.testing.assert_allclose(ours, betainc(a, b, points), rtol=tolerance, atol=1e-300)


@pytest.mark.parametrize("size", [10, 1000, 100_000])
def test_it_is_the_tail_of_a_binomial(size):
    for count in counts_of(size):
        for rate in (0.001, 0.02, 0.3, 0.9):
            theirs = float(bdtrc(count - 1, size, rate))
            ours = beta_share(count, size - count + 1, rate)
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-300)
