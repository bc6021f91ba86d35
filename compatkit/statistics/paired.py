"""Intervals of two proportions of the same examples: differences and ratios.

Cells of a pair: `n11` both right, `n10` old right and new wrong (a negative flip), `n01` old wrong
and new right (a positive flip), `n00` both wrong.
"""

from math import exp, log, sqrt

from compatkit.statistics.interval import (
    Estimate,
    Interval,
    check_counts,
    check_level,
    check_total,
    normal_quantile,
    undefined,
)
from compatkit.statistics.proportions import wilson, wilson_of_share

__all__ = ["delta_rate", "delta_rate_percent", "newcombe_paired", "relative_flip_ratio", "tango"]

_HALVINGS = 80


def _tango_statistic(gain: int, loss: int, total: int, delta: float) -> float:
    """Score statistic of the hypothesis `p_new - p_old == delta`, for delta inside (-1, 1)."""
    a = 2.0 * total
    b = (2.0 * total - gain + loss) * delta - gain - loss
    c = -loss * delta * (1.0 - delta)
    root = sqrt(max(b * b - 4.0 * a * c, 0.0))
    # The two forms are equal; each is free of cancellation where it is used.
    q = (root - b) / (2.0 * a) if b <= 0.0 else -2.0 * c / (root + b)
    variance = total * (2.0 * q + delta * (1.0 - delta))
    return (gain - loss - total * delta) / sqrt(max(variance, 1e-300))


def _tango_upper(gain: int, loss: int, total: int, z: float) -> float:
    """Largest difference that the score test does not reject."""
    inside, outside = (gain - loss) / total, 1.0
    if gain == total:
        return 1.0
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2.0
        if middle in (inside, outside):
            break
        if _tango_statistic(gain, loss, total, middle) >= -z:
            inside = middle
        else:
            outside = middle
    return inside


def tango(n10: int, n01: int, total: int, level: float = 0.95) -> Interval:
    """Tango's score interval of the difference of two paired proportions.

    The differences d with `abs(n01 - n10 - N d) <= z * sqrt(N (2 q + d (1 - d)))`, where q is the
    maximum-likelihood estimate of P(old right, new wrong) if the difference is d.

    Args:
        n10: Number of negative flips: old right, new wrong.
        n01: Number of positive flips: old wrong, new right.
        total: Number N of examples, flipped or not.
        level: Confidence level in (0, 1).

    Returns:
        Limits of `p_new - p_old = (n01 - n10) / N`, in [-1, 1]. With no flip at all they are
        `-z^2/(N + z^2)` and `z^2/(N + z^2)`. Undefined where `total` is 0.

    Raises:
        ConfigError: If a count is negative, the flips are more than the total, or the level is not
            in (0, 1).

    Source:
        Tango 1998, Stat. Med. 17, 891-908, section 4. Solved by bisection.

    >>> interval = tango(n10=1, n01=7, total=21)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.026, 0.517)
    """
    level = check_level(level)
    n10, n01, total = check_counts(n10=n10, n01=n01, total=total)
    check_total(total, n10 + n01, "n10 + n01")
    if total == 0:
        return undefined(level, "tango", "no examples")
    z = normal_quantile(level)
    low = -_tango_upper(n10, n01, total, z)
    high = _tango_upper(n01, n10, total, z)
    return Interval(low, high, level, "tango")


def _newcombe_correlation(n11: int, n10: int, n01: int, n00: int) -> float:
    """Correlation of the two proportions, with Newcombe's continuity correction."""
    margins = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00)
    if margins == 0:
        return 0.0
    excess = float(n11 * n00 - n10 * n01)
    if excess > 0.0:
        excess = max(excess - (n11 + n10 + n01 + n00) / 2.0, 0.0)
    return excess / sqrt(margins)


def newcombe_paired(n11: int, n10: int, n01: int, n00: int, level: float = 0.95) -> Interval:
    """Newcombe's hybrid score interval of the difference of two paired proportions.

    Wilson limits of either proportion, combined as
    `d - sqrt(a^2 - 2 phi a b + b^2)` and `d + sqrt(e^2 - 2 phi e f + f^2)`, with a, f the distances
    to the lower limits of new and old, e, b to the upper ones, phi the corrected correlation.

    Args:
        n11: Both right.
        n10: Old right, new wrong.
        n01: Old wrong, new right.
        n00: Both wrong.
        level: Confidence level in (0, 1).

    Returns:
        Limits of `p_new - p_old`, in [-1, 1]. Undefined where all counts are 0.

    Raises:
        ConfigError: If a count is negative or the level is not in (0, 1).

    Source:
        Newcombe 1998, Stat. Med. 17, 2635-2650, method 10.

    >>> interval = newcombe_paired(n11=1, n10=1, n01=7, n00=12)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.026, 0.507)
    """
    level = check_level(level)
    n11, n10, n01, n00 = check_counts(n11=n11, n10=n10, n01=n01, n00=n00)
    total = n11 + n10 + n01 + n00
    if total == 0:
        return undefined(level, "newcombe-paired", "no examples")
    old, new = (n11 + n10) / total, (n11 + n01) / total
    around_old, around_new = wilson(n11 + n10, total, level), wilson(n11 + n01, total, level)
    phi = _newcombe_correlation(n11, n10, n01, n00)
    new_down, old_up = new - around_new.low, around_old.high - old
    new_up, old_down = around_new.high - new, old - around_old.low
    below = new_down**2 - 2.0 * phi * new_down * old_up + old_up**2
    above = new_up**2 - 2.0 * phi * new_up * old_down + old_down**2
    low = max(new - old - sqrt(max(below, 0.0)), -1.0)
    high = min(new - old + sqrt(max(above, 0.0)), 1.0)
    return Interval(low, high, level, "newcombe-paired")


def _ratio_limits(n11: int, n10: int, n01: int, n00: int, level: float) -> tuple[float, float]:
    """Limits of `share / right`: P(old right | new wrong) over P(old right)."""
    total, wrong = n11 + n10 + n01 + n00, n10 + n00
    share, right = n10 / wrong, (n11 + n10) / total
    around_share, around_right = wilson(n10, wrong, level), wilson(n11 + n10, total, level)
    if n10 == 0:
        return 0.0, around_share.high / right
    # One example added to each cell keeps the correlation of a nearly empty table below 1.
    s, r, w = (n10 + 1) / (wrong + 2), (n11 + n10 + 2) / (total + 4), (wrong + 2) / (total + 4)
    correlation = min(sqrt(s * (1.0 - s) * w / (r * (1.0 - r))), 1.0)

    def spread(of_share: float, of_right: float) -> float:
        square = of_share**2 + of_right**2 - 2.0 * correlation * of_share * of_right
        return exp(sqrt(max(square, 0.0)))

    down = spread(log(share / around_share.low), log(around_right.high / right))
    up = spread(log(around_share.high / share), log(right / around_right.low))
    return share / right / down, share / right * up


def relative_flip_ratio(n11: int, n10: int, n01: int, n00: int, level: float = 0.95) -> Estimate:
    """Negative flip rate over the rate that two independent models would have, with its interval.

    `R = (n10/N) / (accuracy_old * (1 - accuracy_new)) = n10 N / ((n11+n10) (n10+n00))`, which is
    `c / a` with `c = n10 / (n10+n00)` and `a = (n11+n10) / N`. The Wilson limits of c and a are
    combined on the log scale: `log R - sqrt(x^2 + y^2 - 2 rho x y)` with the log distances x from c
    to its lower and y from a to its upper limit, and `rho = sqrt(c (1-c) w / (a (1-a)))`,
    w the share of new wrong answers; above R likewise.

    Args:
        n11: Both right.
        n10: Old right, new wrong.
        n01: Old wrong, new right.
        n00: Both wrong.
        level: Confidence level in (0, 1).

    Returns:
        Value and limits, 0 or more; 1 means independent mistakes. At `n10 == 0` the limits are 0
        and the upper limit of c over a. Undefined where the old model is never right or the new
        one never wrong.

    Raises:
        ConfigError: If a count is negative or the level is not in (0, 1).

    Source:
        Ratio: Yan et al. 2021 (arXiv 2011.09161), section 3. Interval: variance recovery, Zou and
        Donner 2008, Stat. Med. 27, 1693-1702; its application to this ratio is ours, in place of
        the delta method, which covers far too little where the new model is seldom wrong.

    >>> estimate = relative_flip_ratio(n11=700, n10=50, n01=100, n00=150)
    >>> round(estimate.value, 3)
    0.333
    >>> round(estimate.interval.low, 3), round(estimate.interval.high, 3)
    (0.264, 0.413)
    """
    level = check_level(level)
    n11, n10, n01, n00 = check_counts(n11=n11, n10=n10, n01=n01, n00=n00)
    total, method = n11 + n10 + n01 + n00, "log-mover"
    reason = ""
    if total == 0:
        reason = "no examples"
    elif n11 + n10 == 0:
        reason = "the old model is never right"
    elif n10 + n00 == 0:
        reason = "the new model is never wrong"
    if reason:
        return Estimate(float("nan"), undefined(level, method, reason), total)
    value = n10 * total / ((n11 + n10) * (n10 + n00))
    low, high = _ratio_limits(n11, n10, n01, n00, level)
    return Estimate(value, Interval(low, high, level, method), total)


def delta_rate(only_candidate: int, only_new: int, total: int, level: float = 0.95) -> Interval:
    """Interval of the difference of two negative flip rates against the same old model.

    `NFR(old, candidate) - NFR(old, new) = (only_candidate - only_new) / N`, by Tango's score
    interval: either rate counts the same examples.

    Args:
        only_candidate: Examples where the candidate flips to wrong and the new model does not.
        only_new: Examples where the new model flips to wrong and the candidate does not.
        total: Number N of examples.
        level: Confidence level in (0, 1).

    Returns:
        Limits in [-1, 1]. Undefined where `total` is 0.

    Raises:
        ConfigError: If a count is negative, the two are more than the total, or the level is not
            in (0, 1).

    Source:
        Tango 1998, Stat. Med. 17, 891-908, section 4.

    >>> interval = delta_rate(only_candidate=5, only_new=40, total=1000)
    >>> round(interval.low, 4), round(interval.high, 4)
    (-0.0495, -0.023)
    """
    return tango(n10=only_new, n01=only_candidate, total=total, level=level)


def _bonett_price(both: int, first: int, second: int, z: float) -> tuple[float, float]:
    """Limits of the ratio of two paired proportions, counts `both + first` and `both + second`."""
    of_first, of_second = both + first, both + second
    seen = both + first + second
    joint = sqrt((first + second + 2.0) / ((of_first + 1.0) * (of_second + 1.0)))
    alone = [sqrt((1.0 - (k + 1.0) / (seen + 2.0)) / (k + 1.0)) for k in (of_first, of_second)]
    adjusted = z * joint / sum(alone)
    low_first, high_first = wilson_of_share(of_first / seen, seen, adjusted)
    low_second, high_second = wilson_of_share(of_second / seen, seen, adjusted)
    return low_first / high_second, high_first / low_second


def delta_rate_percent(
    both: int, only_candidate: int, only_new: int, total: int, level: float = 0.95
) -> Estimate:
    """Relative change of the negative flip rate from new to candidate, in percent.

    `100 (NFR(old, candidate) - NFR(old, new)) / NFR(old, new) = 100 (r - 1)` with the ratio
    `r = (both + only_candidate) / (both + only_new)`; its limits combine two Wilson intervals whose
    quantile is adjusted for the pairing.

    Args:
        both: Examples where both the candidate and the new model flip to wrong.
        only_candidate: Examples where only the candidate does.
        only_new: Examples where only the new model does.
        total: Number N of examples; the ratio does not depend on it.
        level: Confidence level in (0, 1).

    Returns:
        Value and limits in percent, -100 or more. Undefined where the new model has no negative
        flip.

    Raises:
        ConfigError: If a count is negative, the three are more than the total, or the level is not
            in (0, 1).

    Source:
        Bonett and Price 2006, Stat. Med. 25, 3039-3047. Unlike the delta method on the log scale
        it has limits where the candidate has no flip, and a width where all flips are shared.

    >>> estimate = delta_rate_percent(both=60, only_candidate=5, only_new=40, total=1000)
    >>> round(estimate.value, 1)
    -35.0
    >>> round(estimate.interval.low, 1), round(estimate.interval.high, 1)
    (-44.8, -23.4)
    """
    level = check_level(level)
    both, only_candidate, only_new, total = check_counts(
        both=both, only_candidate=only_candidate, only_new=only_new, total=total
    )
    check_total(total, both + only_candidate + only_new, "both + only_candidate + only_new")
    method = "bonett-price"
    if both + only_new == 0:
        reason = "no examples" if total == 0 else "the new model has no negative flip"
        return Estimate(float("nan"), undefined(level, method, reason), total)
    low, high = _bonett_price(both, only_candidate, only_new, normal_quantile(level))
    value = 100.0 * (only_candidate - only_new) / (both + only_new)
    limits = Interval(100.0 * (low - 1.0), 100.0 * (high - 1.0), level, method)
    return Estimate(value, limits, total)
