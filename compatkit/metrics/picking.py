"""Picking: what may be said of a slice that was picked since it looked worst."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compatkit import statistics
from compatkit.arrays import FloatArray
from compatkit.metrics.estimates import MetricValue, Plan, bounded_mean, estimate
from compatkit.metrics.p_values import ABOVE_OTHERS, PValue, Tests
from compatkit.metrics.pair import JudgedPair, number_values
from compatkit.record import replace

RESAMPLES = 10_000
MOST_RESAMPLES = 1_000_000
GROUPED = "a group of examples lies in several slices"


@dataclass(frozen=True, slots=True)
class SlicesDiffer:
    """Whether the slices of a field differ in their NFR more than chance would have it.

    Attributes:
        p_value: in (0, 1]; None where it is undefined.
        resamples: how often flips, or examples, were dealt out anew.
        reason: why it is undefined; empty otherwise.
    """

    p_value: float | None
    resamples: int = RESAMPLES
    reason: str = ""


def _is_counted(pair: JudgedPair) -> bool:
    return pair.single and pair.clusters is None


def _flips_of(parts: Sequence[JudgedPair]) -> tuple[list[int], list[int]]:
    return [int(part.broken.sum()) for part in parts], [len(part.ids) for part in parts]


def resamples_for(slices: int, plan: Plan) -> int:
    """Return how many resamples let a p-value survive the correction over so many slices.

    A permutation p-value is at least 1 / (resamples + 1); twice as fine as the strictest step.
    """
    needed = math.ceil(2.0 * slices / (1.0 - plan.level))
    return max(plan.resamples, min(needed, MOST_RESAMPLES))


def compare_with_others(parts: Sequence[JudgedPair]) -> list[Tests]:
    """Test of each slice whether its NFR is above that of the others, by Fisher's exact test.

    None where examples have several samples, or come in groups.
    """
    if len(parts) < 2 or not all(map(_is_counted, parts)):  # noqa: PLR2004
        return [{} for _ in parts]
    p_values = statistics.slices_above_others(*_flips_of(parts)).tolist()
    return [
        {ABOVE_OTHERS: PValue("fisher-exact", "worse", p_value, p_value)} for p_value in p_values
    ]


def limits_together(parts: Sequence[JudgedPair], plan: Plan) -> list[MetricValue]:
    """Return the NFR of each slice with limits that hold for all of them at once.

    Of counts Clopper and Pearson's at Sidak's level. Of several samples, and of groups, which may
    lie in several slices, those by betting at Bonferroni's.
    """
    if all(map(_is_counted, parts)):
        counts, totals = _flips_of(parts)
        intervals = statistics.simultaneous_proportions(counts, totals, plan.level)
        return [
            estimate(count / total, interval)
            for count, total, interval in zip(counts, totals, intervals, strict=True)
        ]
    level = 1.0 - (1.0 - plan.level) / len(parts)
    return [
        bounded_mean(
            part.old_share * (1.0 - part.new.right),
            replace(plan, level=level, clusters=part.clusters),
            (0.0, 1.0),
        )
        for part in parts
    ]


def tell_apart(pair: JudgedPair, values: Sequence[str], plan: Plan) -> SlicesDiffer:
    """Test whether the slices of a field differ in their NFR at all.

    Of counts by `compatkit.statistics.slices_differ`; of several samples by dealing out the
    examples anew; where examples come in groups, by dealing out whole groups, each with its flips
    and its size. Undefined where a group lies in several slices: it cannot be dealt out whole.
    """
    codes = number_values(values)[1]
    if pair.clusters is None and pair.single:
        counts = np.bincount(codes, pair.broken).astype(np.int64)
        totals = np.bincount(codes)
        return SlicesDiffer(
            statistics.slices_differ(counts, totals, resamples=RESAMPLES, seed=plan.seed)
        )
    flips: FloatArray = pair.old_share * (1.0 - pair.new.right)
    sizes: FloatArray = np.ones(len(codes))
    if pair.clusters is not None:
        groups = pair.clusters
        slice_of = np.zeros(groups.max() + 1, np.int64)
        slice_of[groups] = codes
        if (slice_of[groups] != codes).any():
            return SlicesDiffer(None, 0, GROUPED)
        flips = np.bincount(groups, flips).astype(np.float64, copy=False)
        sizes = np.bincount(groups).astype(np.float64)
        codes = slice_of
    p_value = statistics.groups_differ(
        flips, sizes, codes, resamples=plan.resamples, seed=plan.seed
    )
    return SlicesDiffer(p_value, plan.resamples)
