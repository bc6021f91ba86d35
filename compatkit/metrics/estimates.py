"""Estimates: every metric of an aligned pair with its interval."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.flips import Flips, count_flips
from compatkit.metrics.smooth import SmoothFlips, count_smooth
from compatkit.statistics import Interval

NOT_ASKED = "intervals that take resamples were not asked for"


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


Metrics = dict[str, MetricValue]


@dataclass(frozen=True, slots=True)
class Plan:
    """How intervals are made.

    Attributes:
        level: confidence level in (0, 1).
        seed: seed of every random step.
        resamples: number of bootstrap resamples.
        epsilon: largest change of a continuous score that counts as a tie.
        bounded: scores lie in [0, 1] by definition, so that limits beyond are cut.
        clusters: for each example that is measured the number of its group, shape (N,); None
            where examples are independent.
        exact: proportions get Clopper and Pearson's interval instead of Wilson's.
        resample: make the intervals and tests of scores, which take resamples, beside
            their values.
    """

    level: float = 0.95
    seed: int = 0
    resamples: int = 2000
    epsilon: float = 0.0
    bounded: bool = True
    clusters: IntArray | None = None
    exact: bool = False
    resample: bool = True

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
    make = statistics.clopper_pearson if plan.exact else statistics.wilson
    interval = make(count, total, plan.level)
    return replace(estimate(count / total, interval), numerator=count, denominator=total)


def complete(metrics: Metrics, families: Iterable[str], reason: str) -> Metrics:
    """Add every metric of the families that is not there, as undefined for a reason."""
    absent = {
        name: undefined(reason)
        for name, metric in METRICS.items()
        if metric.family in families and name not in metrics
    }
    return {**metrics, **absent}


def share(
    flags: BoolArray, plan: Plan, where: BoolArray | None = None, nothing: str = "no examples"
) -> MetricValue:
    """Return the share of examples with a flag, among those of `where`, with its interval.

    Wilson's score interval, or its kin for examples that come in groups.
    """
    if where is not None and not where.all():
        flags = flags[where]
    if plan.clusters is None or len(flags) == 0:
        return proportion(int(flags.sum()), len(flags), plan, nothing)
    clusters = plan.clusters if where is None else plan.clusters[where]
    interval = statistics.cluster_proportion(flags, clusters, plan.level)
    value = estimate(float(flags.mean()), interval)
    return replace(value, numerator=int(flags.sum()), denominator=len(flags))


def estimate_flips(old: BoolArray, new: BoolArray, same: BoolArray | None, plan: Plan) -> Metrics:
    """Return the metrics of the families `accuracy` and `flips`.

    Args:
        old: shape (N,), whether the old model's answer is right.
        new: shape (N,), whether the new model's is.
        same: shape (N,), whether the answers are equal; None where they are unknown.
        plan: how intervals are made.
    """
    negative, wrong, both = old & ~new, ~new, old & new
    unknown = "the files hold no answers to compare"
    nothing = np.zeros(len(old), np.bool_)
    differ, agree = (nothing, nothing) if same is None else (~same, same)
    known = nothing if same is None else ~nothing
    no_answers = unknown if same is None else "no examples"
    no_both = unknown if same is None else "no example is answered right by both"
    no_error, no_right = "the new model makes no error", "the old model is never right"
    return {
        "accuracy_old": share(old, plan),
        "accuracy_new": share(new, plan),
        "accuracy_delta": difference(old, new, plan),
        "negative_flip_rate": share(negative, plan),
        "positive_flip_rate": share(new & ~old, plan),
        "inconsistency_flip_rate": share(wrong & differ, plan, known, no_answers),
        "negative_flip_impact": share(negative, plan, wrong, no_error),
        "relative_negative_flip_rate": _relative_flips(count_flips(old, new, same), old, new, plan),
        "backward_trust_compatibility": share(both, plan, old, no_right),
        "backward_error_compatibility": share(~old, plan, wrong, no_error),
        "churn": share(differ, plan, known, no_answers),
        "agreement_right": share(agree, plan, both & known, no_both),
    }


def _relative_flips(flips: Flips, old: BoolArray, new: BoolArray, plan: Plan) -> MetricValue:
    ratio = statistics.relative_flip_ratio(
        flips.both_right, flips.negative_flips, flips.positive_flips, flips.both_wrong, plan.level
    )
    if plan.clusters is None or math.isnan(ratio.value):
        return estimate(ratio.value, ratio.interval)
    columns = [old & ~new, np.ones(len(old)), old, ~new]

    def relative(*sums: FloatArray) -> FloatArray:
        above, below = sums[0].sum(axis=1) * sums[1].sum(axis=1), sums[2].sum(axis=1)
        below = below * sums[3].sum(axis=1)
        return divide(above, below)

    return estimate(ratio.value, over_clusters(columns, relative, plan, 0.0))


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


def estimate_smooth(old: FloatArray, new: FloatArray, plan: Plan) -> Metrics:
    """Return the metrics of the family `smooth` for aligned columns of scores."""
    smooth = count_smooth(old, new, plan.epsilon)
    change = new - old
    return {
        "score_old": mean_value(old, plan, 0.0),
        "score_new": mean_value(new, plan, 0.0),
        "score_delta": mean_value(change, plan, -1.0),
        "smooth_negative_flip_rate": share(change < -plan.epsilon, plan),
        "smooth_positive_flip_rate": share(change > plan.epsilon, plan),
        "tie_rate": share(np.abs(change) <= plan.epsilon, plan),
        **_sizes(smooth, change, plan),
    }


def _sizes(smooth: SmoothFlips, change: FloatArray, plan: Plan) -> Metrics:
    rose, fell = change > plan.epsilon, change < -plan.epsilon
    return {
        "mean_gain": conditional_mean(
            smooth.mean_gain, np.where(rose, change, 0.0), rose, plan, "no score rose"
        ),
        "mean_regression": conditional_mean(
            smooth.mean_regression, np.where(fell, -change, 0.0), fell, plan, "no score fell"
        ),
    }


def mean_value(values: FloatArray, plan: Plan, low: float) -> MetricValue:
    """Return the mean of values in [low, 1] with its bootstrap interval."""
    if len(values) == 0:
        return undefined("no examples")
    if not plan.resample:
        return MetricValue(float(values.mean()), reason=NOT_ASKED)
    interval = statistics.bootstrap_mean(
        values,
        level=plan.level,
        seed=plan.seed,
        resamples=plan.resamples,
        bounds=plan.bounds(low, 1.0),
        clusters=plan.clusters,
    )
    return estimate(float(values.mean()), interval)


def conditional_mean(
    value: float, values: FloatArray, where: BoolArray, plan: Plan, nothing: str
) -> MetricValue:
    """Return the mean over the examples of `where`, with its bootstrap interval.

    Args:
        value: the mean.
        values: what it is the mean of, 0 where an example does not count.
        where: which examples count.
        plan: how intervals are made.
        nothing: why it is undefined where none counts.
    """
    if not where.any():
        return undefined(nothing)
    if not plan.resample:
        return MetricValue(value, reason=NOT_ASKED)
    interval = statistics.bootstrap_ratio(
        values,
        where,
        level=plan.level,
        seed=plan.seed,
        resamples=plan.resamples,
        bounds=plan.bounds(0.0, 1.0),
        clusters=plan.clusters,
    )
    return estimate(value, interval)


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
