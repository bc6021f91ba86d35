"""Estimates: every metric of an aligned pair with its interval."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from compatkit import statistics
from compatkit.flips import Flips
from compatkit.metrics import METRICS
from compatkit.smooth import SmoothFlips, count_smooth
from compatkit.statistics import Interval

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


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
    """

    level: float = 0.95
    seed: int = 0
    resamples: int = 2000
    epsilon: float = 0.0
    bounded: bool = True

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
    low, high = (None, None) if interval.reason else (interval.low, interval.high)
    return MetricValue(value, low, high, interval.level, interval.method, interval.reason)


def proportion(count: int, total: int, plan: Plan, nothing: str = "no examples") -> MetricValue:
    """Return count / total with Wilson's score interval."""
    if total == 0:
        return MetricValue(None, reason=nothing, numerator=count, denominator=total)
    interval = statistics.wilson(count, total, plan.level)
    return replace(estimate(count / total, interval), numerator=count, denominator=total)


def complete(metrics: Metrics, families: Iterable[str], reason: str) -> Metrics:
    """Add every metric of the families that is not there, as undefined for a reason."""
    absent = {
        name: undefined(reason)
        for name, metric in METRICS.items()
        if metric.family in families and name not in metrics
    }
    return {**metrics, **absent}


def estimate_flips(flips: Flips, plan: Plan) -> Metrics:
    """Return the metrics of the families `accuracy` and `flips`."""
    n, wrong, right = flips.total, flips.new_wrong, flips.old_right
    unknown = "" if flips.answers_known else "the files hold no answers to compare"
    answered = n if flips.answers_known else 0
    delta = statistics.tango(flips.negative_flips, flips.positive_flips, n, plan.level)
    ratio = statistics.relative_flip_ratio(
        flips.both_right, flips.negative_flips, flips.positive_flips, flips.both_wrong, plan.level
    )
    no_error, no_right = "the new model makes no error", "the old model is never right"
    return {
        "accuracy_old": proportion(right, n, plan),
        "accuracy_new": proportion(flips.new_right, n, plan),
        "accuracy_delta": estimate(flips.accuracy_delta, delta),
        "negative_flip_rate": proportion(flips.negative_flips, n, plan),
        "positive_flip_rate": proportion(flips.positive_flips, n, plan),
        "inconsistency_flip_rate": proportion(
            flips.new_wrong_and_different, answered, plan, unknown or "no examples"
        ),
        "negative_flip_impact": proportion(flips.negative_flips, wrong, plan, no_error),
        "relative_negative_flip_rate": estimate(ratio.value, ratio.interval),
        "backward_trust_compatibility": proportion(flips.both_right, right, plan, no_right),
        "backward_error_compatibility": proportion(flips.both_wrong, wrong, plan, no_error),
        "churn": proportion(flips.different, answered, plan, unknown or "no examples"),
        "agreement_right": proportion(
            flips.same_both_right,
            flips.both_right if flips.answers_known else 0,
            plan,
            unknown or "no example is answered right by both",
        ),
    }


def estimate_smooth(old: FloatArray, new: FloatArray, plan: Plan) -> Metrics:
    """Return the metrics of the family `smooth` for aligned columns of scores."""
    smooth = count_smooth(old, new, plan.epsilon)
    change = new - old
    return {
        "score_old": _mean(old, plan, 0.0),
        "score_new": _mean(new, plan, 0.0),
        "score_delta": _mean(change, plan, -1.0),
        "smooth_negative_flip_rate": proportion(len(smooth.regressions), smooth.total, plan),
        "smooth_positive_flip_rate": proportion(len(smooth.gains), smooth.total, plan),
        "tie_rate": proportion(smooth.ties, smooth.total, plan),
        **_sizes(smooth, change, plan),
    }


def _sizes(smooth: SmoothFlips, change: FloatArray, plan: Plan) -> Metrics:
    rose, fell = change > plan.epsilon, change < -plan.epsilon
    return {
        "mean_gain": _conditional_mean(
            smooth.mean_gain, np.where(rose, change, 0.0), rose, plan, "no score rose"
        ),
        "mean_regression": _conditional_mean(
            smooth.mean_regression, np.where(fell, -change, 0.0), fell, plan, "no score fell"
        ),
    }


def _mean(values: FloatArray, plan: Plan, low: float) -> MetricValue:
    """Return the mean of values in [low, 1] with its bootstrap interval."""
    if len(values) == 0:
        return undefined("no examples")
    interval = statistics.bootstrap_mean(
        values,
        level=plan.level,
        seed=plan.seed,
        resamples=plan.resamples,
        bounds=plan.bounds(low, 1.0),
    )
    return estimate(float(values.mean()), interval)


def _conditional_mean(
    value: float, values: FloatArray, where: BoolArray, plan: Plan, nothing: str
) -> MetricValue:
    if not where.any():
        return undefined(nothing)
    interval = statistics.bootstrap_ratio(
        values,
        where,
        level=plan.level,
        seed=plan.seed,
        resamples=plan.resamples,
        bounds=plan.bounds(0.0, 1.0),
    )
    return estimate(value, interval)


@dataclass(frozen=True, slots=True)
class Judged:
    """One model's aligned results: shape (N,) each.

    Attributes:
        scores: mean score over the samples of each example.
        right: share of right samples of each example, 0 or 1 where there is one sample.
        samples: number of samples of each example; 0 for one that is missing (and wrong).
        silent: number of null answers of each example that were counted as wrong.
    """

    scores: FloatArray
    right: FloatArray
    samples: NDArray[np.int64]
    silent: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> "Judged":
        """Return the results of some examples, in the order given."""
        return Judged(self.scores[rows], self.right[rows], self.samples[rows], self.silent[rows])


def estimate_candidate(
    old: Judged, new: Judged, candidate: Judged, plan: Plan, *, continuous: bool
) -> Metrics:
    """Return the metrics of the family `candidate`: what it changes against the new model.

    Source: Echterhoff et al. 2024 (arXiv 2407.09435), tables 4 to 6.
    """
    was_right = old.right > 0
    flips_new, flips_candidate = was_right & (new.right == 0), was_right & (candidate.right == 0)
    metrics = {
        "delta_accuracy": _difference(new.right == 0, candidate.right == 0, plan, sign=-1),
        **_rate_change(flips_new, flips_candidate, plan, ("delta_nfr", "delta_nfr_percent")),
    }
    if not continuous:
        return metrics
    change_new, change = new.scores - old.scores, candidate.scores - old.scores
    fell_new, fell = change_new < -plan.epsilon, change < -plan.epsilon
    rose_new, rose = change_new > plan.epsilon, change > plan.epsilon
    return {
        **metrics,
        "delta_score": _mean(candidate.scores - new.scores, plan, -1.0),
        **_rate_change(fell_new, fell, plan, ("delta_smooth_nfr", "delta_smooth_nfr_percent")),
        "delta_mean_gain": _size_change(change, change_new, rose, rose_new, plan),
        "delta_mean_regression": _size_change(-change, -change_new, fell, fell_new, plan),
    }


def _difference(new: BoolArray, candidate: BoolArray, plan: Plan, sign: int = 1) -> MetricValue:
    """Return sign * (rate of candidate - rate of new), a paired difference, by Tango's interval."""
    only_candidate, only_new = int((candidate & ~new).sum()), int((new & ~candidate).sum())
    more, fewer = (only_candidate, only_new) if sign > 0 else (only_new, only_candidate)
    interval = statistics.delta_rate(more, fewer, len(new), plan.level)
    return estimate((more - fewer) / len(new) if len(new) else math.nan, interval)


def _rate_change(
    new: BoolArray, candidate: BoolArray, plan: Plan, names: tuple[str, str]
) -> Metrics:
    percent = statistics.delta_rate_percent(
        int((new & candidate).sum()),
        int((candidate & ~new).sum()),
        int((new & ~candidate).sum()),
        len(new),
        plan.level,
    )
    return {
        names[0]: _difference(new, candidate, plan),
        names[1]: estimate(percent.value, percent.interval),
    }


def _size_change(
    candidate: FloatArray, new: FloatArray, where: BoolArray, where_new: BoolArray, plan: Plan
) -> MetricValue:
    if not (where.any() and where_new.any()):
        return undefined("one of the models has no such change")
    interval = statistics.bootstrap_difference_of_means(
        candidate,
        new,
        where_candidate=where,
        where_new=where_new,
        level=plan.level,
        resamples=plan.resamples,
        seed=plan.seed,
        bounds=plan.bounds(-1.0, 1.0),
    )
    return estimate(float(candidate[where].mean() - new[where_new].mean()), interval)


def estimate_samples(old: Judged, new: Judged, plan: Plan, rerun: Judged | None = None) -> Metrics:
    """Return the metrics of the family `samples`, and the accuracies where samples are several.

    Args:
        old: the old model's results.
        new: the new model's results.
        plan: how intervals are made.
        rerun: a second run of the old model, which stands in for more samples of it.
    """
    p, k = old.right, np.maximum(old.samples, 1)
    q, l = new.right, np.maximum(new.samples, 1)  # noqa: E741
    metrics: Metrics = {}
    shares = replace(plan, bounded=True)
    if k.max(initial=1) > 1 or l.max(initial=1) > 1:
        metrics = {
            "accuracy_old": _mean(p, shares, 0.0),
            "accuracy_new": _mean(q, shares, 0.0),
            "accuracy_delta": _mean(q - p, shares, -1.0),
        }
    if rerun is not None:
        more = k + rerun.samples
        p, k = (p * k + rerun.right * rerun.samples) / more, more
    level, seed, resamples = plan.level, plan.seed, plan.resamples
    found = {
        "expected_negative_flip_rate": statistics.expected_flip_rate(
            p, q, level=level, seed=seed, resamples=resamples
        ),
        "expected_positive_flip_rate": statistics.expected_flip_rate(
            q, p, level=level, seed=seed, resamples=resamples
        ),
        "flip_floor_old": statistics.flip_floor(p, k, level=level, seed=seed, resamples=resamples),
        "flip_floor_new": statistics.flip_floor(q, l, level=level, seed=seed, resamples=resamples),
        "excess_negative_flip_rate": statistics.excess_flip_rate(
            p, k, q, level=level, seed=seed, resamples=resamples
        ),
    }
    metrics |= {name: estimate(each.value, each.interval) for name, each in found.items()}
    for name, size in (("flip_floor_old", k), ("flip_floor_new", l)):
        if size.max(initial=0) == 1:
            metrics[name] = undefined("no example has two samples of this model")
    if k.max(initial=0) == 1:
        metrics["excess_negative_flip_rate"] = metrics["flip_floor_old"]
    counts = [np.rint(share * size).astype(np.int64) for share, size in ((p, k), (q, l))]
    reliable = statistics.reliable_flips(counts[0], k, counts[1], l)
    metrics["reliable_negative_flip_rate"] = proportion(int(reliable.worse.sum()), len(p), plan)
    metrics["reliable_positive_flip_rate"] = proportion(int(reliable.better.sum()), len(p), plan)
    return metrics
