"""Bootstrap intervals of any statistic: of the counts of a table, or of arrays of examples."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compatkit.arrays import FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import Interval, check_counts, undefined
from compatkit.statistics.resampling import (
    METHODS,
    Units,
    check_plan,
    combined_limits,
    finite_values,
    group_rows,
    limits_of_sums,
    too_few,
)

__all__ = ["bootstrap_counts", "bootstrap_statistic"]

_BATCH_CELLS = 2**18
_JACKKNIFE_BLOCKS = 1_000


def bootstrap_counts(
    counts: Sequence[int],
    statistic: Callable[[FloatArray], FloatArray],
    *,
    level: float = 0.95,
    method: Literal["bca-t", "bca", "percentile"] = "bca-t",
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Bootstrap interval of a function of the counts of a table.

    Resampling N examples that fall into k cells is one multinomial draw, so the cost does not
    depend on N.

    Args:
        counts: The k counts, such as n11, n10, n01, n00.
        statistic: From counts, shape (..., k), to values, shape (...); nan where undefined.
        level: Confidence level in (0, 1).
        method: `bca-t`, `bca` or `percentile`.
        resamples: Number of resamples, at least 100.
        seed: Seed of the random numbers.

    Returns:
        Limits in the unit of the statistic. Undefined for fewer than two examples, where the
        statistic is, and where it is so in more than a tenth of the resamples.

    Raises:
        ConfigError: If a count is negative or an option is unknown.

    Source:
        Efron 1987, J. Am. Stat. Assoc. 82, 171-185.

    >>> interval = bootstrap_counts([700, 50, 100, 150], lambda c: c[..., 1] / c.sum(axis=-1))
    >>> 0.03 < interval.low < 0.05 < interval.high < 0.07
    True
    """
    level = check_plan(level, method, resamples, METHODS[:3])
    cells = check_counts(**{f"counts[{i}]": count for i, count in enumerate(counts)})
    total = sum(cells)
    reason = too_few(total, None)
    if reason:
        return undefined(level, f"bootstrap-{method}", reason)
    rng = np.random.default_rng(seed)
    weights = np.array(cells, dtype=np.int64)
    draws = rng.multinomial(total, weights / total, size=resamples).astype(np.float64)
    units = Units(np.eye(len(cells)), weights)
    return limits_of_sums(units, statistic, level, method, draws)


def _jackknife(
    arrays: Sequence[NDArray[np.generic]],
    statistic: Callable[..., FloatArray],
    codes: IntArray,
    groups: int,
) -> FloatArray:
    """Values of the statistic with each group of rows left out."""
    values = np.empty(groups)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(groups + 1))
    for group in range(groups):
        kept = np.delete(order, slice(starts[group], starts[group + 1]))[np.newaxis]
        values[group] = float(statistic(*(array[kept] for array in arrays))[0])
    return values


def _draw_rows(
    codes: IntArray | None, size: int, groups: int, rng: "np.random.Generator"
) -> IntArray:
    """One batch of drawn rows: several resamples without clusters, a single one with them."""
    if codes is None:
        return rng.integers(0, size, size=(max(1, _BATCH_CELLS // size), size))
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(groups + 1))
    drawn = rng.integers(0, groups, size=groups)
    return np.concatenate([order[starts[g] : starts[g + 1]] for g in drawn])[np.newaxis]


def bootstrap_statistic(
    arrays: Sequence[ArrayLike],
    statistic: Callable[..., FloatArray],
    *,
    level: float = 0.95,
    method: Literal["bca-t", "bca", "percentile"] = "bca-t",
    resamples: int = 10_000,
    seed: int = 0,
    clusters: ArrayLike | None = None,
) -> Interval:
    """Bootstrap interval of any statistic of examples; prefer the special ones, which are faster.

    Args:
        arrays: One or more arrays whose first axis is the examples; a row is drawn from all.
        statistic: Called with as many arrays, shape (b, n, ...), returns shape (b,).
        level: Confidence level in (0, 1).
        method: `bca-t`, `bca` or `percentile`.
        resamples: Number of resamples, at least 100.
        seed: Seed of the random numbers.
        clusters: Shape (n,): a label for each example; whole clusters are resampled, so that n
            varies from call to call.

    Returns:
        Limits in the unit of the statistic. Undefined for fewer than two examples or clusters,
        where the statistic is, and where it is so in more than a tenth of the resamples.

    Raises:
        ConfigError: If the arrays differ in length or an option is unknown.

    Source:
        Efron 1987, J. Am. Stat. Assoc. 82, 171-185. Above 1,000 examples the acceleration comes
        from a jackknife over 1,000 random blocks.

    >>> scores = np.arange(30.0)
    >>> interval = bootstrap_statistic([scores], lambda x: np.median(x, axis=1), resamples=500)
    >>> interval.low < 14.5 < interval.high
    True
    """
    level = check_plan(level, method, resamples, METHODS[:3])
    data = [np.asarray(array) for array in arrays]
    size = data[0].shape[0]
    if any(array.shape[0] != size for array in data):
        raise ConfigError(f"arrays have {[len(a) for a in data]} examples; expected as many each.")
    name, reason = f"bootstrap-{method}", too_few(size, clusters)
    if reason:
        return undefined(level, name, reason)
    rng = np.random.default_rng(seed)
    codes, groups = (None, size) if clusters is None else group_rows(clusters, size)
    estimate = float(statistic(*(array[np.newaxis] for array in data))[0])
    if not np.isfinite(estimate):
        return undefined(level, name, "the statistic is undefined")
    parts: list[FloatArray] = []
    drawn = 0
    while drawn < resamples:
        rows = _draw_rows(codes, size, groups, rng)
        parts.append(statistic(*(array[rows] for array in data)))
        drawn += parts[-1].size
    values = finite_values(np.concatenate(parts)[:resamples])
    if values is None:
        return undefined(level, name, "too few examples: undefined in many resamples")
    left_out = min(groups, _JACKKNIFE_BLOCKS)
    blocks = rng.permutation(groups) % left_out
    leave = blocks if codes is None else blocks[codes]
    jackknife = np.full(left_out, estimate)
    if method != "percentile":
        jackknife = _jackknife(data, statistic, leave, left_out)
    weights = np.ones(left_out)
    limits = combined_limits(values, estimate, jackknife, weights, method=method, level=level)
    return Interval(*limits, level, name)
