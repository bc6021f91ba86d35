"""Estimates of a candidate: what it changes against the first new model."""

import math

import numpy as np

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray
from compatkit.metrics.estimates import (
    Metrics,
    MetricValue,
    Plan,
    difference,
    divide,
    estimate,
    mean_value,
    over_clusters,
    undefined,
)
from compatkit.metrics.pair import Judged


def estimate_candidate(
    old: Judged, new: Judged, candidate: Judged, plan: Plan, *, continuous: bool
) -> Metrics:
    """Return the metrics of the family `candidate`: what it changes against the new model.

    Source: Echterhoff et al. 2024 (arXiv 2407.09435), tables 4 to 6.
    """
    was_right = old.right > 0
    flips_new, flips_candidate = was_right & (new.right == 0), was_right & (candidate.right == 0)
    metrics = {
        "delta_accuracy": difference(new.right > 0, candidate.right > 0, plan),
        **_rate_change(flips_new, flips_candidate, plan, ("delta_nfr", "delta_nfr_percent")),
    }
    if not continuous:
        return metrics
    change_new, change = new.scores - old.scores, candidate.scores - old.scores
    fell_new, fell = change_new < -plan.epsilon, change < -plan.epsilon
    rose_new, rose = change_new > plan.epsilon, change > plan.epsilon
    return {
        **metrics,
        "delta_score": mean_value(candidate.scores - new.scores, plan, -1.0),
        **_rate_change(fell_new, fell, plan, ("delta_smooth_nfr", "delta_smooth_nfr_percent")),
        "delta_mean_gain": _size_change(change, change_new, rose, rose_new, plan),
        "delta_mean_regression": _size_change(-change, -change_new, fell, fell_new, plan),
    }


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
    interval = percent.interval
    if plan.clusters is not None and not math.isnan(percent.value):

        def change(*sums: FloatArray) -> FloatArray:
            above, below = sums[0].sum(axis=1), sums[1].sum(axis=1)
            return np.asarray(100 * (divide(above, below) - 1))

        interval = over_clusters([candidate, new], change, plan, -100.0)
    return {
        names[0]: difference(new, candidate, plan),
        names[1]: estimate(percent.value, interval),
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
        clusters=plan.clusters,
    )
    return estimate(float(candidate[where].mean() - new[where_new].mean()), interval)
