"""Which examples changed by more than sampling noise: an exact test for each example."""

import math
from functools import lru_cache

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import check_level
from compatkit.statistics.multiplicity import benjamini_hochberg

__all__ = ["ReliableFlips", "ReliablePower", "fisher_exact", "reliable_flips", "reliable_power"]


class ReliableFlips(Struct, frozen=True):
    """Examples whose share of right samples changed by more than noise.

    Attributes:
        worse: Shape (n,): reliably fewer right samples in the new model.
        better: Shape (n,): reliably more.
        p_values: Shape (n,): adjusted p-values; nan where a model has no sample.
        untested: Number of examples where a model has no sample.

    >>> ReliableFlips(np.array([True]), np.array([False]), np.array([0.01]), 0).worse.tolist()
    [True]
    """

    worse: BoolArray
    better: BoolArray
    p_values: FloatArray
    untested: int


@lru_cache(maxsize=65_536)
def fisher_exact(old_right: int, old_total: int, new_right: int, new_total: int) -> float:
    """Two-sided p-value of Fisher's exact test of two shares.

    The probability, given all margins, of tables at most as likely as the one seen, in whole
    numbers and so without rounding.

    Args:
        old_right: Right samples of the old model.
        old_total: All samples of the old model.
        new_right: Right samples of the new model.
        new_total: All samples of the new model.

    Returns:
        p-value in (0, 1]; 1 where a model has no sample.

    Source:
        Fisher 1935, J. R. Stat. Soc. 98, 39-54; two-sided by probability, as usual in software.

    >>> round(fisher_exact(5, 5, 0, 5), 6)
    0.007937
    """
    right = old_right + new_right
    ways = [
        math.comb(old_total, k) * math.comb(new_total, right - k)
        for k in range(max(0, right - new_total), min(old_total, right) + 1)
    ]
    seen = math.comb(old_total, old_right) * math.comb(new_total, new_right)
    return sum(way for way in ways if way <= seen) / sum(ways)


def _check_samples(right: ArrayLike, total: ArrayLike, name: str) -> tuple[IntArray, IntArray]:
    """Return right and total samples of each example as whole numbers."""
    parts = [np.asarray(right), np.asarray(total)]
    if parts[0].shape != parts[1].shape or parts[0].ndim != 1:
        raise ConfigError(
            f"{name}_right has the shape {parts[0].shape} and {name}_total {parts[1].shape}; "
            "expected one axis and as many values."
        )
    whole = [part.astype(np.int64) for part in parts]
    if any((part != same).any() for part, same in zip(parts, whole, strict=True)):
        raise ConfigError(f"{name}_right or {name}_total holds a value that is not whole.")
    if (whole[0] < 0).any() or (whole[0] > whole[1]).any():
        raise ConfigError(f"{name}_right is below 0 or above {name}_total for some example.")
    return whole[0], whole[1]


def reliable_flips(
    old_right: ArrayLike,
    old_total: ArrayLike,
    new_right: ArrayLike,
    new_total: ArrayLike,
    level_fdr: float = 0.05,
) -> ReliableFlips:
    """Find the examples that changed by more than sampling noise.

    Fisher's exact test for each example, adjusted by Benjamini and Hochberg over all examples with
    samples of both models: of those found, at most `level_fdr` are false on average.

    Args:
        old_right: Shape (n,): right samples of the old model.
        old_total: Shape (n,): all its samples.
        new_right: Shape (n,): right samples of the new model.
        new_total: Shape (n,): all its samples.
        level_fdr: The false discovery rate to hold, in (0, 1).

    Returns:
        Flags and adjusted p-values. Few samples cannot show anything: with 5 and 5 the smallest
        p-value is 0.008, so among many examples hardly one is found.

    Raises:
        ConfigError: If the shapes differ or a count is impossible.

    Source:
        Idea: Cacioli 2026 (arXiv 2604.27405) after Jacobson and Truax 1991, whose reliable change
        index rests on the normal distribution; an exact test takes its place here. Benjamini and
        Hochberg 1995.

    >>> found = reliable_flips([10, 5, 0], [10, 10, 10], [0, 6, 10], [10, 10, 10])
    >>> found.worse, found.better
    (array([ True, False, False]), array([False, False,  True]))
    """
    level_fdr = check_level(level_fdr, "level_fdr")
    old_right, old_total = _check_samples(old_right, old_total, "old")
    new_right, new_total = _check_samples(new_right, new_total, "new")
    if old_right.shape != new_right.shape:
        raise ConfigError(f"old has {old_right.size} examples and new {new_right.size}.")
    tables = np.stack([old_right, old_total, new_right, new_total], axis=1)
    distinct, places = np.unique(tables, axis=0, return_inverse=True)
    p_distinct = np.array([fisher_exact(*row) for row in distinct.tolist()], dtype=np.float64)
    p_values = p_distinct[places.reshape(-1)]
    p_values[(old_total == 0) | (new_total == 0)] = np.nan
    adjusted = benjamini_hochberg(p_values)
    significant = adjusted <= level_fdr
    fewer = new_right * old_total < old_right * new_total
    untested = int(np.isnan(p_values).sum())
    return ReliableFlips(significant & fewer, significant & ~fewer, adjusted, untested)


class ReliablePower(Struct, frozen=True):
    """What `reliable_flips` can find at all.

    Attributes:
        p_value: The smallest p-value of an example: that of a fall from all right to none.
        alike: How many examples must fall so far for any of them to be found.
        right: A lone example, all of whose old samples are right, is found where at most so many
            new ones are; None where even none are too many.

    >>> ReliablePower(0.0079, 5, None).alike
    5
    """

    p_value: float
    alike: int
    right: int | None


def reliable_power(
    old_total: int, new_total: int, examples: int, level_fdr: float = 0.05
) -> ReliablePower:
    """Tell what `reliable_flips` can find with so many samples of each example.

    Of n examples, k with the p-value p are found by Benjamini and Hochberg where `p <= k a / n`.

    Args:
        old_total: Samples of the old model, 1 or more.
        new_total: Samples of the new model, 1 or more.
        examples: Number n of examples, 1 or more.
        level_fdr: The false discovery rate a, in (0, 1).

    Returns:
        The largest change that there can be, and what it takes to be found.

    Raises:
        ConfigError: If a number is below 1 or the rate not in (0, 1).

    Source:
        Benjamini and Hochberg 1995, for the steps.

    >>> reliable_power(5, 5, examples=30)
    ReliablePower(p_value=0.007936507936507936, alike=5, right=None)
    """
    level_fdr = check_level(level_fdr, "level_fdr")
    if min(old_total, new_total, examples) < 1:
        raise ConfigError("old_total, new_total and examples: 1 or more was expected of each.")

    def p_of(right: int) -> float:
        return fisher_exact(old_total, old_total, right, new_total)

    alone = [right for right in range(new_total) if p_of(right) <= level_fdr / examples]
    alike = math.ceil(p_of(0) * examples / level_fdr - 1e-9)
    return ReliablePower(p_of(0), alike, max(alone, default=None))
