"""Tests of whether the new model is worse: exact McNemar, paired permutation, several tasks."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.statistics.binomial import log_beta_share
from compatkit.statistics.interval import check_counts
from compatkit.statistics.resampling import check_values

__all__ = [
    "Alternative",
    "CombinedTest",
    "combine_changes",
    "combine_tasks",
    "mcnemar",
    "permutation_test",
]

Alternative = Literal["two-sided", "worse", "better"]

_ALTERNATIVES = ("two-sided", "worse", "better")
# Up to here the tail is a sum of whole numbers, without rounding and without scipy.
_WHOLE_NUMBERS = 1_000
# Up to so many changes that are not 0 all choices of signs are counted, and none is drawn.
ENUMERATED = 14
# What a p-value is at least: one that underflows is no certainty.
SMALLEST = sys.float_info.min
# The signs of more differences than twice this are flipped in random blocks.
_BLOCKS = 10_000
_BATCH_BITS = 2**21


def _check_alternative(alternative: str, allowed: Sequence[str] = _ALTERNATIVES) -> None:
    if alternative not in allowed:
        raise ConfigError(f"alternative is {alternative!r}; expected one of {', '.join(allowed)}.")


def _count_tail(count: int, total: int) -> int:
    """Count the outcomes of `total` coins with at least `count` heads, which is above 0."""
    if 2 * count < total:
        return int(2**total) - _count_tail(total - count + 1, total)
    term = math.comb(total, count)
    outcomes = 0
    for heads in range(count, total + 1):
        outcomes += term
        term = term * (total - heads) // (heads + 1)
    return outcomes


def _log_fair_tail(count: int, total: int) -> float:
    """Log P(X >= count) for X the number of heads of `total` fair coins."""
    if count <= 0:
        return 0.0
    if count > total:
        return -math.inf
    if total <= _WHOLE_NUMBERS:
        return min(math.log(_count_tail(count, total)) - total * math.log(2.0), 0.0)
    return min(log_beta_share(count, total - count + 1, 0.5), 0.0)


def _fair_tail(count: int, total: int) -> float:
    """P(X >= count), at least the smallest number that there is where it is not 0."""
    if 0 < count <= total <= _WHOLE_NUMBERS:
        return float(_count_tail(count, total) / 2**total)
    log_tail = _log_fair_tail(count, total)
    return 0.0 if log_tail == -math.inf else max(math.exp(log_tail), SMALLEST)


def mcnemar(
    n10: int, n01: int, alternative: Alternative = "two-sided", *, mid_p: bool = False
) -> float:
    """Exact McNemar test: are negative and positive flips equally likely?

    Given `n10 + n01` flips, n10 is binomial with probability 1/2 if both models are equally
    accurate. With `mid_p`, results as extreme as the one seen count half.

    Args:
        n10: Number of negative flips: old right, new wrong.
        n01: Number of positive flips.
        alternative: `worse`: the new model is less accurate, P(X >= n10); `better`: more accurate,
            P(X <= n10); or `two-sided`: twice the smaller tail, at most 1.
        mid_p: Use the mid-p value, less conservative and no longer guaranteed.

    Returns:
        p-value in (0, 1], 2.2e-308 where it is smaller; 1 without any flip, since nothing speaks
        against equality.

    Raises:
        ConfigError: If a count is negative or the alternative unknown.

    Source:
        McNemar 1947, Psychometrika 12, 153-157; one-sided: Kuebler et al. 2026 (arXiv 2602.10144);
        mid-p: Fagerland, Lydersen and Laake 2013, BMC Med. Res. Methodol. 13:91.

    >>> round(mcnemar(7, 1), 4), round(mcnemar(7, 1, mid_p=True), 4)
    (0.0703, 0.0391)
    >>> round(mcnemar(7, 1, "worse"), 4)
    0.0352
    """
    n10, n01 = check_counts(n10=n10, n01=n01)
    _check_alternative(alternative)
    flips = n10 + n01
    if flips == 0:
        return 1.0
    if alternative == "better":
        n10, n01 = n01, n10
    if alternative == "two-sided":
        n10 = max(n10, n01)
    tail = _fair_tail(n10, flips)
    seen = tail - _fair_tail(n10 + 1, flips)
    if alternative != "two-sided":
        return max(tail - seen / 2.0, SMALLEST) if mid_p else tail
    if 2 * n10 == flips:
        # Both tails share the middle, which is the one result as extreme as the one seen.
        return 1.0 - seen / 2.0 if mid_p else 1.0
    return max(2.0 * tail - seen, SMALLEST) if mid_p else min(2.0 * tail, 1.0)


def _signed_sums(sizes: FloatArray, resamples: int, rng: "np.random.Generator") -> FloatArray:
    """Sums of the differences with random signs, one for each resample."""
    values, counts = np.unique(sizes, return_counts=True)
    if 4 * values.size < sizes.size:
        # Equal sizes: the number of plus signs among them is binomial.
        plus = rng.binomial(counts, 0.5, size=(resamples, values.size))
        return (2.0 * plus - counts) @ values
    sums = np.empty(resamples)
    width = -(-sizes.size // 8)
    batch = max(1, _BATCH_BITS // (8 * width))
    for start in range(0, resamples, batch):
        stop = min(start + batch, resamples)
        random = rng.integers(0, 256, size=(stop - start, width), dtype=np.uint8)
        bits = np.unpackbits(random, axis=1, count=sizes.size)
        sums[start:stop] = 2.0 * (bits @ sizes) - sizes.sum()
    return sums


def _all_signed_sums(sizes: FloatArray) -> FloatArray:
    """Sums of the differences with every choice of signs."""
    choices = np.arange(2**sizes.size)[:, np.newaxis] >> np.arange(sizes.size)
    return (2.0 * (choices & 1) - 1.0) @ sizes


def permutation_test(
    differences: ArrayLike,
    alternative: Alternative = "two-sided",
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> float:
    """Paired permutation test: is the score's change symmetric about 0?

    The signs of the differences are flipped at random; the p-value is the share of sums at least as
    extreme as the one seen. Up to 14 differences that are not 0, all choices of signs are counted;
    above, it is `(c + 1) / (resamples + 1)`, which never is 0 and keeps the level.

    Args:
        differences: Shape (n,), finite: new score less old score of each example. Average several
            samples of an example first.
        alternative: `worse`: the sum is below 0; `better`: above; or `two-sided`.
        resamples: Number of random choices of signs, at least 100.
        seed: Seed of the random numbers; not used where all choices are counted.

    Returns:
        p-value in (0, 1]; 1 where all differences are 0, nan without differences. Above 20,000
        differences, signs are flipped in 10,000 random blocks: these choices form a group, too, so
        the level holds.

    Raises:
        ConfigError: If a difference is not finite or an option is unknown.

    Source:
        Fisher 1935, The Design of Experiments, section 21; Phipson and Smyth 2010, Stat. Appl.
        Genet. Mol. Biol. 9:39, for (c + 1) / (R + 1); Hemerik and Goeman 2018, TEST 27, 811-825,
        for subgroups.

    >>> permutation_test([-0.5, -0.25, -0.75, -0.5], "worse")
    0.0625
    """
    array = check_values(differences, "differences")
    _check_alternative(alternative)
    if resamples < 100:  # noqa: PLR2004
        raise ConfigError(f"resamples is {resamples}; expected at least 100.")
    if array.size == 0:
        return math.nan
    moved = array[array != 0.0]
    if moved.size == 0:
        return 1.0
    rng = np.random.default_rng(seed)
    if np.unique(np.abs(moved)).size * 4 >= moved.size > 2 * _BLOCKS:
        moved = np.bincount(rng.permutation(moved.size) % _BLOCKS, weights=moved)
    sizes, seen = np.abs(moved), float(moved.sum())
    exact = moved.size <= ENUMERATED
    sums = _all_signed_sums(sizes) if exact else _signed_sums(sizes, resamples, rng)
    # Sums of the same numbers in another order differ in the last digits: those are ties.
    slack = 1e-12 * float(sizes.sum())
    if alternative == "worse":
        extreme = sums <= seen + slack
    elif alternative == "better":
        extreme = sums >= seen - slack
    else:
        extreme = np.abs(sums) >= abs(seen) - slack
    count = int(extreme.sum())
    return count / sums.size if exact else (count + 1) / (sums.size + 1)


@dataclass(frozen=True, slots=True)
class CombinedTest:
    """p-values of three ways to combine several tasks, and of the three together.

    Attributes:
        pooled: Exact McNemar on the flips of all tasks: finds a loss spread over tasks.
        largest_drop: Exact p-value of the largest standardised drop: finds a loss in one task.
        fisher: Fisher's combination of the p-values of the tasks: in between.
        any_of: Three times the smallest of the three, at most 1 (Bonferroni).

    >>> CombinedTest(0.2, 0.01, 0.1, 0.03).any_of
    0.03
    """

    pooled: float
    largest_drop: float
    fisher: float
    any_of: float


def _largest_drop(tasks: Sequence[tuple[int, int]]) -> float:
    """Exact P(max over tasks of (n10 - n01)/sqrt(n10 + n01) >= the largest one seen)."""
    largest = max((worse - better) / math.sqrt(worse + better) for worse, better in tasks)
    log_below = 0.0
    for worse, better in tasks:
        flips = worse + better
        # The smallest n10 that reaches the statistic; the slack keeps a tie a tie.
        reach = math.ceil((flips + largest * math.sqrt(flips)) / 2.0 - 1e-9 * (flips + 1))
        tail = _fair_tail(reach, flips) if reach <= flips else 0.0
        if tail >= 1.0:
            return 1.0
        log_below += math.log1p(-tail)
    return max(-math.expm1(log_below), SMALLEST)


def _fisher(logs: Sequence[float]) -> float:
    """Upper tail of chi-squared with 2 T degrees of freedom at -2 sum(log p)."""
    half = -math.fsum(logs)
    if half == 0.0:
        return 1.0
    terms = (i * math.log(half) - math.lgamma(i + 1) - half for i in range(len(logs)))
    return min(max(math.fsum(math.exp(term) for term in terms), SMALLEST), 1.0)


def combine_tasks(
    n10: Sequence[int],
    n01: Sequence[int],
    alternative: Literal["worse", "better"] = "worse",
) -> CombinedTest:
    """Test whether a model got worse on any of several tasks, in three ways.

    Pooled: McNemar on the sums of the counts. Largest drop: the largest
    `(n10 - n01) / sqrt(n10 + n01)` of a task against its exact distribution, the product of
    binomials, if no task changed. Fisher: `-2 sum(log p)` of the exact one-sided p-values against
    chi-squared with 2 T degrees of freedom, which is conservative for discrete p-values. Tasks
    without flips say nothing and are passed over. The examples of different tasks must differ.

    Args:
        n10: Negative flips of each task.
        n01: Positive flips of each task.
        alternative: `worse` or `better`, seen from the new model.

    Returns:
        Four p-values in (0, 1], 2.2e-308 where one is smaller; all nan without tasks, all 1 where
        no task has a flip.

    Raises:
        ConfigError: If a count is negative, the lengths differ, or the alternative is unknown.

    Source:
        Kuebler et al. 2026 (arXiv 2602.10144), section on aggregation. Its full text could not be
        checked: pooled, largest drop and Fisher follow second-hand summaries. The exact
        distribution of the largest drop, in place of a simulated one, is ours.

    >>> combined = combine_tasks(n10=[12, 9, 30], n01=[10, 10, 8])
    >>> round(combined.pooled, 4), round(combined.any_of, 4)
    (0.0064, 0.001)
    """
    _check_alternative(alternative, _ALTERNATIVES[1:])
    if len(n10) != len(n01):
        raise ConfigError(f"n10 has {len(n10)} tasks and n01 {len(n01)}; expected as many.")
    if not len(n10):
        return CombinedTest(math.nan, math.nan, math.nan, math.nan)
    pairs = [check_counts(n10=a, n01=b) for a, b in zip(n10, n01, strict=True)]
    tasks = [(b, a) if alternative == "better" else (a, b) for a, b in pairs if a + b > 0]
    if not tasks:
        return CombinedTest(1.0, 1.0, 1.0, 1.0)
    pooled = mcnemar(sum(a for a, _ in tasks), sum(b for _, b in tasks), "worse")
    largest = _largest_drop(tasks)
    fisher = _fisher([_log_fair_tail(a, a + b) for a, b in tasks])
    return CombinedTest(pooled, largest, fisher, min(1.0, 3.0 * min(pooled, largest, fisher)))


def combine_changes(
    changes: Sequence[ArrayLike], *, resamples: int = 10_000, seed: int = 0
) -> CombinedTest:
    """Test whether a model got worse on any of several tasks, where examples are no plain flips.

    As `combine_tasks`, for changes of any size: of shares of right samples, or of whole groups of
    examples. The signs of all changes are flipped together, `resamples` times; pooled is the sum
    over all tasks, largest drop the largest `-sum(d) / sqrt(sum(d^2))` of a task, and Fisher's
    combination that of the permutation p-values of the tasks.

    Args:
        changes: For each task, shape (n_t,): new less old of each unit that is independent.
        resamples: Number of random choices of signs.
        seed: Seed of the random numbers.

    Returns:
        Four p-values in (0, 1], for the new model being worse; all nan without tasks, all 1 where
        nothing changed.

    Raises:
        ConfigError: If a change is not finite.

    Source:
        Fisher 1935, section 21, for the signs; Kuebler et al. 2026 (arXiv 2602.10144) for the three
        ways, as of `combine_tasks`; the largest of several by one permutation: Westfall and Young
        1993, Resampling-Based Multiple Testing.

    >>> combined = combine_changes([[-0.2, -0.4, 0.2] * 10, [-0.6, 0.2] * 10])
    >>> combined.pooled < 0.01, combined.any_of < 0.05
    (True, True)
    """
    if not len(changes):
        return CombinedTest(math.nan, math.nan, math.nan, math.nan)
    moved = [check_values(change, "changes") for change in changes]
    moved = [change[change != 0.0] for change in moved]
    moved = [change for change in moved if change.size]
    if not moved:
        return CombinedTest(1.0, 1.0, 1.0, 1.0)
    rng = np.random.default_rng(seed)
    drawn = np.stack([_signed_sums(np.abs(change), resamples, rng) for change in moved])
    seen = np.array([float(change.sum()) for change in moved])
    scale = np.array([math.sqrt(float(change @ change)) for change in moved])

    def as_low(sums: FloatArray, bound: FloatArray) -> FloatArray:
        extreme = sums <= bound + 1e-9 * (1.0 + np.abs(bound))
        p_values: FloatArray = (1.0 + extreme.sum(axis=-1)) / (1.0 + resamples)
        return p_values

    each_task = as_low(drawn, seen[:, np.newaxis])
    pooled = float(as_low(drawn.sum(axis=0), seen.sum()))
    lowest = (drawn / scale[:, np.newaxis]).min(axis=0)
    largest = float(as_low(lowest, (seen / scale).min()))
    fisher = _fisher(np.log(each_task).tolist())
    return CombinedTest(pooled, largest, fisher, min(1.0, 3.0 * min(pooled, largest, fisher)))
