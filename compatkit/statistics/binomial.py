"""Tails of the binomial distribution and their inverses, without the time that scipy takes to load.

The regularised incomplete beta function by its continued fraction (Lentz's method), in logarithms
where they would underflow.
"""

from functools import lru_cache
from math import exp, lgamma, log, log1p, pi

__all__ = ["beta_share", "invert_beta_share", "log_beta_share"]

_TINY = 1e-300
_LEAST_CHANGE = 1e-16
_MOST_STEPS = 100_000
_FEW = 16  # from here on Stirling's series is exact to the last digit


def beta_share(a: int, b: int, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b): `P(X >= a)` of a binomial with n = a + b - 1.

    Args:
        a: A whole number, 1 or more.
        b: The same.
        x: In [0, 1].

    Returns:
        A probability.

    Source:
        DLMF 8.17.22, https://dlmf.nist.gov/8.17.

    >>> round(beta_share(2, 3, 0.5), 6)
    0.6875
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return _share(a, b, x, 1.0 - x)


def log_beta_share(a: int, b: int, x: float) -> float:
    """Logarithm of `beta_share`, where that is too small for a number too.

    Args:
        a: A whole number, 1 or more.
        b: The same.
        x: In (0, 1).

    Returns:
        A number of at most 0.

    >>> round(log_beta_share(2000, 1, 0.5), 3)  # 2000 log(1/2)
    -1386.294
    """
    y = 1.0 - x
    if x > (a + 1.0) / (a + b + 2.0):
        return log1p(-_share(b, a, y, x))
    return _log_front(a, b, x, y) - log(a * _fraction(a, b, x))


def _share(a: int, b: int, x: float, y: float) -> float:
    """Return I_x(a, b); y is 1 - x, which rounds to 1 where x is small."""
    if x > (a + 1.0) / (a + b + 2.0):  # where the fraction converges slowly
        return 1.0 - _share(b, a, y, x)
    return exp(_log_front(a, b, x, y)) / (a * _fraction(a, b, x))


def _log_front(a: int, b: int, x: float, y: float) -> float:
    """Return log(x^a y^b / B(a, b)), from terms none of which is large."""
    if b < min(a, _FEW):
        return _log_front(b, a, y, x)
    if a < _FEW:
        product = sum(log(x * (b + i)) for i in range(a))
        return product - lgamma(a) + b * (log(y) if y < x else log1p(-x))
    n = a + b
    beyond = x * n - a
    main = _times_log(a, beyond, x * n) + _times_log(b, -beyond, y * n)
    main += 0.5 * log(a * b / (2.0 * pi * n))
    return main + _stirling(n) - _stirling(a) - _stirling(b)


def _times_log(size: int, beyond: float, reached: float) -> float:
    """Return size * log(reached / size), precisely where they differ by little, `beyond`."""
    close = abs(beyond) < size / 2
    return size * (log1p(beyond / size) if close else log(reached / size))


def _stirling(z: int) -> float:
    """Return log(gamma(z)) less Stirling's first terms: DLMF 5.11.1."""
    w = 1.0 / (z * z)
    series = 1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w * (1.0 / 1680.0 - w / 1188.0)))
    return series / z


def _fraction(a: int, b: int, x: float) -> float:
    """Return 1 + d1/(1 + d2/(1 + ...))."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, _MOST_STEPS):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / _away_from_zero(1.0 + term * d)
        c = _away_from_zero(1.0 + term / c)
        value *= c * d
        if abs(c * d - 1.0) < _LEAST_CHANGE:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


@lru_cache(maxsize=8192)  # several budgets, and the steps of Holm, ask for the same limits
def invert_beta_share(a: int, b: int, share: float) -> float:
    """Return the x with `beta_share(a, b, x) == share`, by Newton's method kept in brackets.

    Args:
        a: A whole number, 1 or more.
        b: The same.
        share: In (0, 1).

    Returns:
        A number in [0, 1].

    >>> round(invert_beta_share(1, 20, 0.95), 4)
    0.1391
    """
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(_MOST_STEPS):
        y = 1.0 - x
        excess = _share(a, b, x, y) - share
        low, high = (x, high) if excess < 0.0 else (low, x)
        slope = exp(_log_front(a, b, x, y)) / (x * y)
        following = x - excess / slope if slope else low
        if not low < following < high:
            following = (low + high) / 2.0
        if abs(following - x) <= _LEAST_CHANGE * x or following in (low, high):
            return following
        x = following
    return x
