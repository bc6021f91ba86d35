"""Lifts: is a quantity larger inside a slice than outside, and by which factor?"""

import math
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.statistics.interval import Interval, check_level, t_quantile, undefined
from compatkit.statistics.proportions import clopper_pearson
from compatkit.statistics.resampling import check_values, group_rows
from compatkit.statistics.slices import slices_above_others

__all__ = ["lift_interval", "more_inside"]

STEPS = 64  # into which a value in [0, 1] is rounded, where there are more different ones
MOST_DRAWN = 200  # groups of which each is drawn; of more the first three moments are taken
LEAST_GROUPS = 2
Draws = tuple[float, FloatArray]  # what was seen, and what was drawn


def _check_slice(values: ArrayLike, inside: ArrayLike) -> tuple[FloatArray, BoolArray]:
    array, flags = check_values(values, "values"), np.asarray(inside, np.bool_)
    if flags.shape != array.shape:
        raise ConfigError(
            f"values has the shape {array.shape} and inside {flags.shape}; one flag a value was "
            "expected."
        )
    if array.size and (array.min() < 0.0 or array.max() > 1.0):
        raise ConfigError("a value is below 0 or above 1.")
    return array, flags


def _are_counts(values: FloatArray) -> bool:
    return bool(((values == 0.0) | (values == 1.0)).all())


def more_inside(
    values: ArrayLike,
    inside: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    of: ArrayLike | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> float:
    """Test whether the mean of values is larger inside a slice than outside; one-sided.

    If a slice has nothing to do with the values, these are as likely in any order. Flips of
    independent examples that are 0 or 1: Fisher's exact test. Else values are dealt out anew, as
    many to the slice as it has, and `sum inside of (value - mean)` is compared; where a value is a
    part of another, `sum inside of (value - ratio * that)`, with the ratio of the sums. Where
    examples come in groups, a group that lies wholly inside or outside is dealt out whole, among
    those of at least half and at most twice its size; of one that lies in both, its examples among
    themselves. Beyond 200 groups of the latter kind with fractions for values, their sum is drawn
    from Pearson's type III distribution with its mean, variance and skewness.

    Args:
        values: Shape (n,), in [0, 1].
        inside: Shape (n,), whether each lies in the slice.
        groups: Shape (n,), a label for each; None where examples are independent.
        of: Shape (n,), above 0, what each value is a part of; None for 1.
        resamples: How often values are dealt out anew.
        seed: Of the drawing.

    Returns:
        In (0, 1]; 1 where nothing could be larger. What is drawn is at least
        `1 / (1 + resamples)`.

    Raises:
        ConfigError: If the shapes differ, or a value is outside [0, 1].

    Source:
        Fisher 1935; within strata: Mantel and Haenszel 1959, J. Natl. Cancer Inst. 22, 719-748;
        (c+1)/(n+1): Davison and Hinkley 1997, section 4.2.

    >>> round(more_inside([1, 1, 1, 0, 0, 0], [True] * 3 + [False] * 3), 3)
    0.05
    """
    array, flags = _check_slice(values, inside)
    whole = np.ones(array.size) if of is None else check_values(of, "of")
    if not flags.any() or flags.all() or not array.any():
        return 1.0
    if groups is None and _are_counts(array) and bool((whole == 1.0).all()):
        counts = [int(array[flags].sum()), int(array[~flags].sum())]
        sizes = [int(flags.sum()), int((~flags).sum())]
        return float(slices_above_others(counts, sizes)[0])
    array = array - whole * (array.sum() / whole.sum())
    if np.unique(np.round(array, 9)).size > STEPS:
        array = np.rint(array * STEPS) / STEPS
    rng = np.random.default_rng(seed)
    if groups is None:
        parts = iter([_deal(array, np.ones(array.size), flags, resamples, rng)])
    else:
        parts = _deal_groups(array, flags, group_rows(groups, array.size)[0], resamples, rng)
    seen, drawn = 0.0, np.zeros(resamples)
    for of_part, draws in parts:
        seen, drawn = seen + of_part, drawn + draws
    as_much = int((drawn >= seen - 1e-9 * max(1.0, abs(seen))).sum())
    return (1 + as_much) / (1 + resamples)


def _deal(
    sums: FloatArray,
    sizes: FloatArray,
    inside: BoolArray,
    resamples: int,
    rng: "np.random.Generator",
) -> Draws:
    """Deal units out anew, as many to the slice as it has; those that are alike are counted."""
    kinds, kind_of = np.unique(
        np.stack([np.round(sums, 9), sizes], axis=1), axis=0, return_inverse=True
    )
    kind_of = kind_of.reshape(-1)
    held = np.bincount(kind_of, minlength=len(kinds))
    seen = float(kinds[kind_of[inside], 0].sum())
    number = int(inside.sum())
    if number in {0, inside.size}:
        return seen, np.full(resamples, seen)
    drawn = rng.multivariate_hypergeometric(held, number, size=resamples, method="marginals")
    return seen, drawn @ kinds[:, 0]


def _sum(groups: IntArray, values: FloatArray | BoolArray) -> FloatArray:
    """Return the sum of the values of each group."""
    return np.bincount(groups, values).astype(np.float64, copy=False)


def _deal_groups(
    values: FloatArray,
    inside: BoolArray,
    groups: IntArray,
    resamples: int,
    rng: "np.random.Generator",
) -> Iterator[Draws]:
    """Yield the sums of groups about as large that lie on one side, then of those on both."""
    sizes = _sum(groups, np.ones(groups.size))
    held = _sum(groups, inside)
    sums = _sum(groups, values)
    one_side = (held == 0) | (held == sizes)
    scale = np.floor(np.log2(sizes)).astype(np.int64)
    for size in np.unique(scale[one_side]).tolist():
        of_size = np.flatnonzero(one_side & (scale == size))
        in_slice = held[of_size] > 0
        yield _deal(sums[of_size], sizes[of_size], in_slice, resamples, rng)
    rows = np.flatnonzero(~one_side[groups])
    if len(rows):
        yield from _deal_within(values[rows], inside[rows], groups[rows], resamples, rng)


def _deal_within(
    values: FloatArray,
    inside: BoolArray,
    groups: IntArray,
    resamples: int,
    rng: "np.random.Generator",
) -> Iterator[Draws]:
    """Yield the sums of groups that lie on both sides, whose examples are dealt out within."""
    order = np.lexsort((inside, values, groups))
    values, inside, groups = values[order], inside[order], group_rows(groups[order], groups.size)[0]
    sizes, held = _sum(groups, np.ones(groups.size)), _sum(groups, inside)
    sums, squares = _sum(groups, values), _sum(groups, values**2)
    seen = _sum(groups, values * inside)
    spread = np.maximum(squares - sums**2 / sizes, 0.0)
    fixed = spread <= 1e-12 * np.maximum(squares, 1e-300)
    yield float(seen[fixed].sum()), np.full(resamples, float(seen[fixed].sum()))
    varied = np.flatnonzero(~fixed)
    low, high = float(values.min()), float(values.max())
    if bool(((values == low) | (values == high)).all()):
        tops = _sum(groups, values == high)
        cells = np.stack([sizes, tops, held], axis=1)[varied].astype(np.int64)
        chances = _convolve(map(tuple, cells[np.lexsort(cells.T)].tolist()))
        draws: IntArray = rng.choice(len(chances), size=resamples, p=chances / chances.sum())
        yield (
            float(seen[varied].sum()),
            low * float(held[varied].sum()) + (high - low) * draws.astype(np.float64),
        )
        return
    if len(varied) > MOST_DRAWN:
        thirds = _sum(groups, (values - (sums / sizes)[groups]) ** 3)
        moments = _moments(sizes[varied], held[varied], spread[varied], thirds[varied])
        mean = float((sums * held / sizes)[varied].sum())
        yield float(seen[varied].sum()), mean + _draw_skewed(*moments, resamples, rng)
        return
    starts = np.cumsum([0, *sizes.astype(np.int64)])
    for group in varied.tolist():
        part = slice(int(starts[group]), int(starts[group + 1]))
        yield _deal(values[part], np.ones(int(sizes[group])), inside[part], resamples, rng)


def _convolve(cells: Iterable[tuple[int, int, int]]) -> FloatArray:
    """Return how likely each sum of hypergeometric counts is, of (size, tops, drawn) each."""
    total = np.ones(1)
    for cell in cells:
        total = np.convolve(total, _hypergeometric(*cell))
    return total


@cache
def _hypergeometric(size: int, tops: int, drawn: int) -> FloatArray:
    """Return how likely 0, 1, ... tops are among those drawn."""
    most = min(tops, drawn)
    ways = [math.comb(tops, k) * math.comb(size - tops, drawn - k) for k in range(most + 1)]
    return np.array([way / math.comb(size, drawn) for way in ways])


def _moments(
    sizes: FloatArray, held: FloatArray, squares: FloatArray, cubes: FloatArray
) -> tuple[float, float]:
    """Return the variance and the third moment of the sum of what is drawn from several groups."""
    rest = sizes - held
    variance = held * rest / (sizes * np.maximum(sizes - 1.0, 1.0)) * squares
    factors = sizes * np.maximum(sizes - 1.0, 1.0) * np.maximum(sizes - 2.0, 1.0)
    third = held * rest * (rest - held) / factors * cubes
    return float(variance.sum()), float(third.sum())


def _draw_skewed(
    variance: float, third: float, resamples: int, rng: "np.random.Generator"
) -> FloatArray:
    """Draw from Pearson's type III distribution with these moments, around 0."""
    skewness = third / variance**1.5
    if abs(skewness) < 1e-6:  # noqa: PLR2004
        return rng.normal(0.0, math.sqrt(variance), size=resamples)
    shape = 4.0 / skewness**2
    spread = (rng.gamma(shape, size=resamples) - shape) / math.sqrt(shape)
    return np.asarray(math.copysign(math.sqrt(variance), skewness) * spread)


def lift_interval(
    values: ArrayLike, inside: ArrayLike, groups: ArrayLike | None = None, level: float = 0.95
) -> tuple[float, Interval]:
    """Return by which factor the mean inside a slice is above that outside, and its interval.

    `lift = (sum inside / n inside) / (sum outside / n outside)`. Of counts: given the number of
    all flips, those inside are about binomial with a share s, and the lift is
    `s / (1 - s) * n outside / n inside` at Clopper and Pearson's limits of s, which are exact for
    rare flips and wide for frequent ones. Of fractions, and of groups: the logarithm of the lift
    by the jackknife variance over groups, with t of as many degrees of freedom as groups tell,
    `(sum of squared influences)^2 / sum of fourth powers`, G - 1 at most.

    Args:
        values: Shape (n,), in [0, 1].
        inside: Shape (n,), whether each lies in the slice.
        groups: Shape (n,), a label for each; None where examples are independent.
        level: Confidence level in (0, 1).

    Returns:
        The lift, nan where there is none, and its interval.

    Raises:
        ConfigError: If the shapes differ, a value is outside [0, 1], or the level not in (0, 1).

    Source:
        Przyborowski and Wilenski 1940, Biometrika 31, 313-323, of counts; Bell and McCaffrey 2002,
        Surv. Methodol. 28, 169-181, of groups.

    >>> lift, interval = lift_interval([1] * 6 + [0] * 14 + [1] * 3 + [0] * 77, [1] * 20 + [0] * 80)
    >>> round(lift, 2), round(interval.low, 2), round(interval.high, 2)
    (8.0, 1.71, 49.44)
    """
    array, flags = _check_slice(values, inside)
    level = check_level(level)
    counts = groups is None and _are_counts(array)
    method = "conditional-exact" if counts else "cluster-robust-log"
    sizes = float(flags.sum()), float((~flags).sum())
    sums = float(array[flags].sum()), float(array[~flags].sum())
    if not all(sizes):
        return math.nan, undefined(level, method, "no examples on one side")
    if not sums[1]:
        return math.nan, undefined(level, method, "none broke outside")
    if not sums[0]:
        return 0.0, undefined(level, method, "none broke inside")
    lift = (sums[0] / sizes[0]) / (sums[1] / sizes[1])
    if counts:
        share = clopper_pearson(int(sums[0]), int(sum(sums)), level)
        low, high = (s / (1.0 - s) * sizes[1] / sizes[0] for s in (share.low, share.high))
        return lift, Interval(low, high, level, method)
    influence = np.where(flags, array / sums[0] - 1 / sizes[0], 1 / sizes[1] - array / sums[1])
    if groups is not None:
        influence = _sum(group_rows(groups, array.size)[0], influence)
    squares, number = influence**2, influence.size
    total = float(squares.sum())
    freedom = min(total**2 / max(float((squares**2).sum()), 1e-300), number - 1.0)
    if number < LEAST_GROUPS or freedom < 1.0:
        return lift, undefined(level, method, "one group holds nearly all that broke")
    half = t_quantile(level, freedom) * math.sqrt(total * number / (number - 1))
    return lift, Interval(lift * math.exp(-half), lift * math.exp(half), level, method)
