"""Slices: do they differ at all, and what may be said of the one that was picked?"""

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import Interval, check_level
from compatkit.statistics.proportions import clopper_pearson

__all__ = ["groups_differ", "simultaneous_proportions", "slices_above_others", "slices_differ"]

CELLS = 1_000_000  # draws held at once, over all slices: no more memory for thousands of slices


def _check_slices(counts: ArrayLike, totals: ArrayLike) -> tuple[IntArray, IntArray]:
    count, total = np.asarray(counts, np.int64), np.asarray(totals, np.int64)
    if count.shape != total.shape or count.ndim != 1:
        raise ConfigError(
            f"counts has the shape {count.shape} and totals {total.shape}; "
            "one number a slice was expected of both."
        )
    if (count < 0).any() or (count > total).any():
        raise ConfigError("a count is below 0 or above its total.")
    return count, total


def slices_differ(
    counts: ArrayLike, totals: ArrayLike, *, resamples: int = 10_000, seed: int = 0
) -> float:
    """Test whether slices differ in a proportion more than chance would have it.

    Given the number of all flips, and that slices do not differ, each example is as likely to be
    one of them. The statistic is `sum over slices of (k - e)^2 / e`, with e the flips that a slice
    of its size would have; its distribution is drawn, so that small slices do no harm.

    Args:
        counts: Shape (S,): the flips of each slice.
        totals: Shape (S,): its examples.
        resamples: How often flips are dealt out anew.
        seed: Of the drawing.

    Returns:
        `(1 + number of draws that differ as much) / (1 + resamples)`; 1 where there are no flips,
        nothing but flips, or fewer than two slices.

    Raises:
        ConfigError: If a count is negative or above its total.

    Source:
        Pearson 1900, conditional on both margins (Fisher 1935), by Monte Carlo; (c+1)/(n+1):
        Davison and Hinkley 1997, section 4.2.

    >>> slices_differ([9, 1, 1], [100, 100, 100]) < 0.05
    True
    """
    count, total = _check_slices(counts, totals)
    count, total = count[total > 0], total[total > 0]
    flips, examples = int(count.sum()), int(total.sum())
    if count.size < 2 or flips in (0, examples):  # noqa: PLR2004
        return 1.0
    expected = total * (flips / examples)
    rng = np.random.default_rng(seed)
    seen = float(((count - expected) ** 2 / expected).sum())
    as_much, block = 0, max(1, CELLS // count.size)
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        draws = rng.multivariate_hypergeometric(total, flips, size=size, method="marginals")
        drawn = ((draws - expected) ** 2 / expected).sum(axis=1)
        as_much += int((drawn >= seen * (1.0 - 1e-12)).sum())
    return (1 + as_much) / (1 + resamples)


def groups_differ(
    sums: ArrayLike, sizes: ArrayLike, slices: ArrayLike, *, resamples: int = 10_000, seed: int = 0
) -> float:
    """Test whether slices differ in a mean, where examples come in groups that each lie in one.

    If slices do not differ, each group, with its sum and its size, is as likely in any of them:
    groups are dealt out anew, as many to each slice as it has. The statistic is that of
    `slices_differ`, `sum over slices of (k - e)^2 / e`, with k a slice's sum and e the one that its
    size would have at the common mean.

    Args:
        sums: Shape (G,): the flips of each group, 0 or more.
        sizes: Shape (G,): its examples, above 0.
        slices: Shape (G,): the number of its slice, from 0.
        resamples: How often groups are dealt out anew.
        seed: Of the drawing.

    Returns:
        `(1 + number of draws that differ as much) / (1 + resamples)`; 1 where there are no flips,
        or fewer than two slices.

    Raises:
        ConfigError: If the shapes differ.

    Source:
        Fisher 1935, with groups as the units; (c+1)/(n+1): Davison and Hinkley 1997, section 4.2.

    >>> groups_differ([5, 4, 6, 0, 1, 0], [9, 9, 9, 9, 9, 9], [0, 0, 0, 1, 1, 1]) < 0.2
    True
    """
    total, size = np.asarray(sums, np.float64), np.asarray(sizes, np.float64)
    place = np.asarray(slices, np.int64)
    if not total.shape == size.shape == place.shape or total.ndim != 1:
        raise ConfigError(
            f"sums has the shape {total.shape}, sizes {size.shape} and slices {place.shape}; "
            "one number a group was expected of each."
        )
    if total.sum() == 0.0 or np.unique(place).size < 2:  # noqa: PLR2004
        return 1.0
    mean = float(total.sum() / size.sum())

    def differ(order: IntArray) -> float:
        drawn = np.bincount(place, total[order])
        expected = mean * np.bincount(place, size[order])
        used = expected > 0.0
        return float(((drawn - expected)[used] ** 2 / expected[used]).sum())

    rng = np.random.default_rng(seed)
    seen = differ(np.arange(place.size)) * (1.0 - 1e-12)
    as_much = sum(differ(rng.permutation(place.size)) >= seen for _ in range(resamples))
    return (1 + as_much) / (1 + resamples)


def slices_above_others(counts: ArrayLike, totals: ArrayLike) -> FloatArray:
    """Test of each slice whether it holds more flips than chance would deal to it.

    Given the number of all flips, those of a slice are hypergeometric if it does not differ from
    the others: Fisher's exact test, one-sided. Nothing is drawn, so that no number of slices is too
    large for the correction.

    Args:
        counts: Shape (S,): the flips of each slice.
        totals: Shape (S,): its examples.

    Returns:
        Shape (S,): `P(X >= k)` for each slice, in (0, 1]; not yet corrected for S tests.

    Raises:
        ConfigError: If a count is negative or above its total.

    Source:
        Fisher 1935, J. R. Stat. Soc. 98, 39-54.

    >>> slices_above_others([9, 1, 1], [100, 100, 100]).round(4)
    array([0.0011, 0.9895, 0.9895])
    """
    from scipy.special import gammaln, logsumexp  # noqa: PLC0415  (start-up time)

    count, total = _check_slices(counts, totals)
    flips, examples = int(count.sum()), int(total.sum())

    def log_ways(size: float, chosen: FloatArray | float) -> FloatArray:
        ways = gammaln(size + 1) - gammaln(chosen + 1) - gammaln(size - chosen + 1)
        return np.asarray(ways, np.float64)

    p_values = np.ones(count.size)
    for place, (own, size) in enumerate(zip(count.tolist(), total.tolist(), strict=True)):
        least, most = max(0, flips + size - examples), min(size, flips)
        if own > least:
            held = np.arange(own, most + 1, dtype=np.float64)
            logs = log_ways(flips, held) + log_ways(examples - flips, size - held)
            p_values[place] = np.exp(logsumexp(logs) - log_ways(examples, float(size)))
    return np.clip(p_values, np.finfo(float).tiny, 1.0)


def simultaneous_proportions(
    counts: ArrayLike, totals: ArrayLike, level: float = 0.95
) -> list[Interval]:
    """Intervals of the proportions of several slices that hold together.

    With the level, all of them hold at once, so that one may be picked after they were seen. The
    slices share no example: each interval is Clopper and Pearson's at the level `level^(1/S)`.

    Args:
        counts: Shape (S,): the flips of each slice.
        totals: Shape (S,): its examples.
        level: Confidence level in (0, 1) of all intervals together.

    Returns:
        An interval for each slice, with limits in [0, 1]; undefined for one without examples.

    Raises:
        ConfigError: If a count is negative or above its total, or the level is not in (0, 1).

    Source:
        Sidak 1967, J. Am. Stat. Assoc. 62, 626-633.

    >>> [round(each.high, 3) for each in simultaneous_proportions([0, 3], [50, 50])]
    [0.084, 0.182]
    """
    level = check_level(level)
    count, total = _check_slices(counts, totals)
    level_of_one = level ** (1.0 / max(count.size, 1))
    return [
        clopper_pearson(flips, examples, level_of_one)
        for flips, examples in zip(count.tolist(), total.tolist(), strict=True)
    ]
