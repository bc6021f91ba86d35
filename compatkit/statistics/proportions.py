"""Intervals of one proportion: a count out of a total."""

from math import sqrt
from typing import Literal

from compatkit.errors import ConfigError
from compatkit.statistics.binomial import invert_beta_share
from compatkit.statistics.interval import (
    Interval,
    check_counts,
    check_level,
    check_total,
    normal_quantile,
    undefined,
)

__all__ = ["clopper_pearson", "wilson", "wilson_of_share"]


def wilson_of_share(share: float, total: float, z: float) -> tuple[float, float]:
    """Return the limits of Wilson's interval for a share and any number of examples above 0.

    >>> low, high = wilson_of_share(0.25, 12.0, 2.0)
    >>> round(low, 4), round(high, 4)
    (0.0872, 0.5378)
    """
    z2 = z * z
    count = share * total
    half = sqrt(z2 * (count * (1.0 - share) + z2 / 4.0))
    low = 0.0 if share == 0.0 else (count + z2 / 2.0 - half) / (total + z2)
    high = 1.0 if share == 1.0 else (count + z2 / 2.0 + half) / (total + z2)
    return low, high


def wilson(count: int, total: int, level: float = 0.95) -> Interval:
    """Wilson score interval of a proportion.

    The values p with `abs(count/total - p) <= z * sqrt(p (1 - p) / total)`.

    Args:
        count: Number of examples with the property, 0 to `total`.
        total: Number of examples.
        level: Confidence level in (0, 1).

    Returns:
        Limits in [0, 1]. `low` is exactly 0 at `count == 0`, and `high` exactly 1 at
        `count == total`. Undefined where `total` is 0.

    Raises:
        ConfigError: If a count is negative or above the total, or the level is not in (0, 1).

    Source:
        Wilson 1927, J. Am. Stat. Assoc. 22, 209-212; Newcombe 1998, Stat. Med. 17, 857-872,
        method 3.

    >>> interval = wilson(15, 148)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0624, 0.1605)
    """
    level = check_level(level)
    count, total = check_counts(count=count, total=total)
    check_total(total, count, "count")
    if total == 0:
        return undefined(level, "wilson", "no examples")
    low, high = wilson_of_share(count / total, total, normal_quantile(level))
    return Interval(low, high, level, "wilson")


def clopper_pearson(
    count: int,
    total: int,
    level: float = 0.95,
    side: Literal["two", "lower", "upper"] = "two",
) -> Interval:
    """Exact interval of a proportion: coverage is never below the level.

    The limits are the p at which `P(X >= count)` or `P(X <= count)` of a binomial equals the tail,
    which is `(1 - level) / 2` for two sides and `1 - level` for one.

    Args:
        count: Number of examples with the property, 0 to `total`.
        total: Number of examples.
        level: Confidence level in (0, 1).
        side: `two`; or `lower`: only a lower limit, `high` is 1; or `upper`: only an upper limit,
            `low` is 0.

    Returns:
        Limits in [0, 1]. Undefined where `total` is 0.

    Raises:
        ConfigError: If a count is negative or above the total, the level is not in (0, 1), or the
            side is none of the three.

    Source:
        Clopper and Pearson 1934, Biometrika 26, 404-413.

    >>> round(clopper_pearson(0, 20, side="upper").high, 4)
    0.1391
    """
    level = check_level(level)
    count, total = check_counts(count=count, total=total)
    check_total(total, count, "count")
    if side not in ("two", "lower", "upper"):
        raise ConfigError(f"side is {side!r}; expected 'two', 'lower' or 'upper'.")
    method = "clopper-pearson" if side == "two" else f"clopper-pearson-{side}"
    if total == 0:
        return undefined(level, method, "no examples")
    tail = (1.0 - level) / (2.0 if side == "two" else 1.0)
    low, high = 0.0, 1.0
    if side != "upper" and count > 0:
        low = invert_beta_share(count, total - count + 1, tail)
    if side != "lower" and count < total:
        high = invert_beta_share(count + 1, total - count, 1.0 - tail)
    return Interval(low, high, level, method)
