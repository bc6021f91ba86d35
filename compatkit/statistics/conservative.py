"""Intervals that keep their level where the usual ones may not: what a gate promises.

Each is made of exact limits of proportions, and is a little wide rather than a little narrow.
"""

import math

from compatkit.statistics.interval import (
    Estimate,
    Interval,
    check_counts,
    check_level,
    check_total,
    undefined,
)
from compatkit.statistics.proportions import clopper_pearson

__all__ = ["conservative_difference", "conservative_mean", "conservative_relative_flips"]


def conservative_difference(
    more: int, fewer: int, total: int, level: float = 0.95, *, weight: float = 1.0
) -> Interval:
    """Interval of a difference of paired shares, `(more - weight * fewer) / N`, from exact limits.

    The exact limits of both shares are combined by variance recovery: `d - sqrt(x^2 + y^2 +
    2 rho x y)`, with x the distance of the first share to its lower and y that of the second to
    its upper limit, and rho from the covariance of a multinomial; above d likewise.

    Args:
        more: Examples that count for the first rate alone.
        fewer: Examples that count for the second rate alone.
        total: Number N of examples.
        level: Confidence level in (0, 1).
        weight: What an example of the second kind counts, above 0.

    Returns:
        Limits in [-weight, 1]. Undefined where `total` is 0. By enumeration of 20 to 200 examples
        of which at most half flip (`benchmarks/gate_errors.py`), a limit is on the wrong side in at
        most 4.8 % of the cases at a nominal 5 % and 2.7 % at 2.5 %; Tango's in up to 8.7 and
        5.2 %. It is close to the level, and not proved to keep it.

    Raises:
        ConfigError: If a count is negative, the two are more than the total, or the level is not
            in (0, 1).

    Source:
        Zou and Donner 2008, Stat. Med. 27, 1693-1702, with the limits of Clopper and Pearson 1934.

    >>> interval = conservative_difference(more=9, fewer=25, total=200)
    >>> round(interval.low, 4), round(interval.high, 4)
    (-0.1409, -0.0203)
    """
    level = check_level(level)
    more, fewer, total = check_counts(more=more, fewer=fewer, total=total)
    check_total(total, more + fewer, "more + fewer")
    if total == 0:
        return undefined(level, "clopper-pearson-mover", "no examples")
    first, second = more / total, fewer / total
    limits_first, limits_second = (clopper_pearson(count, total, level) for count in (more, fewer))
    around = (1.0 - first) * (1.0 - second)
    rho = math.sqrt(first * second / around) if around else 1.0

    def distance(x: float, y: float) -> float:
        return math.sqrt(x * x + y * y + 2.0 * rho * x * y)

    value = first - weight * second
    low = value - distance(first - limits_first.low, weight * (limits_second.high - second))
    high = value + distance(limits_first.high - first, weight * (second - limits_second.low))
    return Interval(max(low, -weight), min(high, 1.0), level, "clopper-pearson-mover")


def conservative_relative_flips(
    n11: int, n10: int, n01: int, n00: int, level: float = 0.95
) -> Estimate:
    """Negative flip rate over that of two independent models, with limits that keep their level.

    `R = c / a` with `c = n10 / (n10 + n00)` and `a = (n11 + n10) / N`: the exact lower limit of c
    over the exact upper limit of a, and the other way round, each at half of the error.

    Args:
        n11: Both right.
        n10: Old right, new wrong.
        n01: Old wrong, new right.
        n00: Both wrong.
        level: Confidence level in (0, 1).

    Returns:
        Value and limits, 0 or more. Undefined where the old model is never right or the new one
        never wrong.

    Raises:
        ConfigError: If a count is negative or the level is not in (0, 1).

    Source:
        Ratio: Yan et al. 2021 (arXiv 2011.09161), section 3. Limits: Bonferroni's inequality.

    >>> estimate = conservative_relative_flips(n11=700, n10=50, n01=100, n00=150)
    >>> round(estimate.interval.low, 3), round(estimate.interval.high, 3)
    (0.236, 0.453)
    """
    level = check_level(level)
    n11, n10, n01, n00 = check_counts(n11=n11, n10=n10, n01=n01, n00=n00)
    total, method = n11 + n10 + n01 + n00, "clopper-pearson-bonferroni"
    if n11 + n10 == 0 or n10 + n00 == 0:
        reason = "the new model is never wrong" if n11 + n10 else "the old model is never right"
        reason = reason if total else "no examples"
        return Estimate(math.nan, undefined(level, method, reason), total)
    half = (1.0 + level) / 2.0
    above = clopper_pearson(n10, n10 + n00, half)
    below = clopper_pearson(n11 + n10, total, half)
    value = n10 * total / ((n11 + n10) * (n10 + n00))
    limits = Interval(above.low / below.high, above.high / below.low, level, method)
    return Estimate(value, limits, total)


def conservative_mean(
    value: float, total: int, low: float, high: float, level: float = 0.95
) -> Interval:
    """Interval of the mean of values in [low, high] that were all seen to be equal.

    Of all values at most a share u differs from the one that was seen, with u the exact upper
    limit of none out of N; so the mean is at least `value - u (value - low)`, and at most
    `value + u (high - value)`.

    Args:
        value: What all N values are, in [low, high].
        total: Number N of values.
        low: Smallest value that there can be.
        high: Largest value that there can be.
        level: Confidence level in (0, 1).

    Returns:
        Limits in [low, high]. Undefined where `total` is 0.

    Raises:
        ConfigError: If the total is negative or the level is not in (0, 1).

    Source:
        Clopper and Pearson 1934 for u; the rest is its definition.

    >>> interval = conservative_mean(0.0, total=100, low=0.0, high=1.0)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0, 0.0362)
    """
    share = clopper_pearson(0, total, level)
    if not share.is_defined:
        return undefined(level, "clopper-pearson-mean", share.reason)
    limits = value - share.high * (value - low), value + share.high * (high - value)
    return Interval(*limits, level, "clopper-pearson-mean")
