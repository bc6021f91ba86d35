"""Estimates: the ways in which a quantity of an aligned pair gets its interval."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.record import replace
from compatkit.statistics import Interval

NOT_ASKED = "intervals that take resamples were not asked for"
FEW = 20  # changes, below which their mean has limits that hold for every distribution


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric as it was measured.

    Attributes:
        value: None where the metric is undefined.
        low: lower limit of the interval, None where there is none.
        high: upper limit.
        level: confidence level of the interval.
        method: how the interval was made.
        reason: why the value, or else the interval, is undefined.
        numerator: the count above the fraction line, where the metric is a proportion.
        denominator: the count below it.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: str | None = None
    reason: str = ""
    numerator: int | None = None
    denominator: int | None = None


Metrics = Mapping[str, MetricValue]


class Ratio(Struct, frozen=True):
    """A ratio of two sums over the examples whose interval is still to be drawn: see `draw`.

    Attributes:
        value: what it is.
        above: shape (N,), what is summed above the fraction line.
        below: shape (N,), what is summed below it.
        bounds: the smallest and the largest value that there can be; None where nobody knows.
    """

    value: float
    above: FloatArray
    below: FloatArray
    bounds: tuple[float, float] | None


Measured = MetricValue | Ratio


class Plan(Struct, frozen=True):
    """How intervals are made.

    Attributes:
        level: confidence level in (0, 1).
        seed: seed of every random step.
        resamples: number of bootstrap resamples.
        epsilon: largest change of a continuous score that counts as a tie.
        bounded: scores lie in [0, 1] by definition, so that limits beyond are cut.
        clusters: for each example that is measured the number of its group, shape (N,); None
            where examples are independent.
        exact: proportions get limits that hold at every number of examples: Clopper and Pearson's
            instead of Wilson's, and, of groups, those by betting.
        at_any_look: with `exact`, the limits hold at every number of examples at once.
        resample: make the intervals and tests of scores, which take resamples, beside
            their values.
        margin: largest change of accuracy, and of the mean score, that counts as none, where
            equivalence is to be tested.
    """

    level: float = 0.95
    seed: int = 0
    resamples: int = 2000
    epsilon: float = 0.0
    bounded: bool = True
    clusters: IntArray | None = None
    exact: bool = False
    at_any_look: bool = False
    resample: bool = True
    margin: float | None = None

    def bounds(self, low: float, high: float) -> tuple[float, float] | None:
        """Return the bounds of a quantity of scores, None where scores have none."""
        return (low, high) if self.bounded else None


def undefined(reason: str) -> MetricValue:
    """Return the value of a metric that is not defined."""
    return MetricValue(None, reason=reason)


def estimate(value: float, interval: Interval) -> MetricValue:
    """Put a value and its interval together; nan becomes None with the reason."""
    if math.isnan(value):
        return undefined(interval.reason or "undefined")
    reason = interval.reason
    if not reason and interval.low == interval.high:
        reason = "all values are equal, which says nothing of how they vary"
    low, high = (None, None) if reason else (interval.low, interval.high)
    return MetricValue(value, low, high, interval.level, interval.method, reason)


def proportion(count: int, total: int, plan: Plan, nothing: str = "no examples") -> MetricValue:
    """Return count / total with Wilson's score interval, or the exact one."""
    if total == 0:
        return MetricValue(None, reason=nothing, numerator=count, denominator=total)
    interval = limits_of_share(count, total, plan)
    return replace(estimate(count / total, interval), numerator=count, denominator=total)


def limits_of_share(count: int, total: int, plan: Plan) -> Interval:
    """Return the interval of count / total, as the plan has it."""
    if plan.at_any_look:
        return statistics.confidence_sequence(count, total, plan.level)
    make = statistics.clopper_pearson if plan.exact else statistics.wilson
    return make(count, total, plan.level)


def share(
    flags: BoolArray, plan: Plan, where: BoolArray | None = None, nothing: str = "no examples"
) -> MetricValue:
    """Return the share of examples with a flag, among those of `where`, with its interval.

    Wilson's score interval, or its kin for examples that come in groups.
    """
    counted = flags if where is None or where.all() else flags[where]
    if plan.clusters is None or len(counted) == 0:
        return proportion(int(counted.sum()), len(counted), plan, nothing)
    if plan.exact:
        value = bounded_mean(flags.astype(np.float64), plan, (0.0, 1.0), where, nothing)
    else:
        clusters = plan.clusters if where is None else plan.clusters[where]
        interval = statistics.cluster_proportion(counted, clusters, plan.level)
        value = estimate(float(counted.mean()), interval)
    return replace(value, numerator=int(counted.sum()), denominator=len(counted))


def divide(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide, nan where the denominator is 0."""
    quotient: FloatArray = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


def over_clusters(
    columns: Sequence[NDArray[np.generic]],
    statistic: Callable[..., FloatArray],
    plan: Plan,
    lowest: float,
) -> Interval:
    """Bootstrap a statistic of sums that is at least `lowest`, with whole groups as the units."""
    sums = [np.bincount(plan.clusters, column) for column in columns]  # type: ignore[arg-type]
    interval = statistics.bootstrap_statistic(
        sums, statistic, level=plan.level, seed=plan.seed, resamples=plan.resamples
    )
    return replace(interval, low=max(interval.low, lowest)) if interval.is_defined else interval


def mean_of(values: FloatArray, plan: Plan, low: float) -> Measured:
    """Return the mean of values in [low, 1], whose bootstrap interval is still to be drawn."""
    if len(values) == 0:
        return undefined("no examples")
    value = float(values.mean())
    if not plan.resample:
        return MetricValue(value, reason=NOT_ASKED)
    return Ratio(value, values, np.ones(len(values)), plan.bounds(low, 1.0))


def draw(measured: Sequence[Measured], plan: Plan) -> list[MetricValue]:
    """Give each ratio among some values its interval: the examples are resampled once for all."""
    ratios = [value for value in measured if isinstance(value, Ratio)]
    intervals = iter(
        statistics.bootstrap_ratios(
            [(ratio.above, ratio.below) for ratio in ratios],
            level=plan.level,
            seed=plan.seed,
            resamples=plan.resamples,
            bounds=[ratio.bounds for ratio in ratios],
            clusters=plan.clusters,
        )
        if ratios
        else ()
    )
    return [
        estimate(value.value, next(intervals)) if isinstance(value, Ratio) else value
        for value in measured
    ]


def mean_value(values: FloatArray, plan: Plan, low: float) -> MetricValue:
    """Return the mean of values in [low, 1] with its bootstrap interval."""
    return draw([mean_of(values, plan, low)], plan)[0]


def bounded_mean(
    values: FloatArray,
    plan: Plan,
    bounds: tuple[float, float],
    where: BoolArray | None = None,
    nothing: str = "no examples",
) -> MetricValue:
    """Return the mean over the examples of `where`, with limits that hold whatever the values.

    Args:
        values: what it is the mean of, shape (N,).
        plan: how intervals are made.
        bounds: the smallest and the largest value that there can be.
        where: which examples count; all if not given.
        nothing: why it is undefined where none counts.
    """
    counts = np.ones(len(values)) if where is None else where.astype(np.float64)
    if not counts.any():
        return undefined(nothing)
    sums, largest = values * counts, 1.0
    value = float(sums.sum() / counts.sum())
    if plan.clusters is not None:
        largest = float(np.bincount(plan.clusters).max())
        sums = np.bincount(plan.clusters, sums).astype(np.float64, copy=False)
        counts = np.bincount(plan.clusters, counts).astype(np.float64, copy=False)
    interval = statistics.betting_ratio(
        sums, counts, *bounds, plan.level, largest=largest, at_any_look=plan.at_any_look
    )
    return estimate(value, interval)


def mean_where(values: FloatArray, where: BoolArray, plan: Plan, nothing: str) -> Measured:
    """Return the mean over the examples of `where`, whose interval may still be to be drawn.

    Of fewer than `FEW` a bootstrap covers far less often than its level says, where values have
    heavy tails; they have limits by betting, which are wider and hold whatever the values.

    Args:
        values: what it is the mean of, in [0, 1] where scores have that range.
        where: which examples count.
        plan: how intervals are made.
        nothing: why it is undefined where none counts.
    """
    few = plan.resample and plan.bounded and plan.clusters is None
    if few and 0 < np.count_nonzero(where) < FEW:
        value = float(values[where].mean())
        return replace(bounded_mean(values, plan, (0.0, 1.0), where), value=value)
    return mean_among(values, where, plan, plan.bounds(0.0, 1.0), nothing)


def mean_among(
    values: FloatArray,
    where: BoolArray,
    plan: Plan,
    bounds: tuple[float, float] | None,
    nothing: str,
) -> Measured:
    """Return the mean over the examples of `where`, whose bootstrap interval is still to be drawn.

    Args:
        values: what it is the mean of; nothing where it does not count, nan too.
        where: which examples count.
        plan: how intervals are made.
        bounds: the smallest and the largest value that there can be; None for no such.
        nothing: why it is undefined where none counts.
    """
    if not where.any():
        return undefined(nothing)
    value = float(values[where].mean())
    if not plan.resample:
        return MetricValue(value, reason=NOT_ASKED)
    return Ratio(value, np.where(where, values, 0.0), where.astype(np.float64), bounds)


def conditional_mean(values: FloatArray, where: BoolArray, plan: Plan, nothing: str) -> MetricValue:
    """Return the mean over the examples of `where`, with its bootstrap interval."""
    return draw([mean_where(values, where, plan, nothing)], plan)[0]


def difference(before: BoolArray, after: BoolArray, plan: Plan) -> MetricValue:
    """Return rate(after) - rate(before), a difference of paired shares.

    Tango's score interval, or a cluster-robust one for examples that come in groups.
    """
    more, fewer = int((after & ~before).sum()), int((before & ~after).sum())
    value = (more - fewer) / len(before) if len(before) else math.nan
    if plan.clusters is None or len(before) == 0:
        return estimate(value, statistics.delta_rate(more, fewer, len(before), plan.level))
    change = after.astype(np.float64) - before
    return estimate(value, statistics.cluster_mean(change, plan.clusters, plan.level))
