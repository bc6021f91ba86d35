"""What every function of this package returns: an interval, or a value with its interval."""

import math

from msgspec import Struct

from compatkit.errors import ConfigError

__all__ = [
    "Estimate",
    "Interval",
    "check_counts",
    "check_level",
    "check_total",
    "normal_quantile",
    "t_quantile",
    "undefined",
]


class Interval(Struct, frozen=True):
    """A confidence interval, or the reason why there is none.

    Attributes:
        low: Lower limit, in the unit of the quantity; nan where undefined.
        high: Upper limit; nan where undefined, never infinite.
        level: Confidence level in (0, 1).
        method: Name of the method, such as `wilson`.
        reason: Empty, or why the interval is undefined.

    >>> Interval(0.1, 0.2, 0.95, "wilson").is_defined
    True
    """

    low: float
    high: float
    level: float
    method: str
    reason: str = ""

    @property
    def is_defined(self) -> bool:
        """Whether there are limits; otherwise `reason` says why not."""
        return not self.reason


class Estimate(Struct, frozen=True):
    """A value with its interval.

    Attributes:
        value: The point estimate; nan where undefined.
        interval: Its interval; `interval.reason` says why either is undefined.
        used: Number of examples the value rests on.
        left_out: Number of examples that could not be used.

    >>> Estimate(0.15, Interval(0.1, 0.2, 0.95, "wilson"), used=40).left_out
    0
    """

    value: float
    interval: Interval
    used: int = 0
    left_out: int = 0


def undefined(level: float, method: str, reason: str) -> Interval:
    """Return the interval that does not exist, with the reason.

    >>> undefined(0.95, "wilson", "no examples").reason
    'no examples'
    """
    return Interval(math.nan, math.nan, level, method, reason)


def check_level(level: float, name: str = "level") -> float:
    """Return `level` as a float in (0, 1).

    Raises:
        ConfigError: If it lies outside, or is not a number.

    >>> check_level(0.95)
    0.95
    """
    value = float(level)
    if not 0.0 < value < 1.0:
        raise ConfigError(f"{name} is {level}; expected a number between 0 and 1, such as 0.95.")
    return value


def check_counts(**counts: int) -> tuple[int, ...]:
    """Return the counts as Python integers, in the order given.

    Raises:
        ConfigError: If one is negative or not whole.

    >>> check_counts(n10=3, n01=4)
    (3, 4)
    """
    whole: list[int] = []
    for name, count in counts.items():
        if not math.isfinite(count) or int(count) != count or count < 0:
            raise ConfigError(f"{name} is {count}; expected a whole number that is not negative.")
        whole.append(int(count))
    return tuple(whole)


def check_total(total: int, part: int, name: str) -> None:
    """Check that a part is not more than the total.

    Raises:
        ConfigError: If it is.

    >>> check_total(10, 3, "count")
    """
    if part > total:
        raise ConfigError(f"{name} is {part}; expected at most the total, {total}.")


def normal_quantile(level: float) -> float:
    """Return the two-sided standard normal quantile of a level.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    from statistics import NormalDist  # noqa: PLC0415  (start-up time)

    return -NormalDist().inv_cdf((1.0 - level) / 2.0)


def t_quantile(level: float, freedom: float) -> float:
    """Return the two-sided quantile of Student's t distribution of a level.

    From 100 degrees of freedom on, by the expansion of Abramowitz and Stegun 26.7.5, whose error is
    then below 10^-8, so that scipy is loaded for few examples only.

    >>> round(t_quantile(0.95, 4), 6), round(t_quantile(0.95, 200), 6)
    (2.776445, 1.971896)
    """
    if freedom < 100:  # noqa: PLR2004
        from scipy.special import stdtrit  # noqa: PLC0415  (start-up time)

        return float(-stdtrit(freedom, (1.0 - level) / 2.0))
    z = normal_quantile(level)
    z2 = z * z
    terms = (
        (z2 + 1) / 4,
        ((5 * z2 + 16) * z2 + 3) / 96,
        (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
        ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160,
    )
    correction = sum(term / freedom ** (i + 1) for i, term in enumerate(terms))
    return z * (1.0 + correction)
