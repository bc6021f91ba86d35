"""Candidates: what a further new model changes against the first one.

Both are held against the same old model, so that a difference of their rates is a paired one.
Source: Echterhoff et al. 2024 (arXiv 2407.09435), tables 4 to 6.
"""

import math

import numpy as np

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray
from compatkit.metrics.estimates import (
    Measured,
    MetricValue,
    Plan,
    difference,
    divide,
    estimate,
    mean_of,
    over_clusters,
    undefined,
)
from compatkit.metrics.flips import Measure
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.smooth import Changes


def rate_change(flags: Changes) -> Measure:
    """Return how the change of a share is measured: the candidate's less the new model's."""

    def measure(pair: JudgedPair, plan: Plan) -> MetricValue:
        return difference(flags(pair.first, plan), flags(pair, plan), plan)

    return measure


def rate_change_percent(flags: Changes) -> Measure:
    """Return how the change of a share in percent of the new model's is measured."""
    return lambda pair, plan: _percent(flags(pair.first, plan), flags(pair, plan), plan)


def _percent(new: BoolArray, candidate: BoolArray, plan: Plan) -> MetricValue:
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
    return estimate(percent.value, interval)


def score_change(pair: JudgedPair, plan: Plan) -> Measured:
    """Return the mean score of the candidate less that of the new model."""
    return mean_of(pair.new.scores - pair.first.new.scores, plan, -1.0)


def size_change(flags: Changes, sign: float) -> Measure:
    """Return how the change of a mean size is measured: of gains, or with -1 of regressions."""

    def measure(pair: JudgedPair, plan: Plan) -> MetricValue:
        where, where_new = flags(pair, plan), flags(pair.first, plan)
        if not (where.any() and where_new.any()):
            return undefined("one of the models has no such change")
        candidate, new = sign * pair.change, sign * pair.first.change
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

    return measure
