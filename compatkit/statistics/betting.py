"""Bounds of bounded means that hold at any number of examples, whatever the values look like.

A bound is a bet: whoever claims that the mean is m pays for values that say otherwise. Wealth that
starts at 1 and is fair where the claim is true reaches 1 / alpha with a chance of alpha at most;
the claims under which it has reached that are refuted. No value that was not seen is taken to be
impossible, which is what a bootstrap does.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import Interval, check_level, undefined
from compatkit.statistics.resampling import check_values, group_rows

__all__ = ["betting_mean", "betting_p_value", "betting_ratio"]

# How many bets are placed side by side, half of them at up to 1 and half above.
BETS = 32
BETS_AT_ANY_LOOK = 64
# At any look there is no number of examples to choose the bets by.
SMALLEST_BET, LARGEST_BET = 2.0**-10, 2.0**20
# What may be lost at once: a little is kept, so that the wealth never ends.
LARGEST_STAKE = 0.999
# Values are put on a grid this fine where there are more of them than this, each towards the side
# on which the limit is weaker.
GRID = 1 << 16
PRECISION = 1e-11
AT_ONCE = 1 << 16  # so many numbers are worked out in one go, beyond which memory would grow


def betting_mean(
    values: ArrayLike,
    low: float = 0.0,
    high: float = 1.0,
    level: float = 0.95,
    *,
    clusters: ArrayLike | None = None,
    at_any_look: bool = False,
) -> Interval:
    """Interval of a mean of values in [low, high], valid for every distribution of them.

    See `betting_ratio`, of which this is the case that every example counts once.

    Args:
        values: Shape (n,), in [low, high].
        low: Smallest value that there can be.
        high: Largest value that there can be.
        level: Confidence level in (0, 1); each limit errs with at most half of the rest.
        clusters: Shape (n,): a label for each example, where examples depend on each other.
        at_any_look: The limits hold at every number of examples at once, so that more may be
            added until something is settled.

    Returns:
        Limits in [low, high]. Undefined without examples.

    Raises:
        ConfigError: If a value is not finite or outside [low, high], the labels do not fit, or the
            level is not in (0, 1).

    Source:
        Waudby-Smith and Ramdas 2024 (arXiv 2010.09686), sections 4 and 5.

    >>> interval = betting_mean([0.0] * 990 + [0.5] * 10)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0013, 0.011)
    """
    array = check_values(values, "values")
    if clusters is None:
        sizes = np.ones(array.size)
        return betting_ratio(array, sizes, low, high, level, at_any_look=at_any_look)
    codes, groups = group_rows(clusters, array.size)
    sums = np.bincount(codes, array, groups)
    sizes = np.bincount(codes, minlength=groups).astype(np.float64)
    return betting_ratio(sums, sizes, low, high, level, at_any_look=at_any_look)


def betting_ratio(
    sums: ArrayLike,
    sizes: ArrayLike,
    low: float = 0.0,
    high: float = 1.0,
    level: float = 0.95,
    *,
    largest: float | None = None,
    at_any_look: bool = False,
) -> Interval:
    """Interval of `E[sum] / E[size]` over independent groups, valid for every distribution of them.

    With `r_g = (sum_g - low size_g) / (high - low)`, in `[0, size_g]`, a claim m in [0, 1] and
    bets `b_j`, the wealth of who bets that the ratio is smaller is

        K(m) = mean over j of product over g of 1 - s_j (r_g - m size_g) / (c (1 - m)),
        s_j = min(b_j (1 - m), 0.999),

    with c the largest size that there can be. If the ratio is m or more, no group is expected to
    raise it, so that K(m) reaches 1 / alpha with a chance of alpha at most (Ville 1939). K rises
    with m; the upper limit is where it reaches 1 / alpha, and the lower one that of the mirrored
    values. The bets are fixed before a value is seen, so that the order of the groups is of no
    consequence: spread evenly in their logarithm, from the best one for the most varied of all
    values to 1, and from there to the number of groups.

    Args:
        sums: Shape (G,): the sum of the values of each group, in `[low * size, high * size]`.
        sizes: Shape (G,): how many values each group has; groups of none are allowed.
        low: Smallest value that there can be.
        high: Largest value that there can be.
        level: Confidence level in (0, 1); each limit errs with at most half of the rest.
        largest: c, the largest size that a group can have; the largest that was seen, if not given.
        at_any_look: As of `betting_mean`.

    Returns:
        Limits in [low, high]. Undefined where no group has a value.

    Raises:
        ConfigError: If a sum is outside its range, the shapes differ, or the level is not in
            (0, 1).

    Source:
        Waudby-Smith and Ramdas 2024 (arXiv 2010.09686), section 4, with a mixture over fixed
        stakes in the place of predictable ones; groups: the same with the sums of groups, which
        are independent.

    >>> round(betting_ratio([0.0] * 20, [5.0] * 20, level=0.9).high, 3)
    0.158
    """
    level = check_level(level)
    method = "betting-at-any-look" if at_any_look else "betting"
    sums, sizes = check_values(sums, "sums"), check_values(sizes, "sizes")
    if sums.shape != sizes.shape:
        raise ConfigError(f"sums has the shape {sums.shape}; expected {sizes.shape}, as sizes has.")
    counted = sizes > 0
    if not counted.any():
        return undefined(level, method, "no examples")
    sums, sizes = sums[counted], sizes[counted]
    shares = _to_shares(sums, sizes, low, high)
    most = float(sizes.max()) if largest is None else largest
    alpha = (1.0 - level) / 2.0
    bets = _spread_bets(sizes, alpha, at_any_look=at_any_look)
    highest = _upper_limit(shares, sizes, most, alpha, bets)
    lowest = 1.0 - _upper_limit(sizes - shares, sizes, most, alpha, bets)
    width = high - low
    return Interval(low + width * lowest, low + width * highest, level, method)


def betting_p_value(
    sums: ArrayLike,
    sizes: ArrayLike,
    claim: float,
    *,
    low: float = 0.0,
    high: float = 1.0,
    level: float = 0.95,
    largest: float | None = None,
) -> float:
    """p-value of the claim that `E[sum] / E[size]` is at least so much.

    1 / K(claim), with the bets of the interval at the level: at most alpha = (1 - level) / 2 where,
    and only where, the upper limit of `betting_ratio` at that level is at most the claim.

    Args:
        sums: As of `betting_ratio`.
        sizes: As of `betting_ratio`.
        claim: Between low and high, both excluded.
        low: Smallest value that there can be.
        high: Largest value that there can be.
        level: Confidence level in (0, 1), which chooses the bets.
        largest: As of `betting_ratio`.

    Returns:
        p-value in (0, 1].

    Raises:
        ConfigError: As of `betting_ratio`, or a claim outside of its range.

    Source:
        Ville 1939: wealth that is fair under the claim reaches 1 / p with a chance of p at most.

    >>> betting_p_value([0.0] * 60, [1.0] * 60, claim=0.1) < 0.025
    True
    """
    level = check_level(level)
    if not low < claim < high:
        raise ConfigError(
            f"claim is {claim:g}; a number between {low:g} and {high:g} was expected."
        )
    sums, sizes = check_values(sums, "sums"), check_values(sizes, "sizes")
    counted = sizes > 0
    if not counted.any():
        return 1.0
    sums, sizes = sums[counted], sizes[counted]
    most = float(sizes.max()) if largest is None else largest
    bets = _spread_bets(sizes, (1.0 - level) / 2.0, at_any_look=False)
    gathered = _gather(_to_shares(sums, sizes, low, high), sizes)
    wealth = _log_wealth(gathered, (claim - low) / (high - low), most, bets)
    return min(1.0, max(math.exp(-max(wealth, 0.0)), float(np.finfo(float).tiny)))


def _to_shares(sums: FloatArray, sizes: FloatArray, low: float, high: float) -> FloatArray:
    """Scale sums of values in [low, high] to sums of values in [0, 1]."""
    if not low < high:
        raise ConfigError(f"low is {low:g} and high {high:g}; expected low below high.")
    shares = (sums - low * sizes) / (high - low)
    slack = 1e-9 * sizes
    if (shares < -slack).any() or (shares > sizes + slack).any():
        raise ConfigError(f"a value lies outside of {low:g} to {high:g}, its range.")
    scaled: FloatArray = np.clip(shares, 0.0, sizes)
    return scaled


def _spread_bets(sizes: FloatArray, alpha: float, *, at_any_look: bool) -> FloatArray:
    """Return the bets, shape (J,)."""
    if at_any_look:
        half, smallest, largest = BETS_AT_ANY_LOOK // 2, SMALLEST_BET, LARGEST_BET
    else:
        # Groups of unequal size tell as much as this many of one size. The best bet for values of
        # standard deviation 1/2, which is the largest in [0, 1]:
        groups = sizes.sum() ** 2 / (sizes**2).sum()
        smallest = min(math.sqrt(8.0 * math.log(1.0 / alpha) / groups), 0.5)
        half, largest = BETS // 2, max(groups, 2.0)
    parts = (np.geomspace(smallest, 1.0, half), np.geomspace(1.0, largest, half))
    return np.concatenate(parts)


def _log_wealth(
    gathered: tuple[FloatArray, FloatArray, FloatArray], claim: float, most: float, bets: FloatArray
) -> float:
    """Return log K(claim), of who bets that the ratio is smaller."""
    shares, sizes, counts = gathered
    steps = (shares - claim * sizes) / (most * (1.0 - claim))
    stakes = np.minimum(bets * (1.0 - claim), LARGEST_STAKE)
    stakes, alike = np.unique(stakes, return_counts=True)
    if stakes.size * steps.size <= AT_ONCE:
        logs = np.log1p(np.outer(-stakes, steps)) @ counts
    else:
        logs = np.array([np.log1p(-stake * steps) @ counts for stake in stakes])
    highest = float(logs.max())
    return highest + math.log(float(np.exp(logs - highest) @ alike) / bets.size)


def _upper_limit(
    shares: FloatArray, sizes: FloatArray, most: float, alpha: float, bets: FloatArray
) -> float:
    """Return the smallest ratio in [0, 1] that is refuted, 1 where none is."""
    shares, sizes, counts = _gather(shares, sizes)

    def excess(claim: float) -> float:
        return _log_wealth((shares, sizes, counts), claim, most, bets) + math.log(alpha)

    mean, end = min(float(shares @ counts / (sizes @ counts)), 1.0), 1.0 - PRECISION
    if mean >= end or excess(end) < 0.0:
        return 1.0
    return _first_positive(excess, mean, end)


def _first_positive(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function, negative at low and not at high, is no longer negative.

    By inverse quadratic interpolation where it is safe, by halving where it is not; rounded up.

    Source: Chandrupatla 1997, Advances in Engineering Software 28, 145-149.
    """
    x, fx = low, function(low)  # the last place, the other side of the crossing, the one before
    y, fy = high, function(high)
    part = 0.5
    while abs(y - x) > PRECISION * max(x, y):
        place = x + part * (y - x)
        value = function(place)
        z, fz = (x, fx) if (value < 0.0) == (fx < 0.0) else (y, fy)
        if (value < 0.0) != (fx < 0.0):
            y, fy = x, fx
        x, fx = place, value
        nearest = PRECISION * max(x, y) / abs(y - x) / 2.0
        along, up = (x - y) / (z - y), (fx - fy) / (fz - fy)
        part = 0.5
        if fz != fx and up**2 < along and (1.0 - up) ** 2 < 1.0 - along:
            part = fx / (fy - fx) * fz / (fy - fz)
            part += (z - x) / (y - x) * fx / (fz - fx) * fy / (fz - fy)
        part = min(max(part, nearest), 1.0 - nearest)
    return max(x, y)


def _gather(shares: FloatArray, sizes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distinct shares where groups have one size, with how often each occurs.

    Where they are many they are rounded up on a fine grid, which can only raise an upper limit.
    """
    if np.ptp(sizes) > 0.0:
        return shares, sizes, np.ones(shares.size)
    if shares.size > GRID:
        shares = np.minimum(np.ceil(shares * GRID) / GRID, sizes)
    distinct, counts = np.unique(shares, return_counts=True)
    return distinct, np.full(distinct.size, sizes[0]), counts.astype(np.float64)
