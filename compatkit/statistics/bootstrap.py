"""Bootstrap intervals of a mean, of a ratio of sums, of a difference of conditional means."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.record import replace
from compatkit.statistics.interval import Interval, undefined
from compatkit.statistics.resampling import (
    METHODS,
    Units,
    as_units,
    check_plan,
    check_values,
    distinct_units,
    draw_blocks,
    finite_values,
    limits_of_sums,
    make_units,
    percentile_limits,
    resample_sums,
    sum_clusters,
    too_few,
)

__all__ = [
    "Method",
    "bootstrap_difference_of_means",
    "bootstrap_mean",
    "bootstrap_ratio",
    "bootstrap_ratios",
]

Method = Literal["bca-t", "bca", "percentile", "studentized"]


def _divide(sums: FloatArray) -> FloatArray:
    quotient: FloatArray = sums[..., 0] / sums[..., 1]
    return quotient


def _divide_and_subtract(sums: FloatArray) -> FloatArray:
    difference: FloatArray = sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3]
    return difference


def _studentized_limits(
    units: Units, level: float, resamples: int, rng: "np.random.Generator"
) -> tuple[float, float] | None:
    """Limits of a ratio of two sums by its t statistic; None where it is often undefined."""
    totals = units.columns @ units.weights.astype(np.float64)
    ratio = totals[0] / totals[1]
    below = units.columns[1]
    # Centred at the ratio, the sums of squares lose no digits.
    above = units.columns[0] - ratio * below
    products = np.stack([above, below, above * above, above * below, below * below])
    sums = resample_sums(Units(products, units.weights), resamples, rng)
    whole = products @ units.weights.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = sums[:, 0] / sums[:, 1]
        squares = sums[:, 2] - 2.0 * shift * sums[:, 3] + shift**2 * sums[:, 4]
        variance = squares / sums[:, 1] ** 2
        real = whole[2] / whole[1] ** 2
        # A resample of equal values has no spread: its t would be infinite.
        t = shift / np.sqrt(np.maximum(variance, real / units.size))
    if real == 0.0:
        return float(ratio), float(ratio)
    finite = finite_values(t)
    if finite is None:
        return None
    low, high = percentile_limits(finite, level)
    # The factor G/(G-1) of the variance is the same in t and here, and cancels.
    return float(ratio - high * np.sqrt(real)), float(ratio - low * np.sqrt(real))


def _cut(interval: Interval, bounds: tuple[float, float] | None) -> Interval:
    """Cut the limits to the range that the true value cannot leave."""
    if bounds is None or not interval.is_defined:
        return interval
    low, high = (min(max(limit, bounds[0]), bounds[1]) for limit in (interval.low, interval.high))
    return replace(interval, low=low, high=high)


def bootstrap_ratio(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    level: float = 0.95,
    method: Method = "bca-t",
    resamples: int = 10_000,
    seed: int = 0,
    clusters: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Bootstrap interval of a ratio of two sums over the same examples.

    `sum(numerator) / sum(denominator)`: with an indicator below, a conditional mean such as the
    mean gain, `sum(D 1[D > 0]) / sum(1[D > 0])`; the number of gains varies from resample to
    resample as it would from sample to sample.

    Args:
        numerator: Shape (n,), finite.
        denominator: Shape (n,), finite.
        level: Confidence level in (0, 1).
        method: `bca-t`, `bca`, `percentile` or `studentized`, which the page
            "Statistics" of the documentation compares.
        resamples: Number of resamples, at least 100.
        seed: Seed of the random numbers; the same seed gives the same limits.
        clusters: Shape (n,): a label for each example; whole clusters are resampled.
        bounds: Range that the true value cannot leave, such as (0, 1); the limits are cut to it.

    Returns:
        Limits in the unit of the ratio. Undefined for fewer than two examples or clusters, where
        the denominator sums to 0, and where it does so in more than a tenth of the resamples.

    Raises:
        ConfigError: If the shapes differ, a value is not finite, or an option is unknown.

    Source:
        Efron 1987, J. Am. Stat. Assoc. 82, 171-185 (BCa); Hall 1988, Ann. Stat. 16, 927-953
        (studentised); Davison and Hinkley 1997, section 3.8 (clusters as units).

    >>> change = np.array([0.5, -0.25, 0.0, 0.25, 0.5, 0.0, 0.75, 0.25])
    >>> interval = bootstrap_ratio(np.maximum(change, 0), change > 0, seed=1)
    >>> interval.low < 0.45 < interval.high
    True
    """
    return bootstrap_ratios(
        [(numerator, denominator)],
        level=level,
        method=method,
        resamples=resamples,
        seed=seed,
        clusters=clusters,
        bounds=[bounds],
    )[0]


def bootstrap_ratios(
    ratios: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    level: float = 0.95,
    method: Method = "bca-t",
    resamples: int = 10_000,
    seed: int = 0,
    clusters: ArrayLike | None = None,
    bounds: Sequence[tuple[float, float] | None] | None = None,
) -> list[Interval]:
    """Bootstrap intervals of several ratios of two sums over the same examples.

    Each is the interval that `bootstrap_ratio` gives, to the last bit: with one seed all of them
    resample the same examples, which are drawn once here.

    Args:
        ratios: Numerator and denominator of each, shape (n,).
        level: As of `bootstrap_ratio`, as are the following.
        method: The same.
        resamples: The same.
        seed: The same.
        clusters: The same.
        bounds: Range of each ratio that its true value cannot leave.

    Returns:
        An interval for each ratio.

    Raises:
        ConfigError: As of `bootstrap_ratio`, or if the ratios are not of the same examples.

    Source:
        As `bootstrap_ratio`.

    >>> change = np.array([0.5, -0.25, 0.0, 0.25, 0.5, 0.0, 0.75, 0.25])
    >>> gain = np.maximum(change, 0), change > 0
    >>> bootstrap_ratios([(change, np.ones(8)), gain])[1] == bootstrap_ratio(*gain)
    True
    """
    level = check_plan(level, method, resamples, METHODS)
    name = f"bootstrap-{method}"
    pairs = [_check_ratio(*ratio) for ratio in ratios]
    if len({above.size for above, _ in pairs}) > 1:
        raise ConfigError("the ratios differ in their number of examples; expected as many.")
    intervals = [_without_draws(pair, level, name, clusters) for pair in pairs]
    waiting = [place for place, interval in enumerate(intervals) if interval is None]
    asked = [pairs[place] for place in waiting]
    if method == "studentized":
        drawn = [_studentized(np.stack(pair), level, resamples, seed, clusters) for pair in asked]
    else:
        drawn = [
            limits_of_sums(units, _divide, level, method, sums)
            for units, sums in _draw_together(asked, resamples, seed, clusters)
        ]
    for place, interval in zip(waiting, drawn, strict=True):
        intervals[place] = interval
    return [
        _cut(interval, limits)
        for interval, limits in zip(intervals, bounds or [None] * len(pairs), strict=True)
        if interval is not None
    ]


def _check_ratio(numerator: ArrayLike, denominator: ArrayLike) -> tuple[FloatArray, FloatArray]:
    above, below = check_values(numerator, "numerator"), check_values(denominator, "denominator")
    if above.shape != below.shape:
        raise ConfigError(
            f"numerator has {above.size} values and denominator {below.size}; expected as many."
        )
    return above, below


def _without_draws(
    pair: tuple[FloatArray, FloatArray], level: float, name: str, clusters: ArrayLike | None
) -> Interval | None:
    """Return the interval of a ratio that needs no resample; None for others."""
    above, below = pair
    reason = too_few(above.size, clusters)
    if reason:
        return undefined(level, name, reason)
    if below.sum() == 0.0:
        return undefined(level, name, "the denominator is 0")
    if np.all(below != 0.0) and np.all(above / below == above[0] / below[0]):
        constant = float(above[0] / below[0])
        return Interval(constant, constant, level, name)
    return None


def _studentized(
    columns: FloatArray, level: float, resamples: int, seed: int, clusters: ArrayLike | None
) -> Interval:
    rng = np.random.default_rng(seed)
    limits = _studentized_limits(make_units(columns, clusters, rng), level, resamples, rng)
    if limits is None:
        reason = "too few examples: undefined in many resamples"
        return undefined(level, "bootstrap-studentized", reason)
    return Interval(*limits, level, "bootstrap-studentized")


def _draw_together(
    pairs: Sequence[tuple[FloatArray, FloatArray]],
    resamples: int,
    seed: int,
    clusters: ArrayLike | None,
) -> list[tuple[Units, FloatArray]]:
    """Return what is resampled of each pair of columns, and its resampled sums."""
    rng = np.random.default_rng(seed)
    blocks: IntArray | None = None
    drawn: list[tuple[Units, FloatArray] | None] = []
    shared: list[Units] = []
    for pair in pairs:
        columns = sum_clusters(np.stack(pair), clusters)
        units = distinct_units(columns)
        if units is None:
            blocks = blocks if shared else draw_blocks(columns.shape[1], rng)
            shared.append(as_units(columns, blocks))
            drawn.append(None)
        else:
            drawn.append((units, resample_sums(units, resamples, np.random.default_rng(seed))))
    if not shared:
        return [both for both in drawn if both is not None]
    columns = np.concatenate([units.columns for units in shared])
    sums = resample_sums(Units(columns, shared[0].weights), resamples, rng)
    together = zip(shared, np.split(sums, len(shared), axis=1), strict=True)
    return [next(together) if both is None else both for both in drawn]


def bootstrap_mean(
    values: ArrayLike,
    *,
    level: float = 0.95,
    method: Method = "bca-t",
    resamples: int = 10_000,
    seed: int = 0,
    clusters: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Bootstrap interval of a mean over examples.

    With clusters, whole clusters are resampled, and the mean is the ratio of the sum of the values
    to the number of rows.

    Args:
        values: Shape (n,), finite.
        level: Confidence level in (0, 1).
        method: `bca-t`, `bca`, `percentile` or `studentized`, which the page
            "Statistics" of the documentation compares.
        resamples: Number of resamples, at least 100.
        seed: Seed of the random numbers; the same seed gives the same limits.
        clusters: Shape (n,): a label for each example.
        bounds: Range that the true value cannot leave, such as (0, 1); the limits are cut to it.

    Returns:
        Limits in the unit of the values; both equal the value where all values are equal.
        Undefined for fewer than two examples or clusters.

    Raises:
        ConfigError: If a value is not finite, the labels do not fit, or an option is unknown.

    Source:
        As `bootstrap_ratio`. Above 20,000 rows, rows are resampled in 10,000 random blocks.

    >>> interval = bootstrap_mean([0.1, 0.4, 0.4, 0.8, 0.9, 0.2], seed=1)
    >>> 0.1 < interval.low < 0.467 < interval.high < 0.9
    True
    """
    array = check_values(values, "values")
    return bootstrap_ratio(
        array,
        np.ones(array.size),
        level=level,
        method=method,
        resamples=resamples,
        seed=seed,
        clusters=clusters,
        bounds=bounds,
    )


def bootstrap_difference_of_means(
    candidate: ArrayLike,
    new: ArrayLike,
    *,
    where_candidate: ArrayLike | None = None,
    where_new: ArrayLike | None = None,
    level: float = 0.95,
    method: Literal["bca-t", "bca", "percentile"] = "bca-t",
    resamples: int = 10_000,
    seed: int = 0,
    clusters: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Bootstrap interval of the difference of two conditional means over the same examples.

    `mean(candidate[where_candidate]) - mean(new[where_new])`; an example is drawn with both its
    values. For the difference of mean gains: the changes of either model, and where they are
    above 0.

    Args:
        candidate: Shape (n,), finite.
        new: Shape (n,), finite; the same examples in the same order.
        where_candidate: Shape (n,), booleans: which examples count; all, if left out.
        where_new: The same for `new`.
        level: Confidence level in (0, 1).
        method: `bca-t`, `bca` or `percentile`.
        resamples: Number of resamples, at least 100.
        seed: Seed of the random numbers.
        clusters: Shape (n,): a label for each example; whole clusters are resampled.
        bounds: Range that the true value cannot leave, such as (0, 1); the limits are cut to it.

    Returns:
        Limits in the unit of the values. Undefined for fewer than two examples or clusters, where
        a condition is never true, and where that happens in more than a tenth of the resamples.

    Raises:
        ConfigError: If the shapes differ, a value is not finite, or an option is unknown.

    Source:
        Efron 1987, J. Am. Stat. Assoc. 82, 171-185.

    >>> old, new = np.array([0.2, 0.4, 0.1, 0.5, 0.3]), np.array([0.4, 0.5, 0.2, 0.5, 0.1])
    >>> gain = new - old
    >>> interval = bootstrap_difference_of_means(gain, gain, where_candidate=gain > 0,
    ...                                          where_new=gain > 0)
    >>> interval.low, interval.high
    (0.0, 0.0)
    """
    level = check_plan(level, method, resamples, METHODS[:3])
    columns: list[FloatArray] = []
    sides = (("candidate", candidate, where_candidate), ("new", new, where_new))
    for label, side, where in sides:
        array = check_values(side, label)
        mask = check_values(np.ones(array.size) if where is None else where, f"where_{label}")
        if mask.shape != array.shape or array.size != np.size(candidate):
            raise ConfigError(f"{label} or where_{label} differs in length from candidate.")
        columns += [np.where(mask != 0.0, array, 0.0), (mask != 0.0).astype(np.float64)]
    reason = too_few(columns[0].size, clusters)
    for label, count in (("candidate", columns[1].sum()), ("new", columns[3].sum())):
        if not reason and count == 0.0:
            reason = f"no example meets the condition of {label}"
    if reason:
        return undefined(level, f"bootstrap-{method}", reason)
    rng = np.random.default_rng(seed)
    units = make_units(np.stack(columns), clusters, rng)
    draws = resample_sums(units, resamples, rng)
    return _cut(limits_of_sums(units, _divide_and_subtract, level, method, draws), bounds)
