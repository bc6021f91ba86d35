"""Flips: shares of the examples that are right, wrong, and answered alike.

A share is a rule that says which examples count, and one that says among which. Its value and its
interval follow: of the two counts, of groups of examples, exact where the plan says so.
"""

import math
from collections.abc import Callable

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
    share,
)
from compatkit.metrics.pair import Judged, JudgedPair
from compatkit.record import replace

Measure = Callable[[JudgedPair, Plan], Measured]
Flags = Callable[[JudgedPair], BoolArray]


def share_of(flags: Flags, among: Flags | None = None, nothing: str = "no examples") -> Measure:
    """Return how a share of the examples is measured.

    Args:
        flags: which examples count, shape (N,).
        among: which of them it is a share of; all if not given.
        nothing: why it is undefined where it is a share of none.
    """

    def measure(pair: JudgedPair, plan: Plan) -> MetricValue:
        return share(flags(pair), plan, None if among is None else among(pair), nothing)

    return measure


def accuracy(model: Callable[[JudgedPair], Judged]) -> Measure:
    """Return how a model's accuracy is measured: of several samples, by their shares."""

    def measure(pair: JudgedPair, plan: Plan) -> Measured:
        if pair.single:
            return share(model(pair).right > 0, plan)
        return mean_of(model(pair).right, replace(plan, bounded=True), 0.0)

    return measure


def accuracy_delta(pair: JudgedPair, plan: Plan) -> Measured:
    """Return the accuracy of the new model less that of the old one."""
    if pair.single:
        return difference(pair.was_right, pair.is_right, plan)
    return mean_of(pair.new.right - pair.old.right, replace(plan, bounded=True), -1.0)


def relative_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the negative flips against those of two independent models."""
    both, broken, repaired, neither = map(int, pair.cells)
    ratio = statistics.relative_flip_ratio(both, broken, repaired, neither, plan.level)
    if plan.clusters is None or math.isnan(ratio.value):
        return estimate(ratio.value, ratio.interval)
    columns = [pair.broken, np.ones(len(pair.ids)), pair.was_right, ~pair.is_right]

    def relative(*sums: FloatArray) -> FloatArray:
        above, below = sums[0].sum(axis=1) * sums[1].sum(axis=1), sums[2].sum(axis=1)
        below = below * sums[3].sum(axis=1)
        return divide(above, below)

    return estimate(ratio.value, over_clusters(columns, relative, plan, 0.0))
