"""Flips of a continuous score: gains, regressions, and the sweep over thresholds."""

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.metrics.estimates import Measured, Plan, mean_of, mean_where, share
from compatkit.metrics.flips import Measure
from compatkit.metrics.pair import Judged, JudgedPair

Changes = Callable[[JudgedPair, Plan], BoolArray]


def fell(pair: JudgedPair, plan: Plan) -> BoolArray:
    """Return the examples whose score fell by more than epsilon."""
    return pair.change < -plan.epsilon


def rose(pair: JudgedPair, plan: Plan) -> BoolArray:
    """Return the examples whose score rose by more than epsilon."""
    return pair.change > plan.epsilon


def tied(pair: JudgedPair, plan: Plan) -> BoolArray:
    """Return the examples whose score changed by at most epsilon."""
    tie: BoolArray = np.abs(pair.change) <= plan.epsilon
    return tie


def share_of_changes(flags: Changes) -> Measure:
    """Return how the share of the examples whose score changed so is measured."""
    return lambda pair, plan: share(flags(pair, plan), plan)


def mean_score(model: Callable[[JudgedPair], Judged]) -> Measure:
    """Return how a model's mean score is measured."""
    return lambda pair, plan: mean_of(model(pair).scores, plan, 0.0)


def mean_change(pair: JudgedPair, plan: Plan) -> Measured:
    """Return the mean of D_i."""
    return mean_of(pair.change, plan, -1.0)


def mean_gain(pair: JudgedPair, plan: Plan) -> Measured:
    """Return the mean of D_i where the score rose."""
    return mean_where(pair.change, rose(pair, plan), plan, "no score rose")


def mean_regression(pair: JudgedPair, plan: Plan) -> Measured:
    """Return the mean of abs(D_i) where the score fell."""
    return mean_where(-pair.change, fell(pair, plan), plan, "no score fell")


class Sweep(Struct, frozen=True):
    """Flips as functions of the threshold, at every value where they change.

    Attributes:
        thresholds: the distinct scores of both models, ascending, shape (T,).
        negative_flips: n10 at each threshold, shape (T,).
        positive_flips: n01 at each threshold, shape (T,).
        total: N.
    """

    thresholds: FloatArray
    negative_flips: IntArray
    positive_flips: IntArray
    total: int


def sweep_thresholds(old: FloatArray, new: FloatArray) -> Sweep:
    """Count the flips at every distinct score, exactly.

    A threshold t makes a negative flip of an example with new < t <= old, so that each
    example opens one interval and closes it: O(N log N) for all thresholds at once. What is
    wrong at every threshold has the score -inf.

    >>> sweep_thresholds(np.array([0.9]), np.array([0.3])).negative_flips.tolist()
    [0, 1]
    """
    scores = np.concatenate([old, new])
    thresholds = np.unique(scores[np.isfinite(scores)])
    return Sweep(thresholds, _open(new, old, thresholds), _open(old, new, thresholds), len(old))


def _open(low: FloatArray, high: FloatArray, thresholds: FloatArray) -> IntArray:
    """Count, at each threshold t, the examples with low < t <= high."""
    inside = low < high
    change = np.zeros(len(thresholds) + 1, np.int64)
    np.add.at(change, np.searchsorted(thresholds, low[inside], side="right"), 1)
    np.add.at(change, np.searchsorted(thresholds, high[inside], side="right"), -1)
    return np.cumsum(change[:-1])
