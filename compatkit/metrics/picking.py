"""Picking: what may be said of a slice that was picked since it looked worst."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compatkit import statistics
from compatkit.metrics.estimates import MetricValue, Plan, bounded_mean, estimate
from compatkit.metrics.p_values import PValue, Tests
from compatkit.metrics.pair import JudgedPair

RESAMPLES = 10_000
MOST_RESAMPLES = 1_000_000
GROUPED = "examples come in groups, which may lie in several slices"
NAME = "nfr_above_others"


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
    return [{NAME: PValue("fisher-exact", "worse", p_value, p_value)} for p_value in p_values]


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
    examples anew, with the variance between slices in the place of Pearson's statistic.
    """
    if pair.clusters is not None:
        return SlicesDiffer(None, 0, GROUPED)
    _, codes = np.unique(np.array(values, object), return_inverse=True)
    totals = np.bincount(codes)
    if pair.single:
        counts = np.bincount(codes, pair.broken).astype(np.int64)
        return SlicesDiffer(
            statistics.slices_differ(counts, totals, resamples=RESAMPLES, seed=plan.seed)
        )
    flips = pair.old_share * (1.0 - pair.new.right)
    rng = np.random.default_rng(plan.seed)

    def between(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        sums = np.bincount(codes, column)
        return float((sums * sums / totals).sum())

    seen = between(flips) * (1.0 - 1e-12)
    as_much = sum(between(rng.permutation(flips)) >= seen for _ in range(plan.resamples))
    return SlicesDiffer((1 + as_much) / (1 + plan.resamples), plan.resamples)
