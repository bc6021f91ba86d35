"""Limits of a proportion that hold at every number of examples at once."""

import math

from compatkit.errors import ConfigError
from compatkit.statistics.binomial import beta_share
from compatkit.statistics.interval import (
    Interval,
    check_counts,
    check_level,
    check_total,
    undefined,
)

__all__ = ["confidence_sequence"]

STEPS = 200


def confidence_sequence(count: int, total: int, level: float = 0.95) -> Interval:
    """Interval of a proportion for who looks more than once.

    After n examples, S of them with the property, the claim 'the proportion is p or more' is held
    against all smaller ones, q. The likelihood ratio is averaged over q in two ways, evenly, and
    evenly in `log(1 - q)`, which is what proportions near 1 need:

        M(p) = mean over both of integral from 0 to p of
               (q/p)^S ((1-q)/(1-p))^(n-S) w(q) dq,   w = 1/p and 1 / ((1-q) log(1/(1-p))).

    Under the claim, M is a wealth that is not expected to rise: that it ever reaches 1 / alpha, at
    whatever n, has a chance of alpha at most (Ville 1939). The upper limit is the p at which it
    does; the lower one is 1 less the upper limit of the other n - S examples.

    Args:
        count: Number of examples with the property, 0 to `total`.
        total: Number of examples.
        level: Confidence level in (0, 1); each limit errs with at most half of the rest, over all
            numbers of examples together.

    Returns:
        Limits in [0, 1]. Undefined where `total` is 0.

    Raises:
        ConfigError: If a count is negative or above the total, or the level is not in (0, 1).

    Source:
        Robbins 1970, Ann. Math. Stat. 41, 1397-1409; Howard, Ramdas, McAuliffe and Sekhon 2021
        (arXiv 1810.08240), section 3, with mixtures over one side.

    >>> interval = confidence_sequence(8, 400)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0043, 0.0495)
    """
    level = check_level(level)
    count, total = check_counts(count=count, total=total)
    check_total(total, count, "count")
    if total == 0:
        return undefined(level, "beta-mixture", "no examples")
    alpha = (1.0 - level) / 2.0
    low, high = 1.0 - _upper_limit(total - count, total, alpha), _upper_limit(count, total, alpha)
    return Interval(low, high, level, "beta-mixture")


def _upper_limit(count: int, total: int, alpha: float) -> float:
    """Return the smallest p that is refuted, 1 where none is."""
    if count == total:
        return 1.0
    low, high = count / total, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        refuted = log_wealth(middle, count, total) >= -math.log(alpha)
        low, high = (low, middle) if refuted else (middle, high)
    return high


def log_wealth(p: float, count: int, total: int) -> float:
    """Return log M(p); see `confidence_sequence`.

    Args:
        p: The claim, in (0, 1).
        count: Number S of examples with the property, below `total`.
        total: Number n of examples.

    Raises:
        ConfigError: If p is not in (0, 1).

    >>> round(log_wealth(0.5, 0, 10), 3)
    5.117
    """
    if not 0.0 < p < 1.0:
        raise ConfigError(f"p is {p}; expected a number between 0 and 1.")
    others = total - count
    null = count * math.log(p) + others * math.log1p(-p)
    even = _log_integral(count + 1, others + 1, p) - math.log(p)
    near_one = _log_integral(count + 1, others, p) - math.log(-math.log1p(-p))
    highest = max(even, near_one)
    mean = (math.exp(even - highest) + math.exp(near_one - highest)) / 2.0
    return highest + math.log(mean) - null


def _log_integral(a: int, b: int, p: float) -> float:
    """Return the logarithm of the integral of q^(a-1) (1-q)^(b-1) from 0 to p."""
    beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    return beta + math.log(beta_share(a, b, p))
