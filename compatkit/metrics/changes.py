"""Changes of accuracy and of the mean score: bounds that hold, and whether they count as none."""

import math
from collections.abc import Callable

import numpy as np

from compatkit import statistics
from compatkit.arrays import FloatArray
from compatkit.metrics.estimates import MetricValue, Plan, bounded_mean, estimate, mean_value
from compatkit.metrics.pair import JudgedPair
from compatkit.record import replace

CHANGES = (-1.0, 1.0)
STEPS = 50


def accuracy_change(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the new accuracy less the old, with bounds that hold."""
    if not is_counted(pair, plan):
        return bounded_mean(pair.new.right - pair.old.right, plan, CHANGES)
    total, (_, broken, repaired, _) = len(pair.ids), map(int, pair.cells)
    interval = statistics.conservative_difference(repaired, broken, total, plan.level)
    return estimate((repaired - broken) / total, interval)


def score_change(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the new mean score less the old, with bounds that hold where scores have a range."""
    if plan.bounded:
        return bounded_mean(pair.change, plan, CHANGES)
    return without_range(mean_value(pair.change, plan, -1.0), plan)


def without_range(value: MetricValue, plan: Plan) -> MetricValue:
    """Return what a bootstrap says of scores without a range; it says nothing of later looks."""
    if not plan.at_any_look or value.value is None:
        return value
    return MetricValue(value.value, reason="scores without a range have no limits at any look")


def is_counted(pair: JudgedPair, plan: Plan) -> bool:
    """Whether a change of accuracy is one of counts, whose limits are exact."""
    return pair.single and plan.clusters is None and not plan.at_any_look


def equivalence_of_accuracy(pair: JudgedPair, plan: Plan, margin: float) -> float:
    """Return the p-value of two one-sided tests that the change of accuracy is within a margin.

    The larger of both: of counts by inverting `accuracy_change`, else by betting.

    Source: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680.
    """
    if not is_counted(pair, plan):
        return _by_betting(pair.new.right - pair.old.right, plan, margin)
    return _by_bounds(lambda level: accuracy_change(pair, replace(plan, level=level)), margin)


def equivalence_of_score(pair: JudgedPair, plan: Plan, margin: float) -> float:
    """Return the p-value of two one-sided tests that the mean score changed by less than a margin.

    By betting where scores have a range, else by inverting the bootstrap's interval.
    """
    if plan.bounded:
        return _by_betting(pair.change, plan, margin)
    return _by_bounds(lambda level: score_change(pair, replace(plan, level=level)), margin)


def _by_betting(change: FloatArray, plan: Plan, margin: float) -> float:
    if margin >= CHANGES[1]:
        return float(np.finfo(float).tiny)
    sums, sizes = change, np.ones(len(change))
    if plan.clusters is not None:
        sums = np.bincount(plan.clusters, change).astype(np.float64, copy=False)
        sizes = np.bincount(plan.clusters).astype(np.float64)
    # A one-sided bound at the plan's level is a limit of the two-sided interval at this one.
    level = max(2.0 * plan.level - 1.0, 0.1)
    return max(
        statistics.betting_p_value(sign * sums, sizes, margin, low=-1.0, high=1.0, level=level)
        for sign in (1.0, -1.0)
    )


def _by_bounds(measure: Callable[[float], MetricValue], margin: float) -> float:
    """Return the smallest error at which both bounds are within the margin, one half at most."""

    def is_within(log_tail: float) -> bool:
        bounds = measure(1.0 - 2.0 * math.exp(log_tail))
        if bounds.low is None or bounds.high is None:
            return False
        return -margin <= bounds.low and bounds.high <= margin

    low, high = math.log(1e-14), math.log(0.5 - 1e-9)
    if not is_within(high):
        return 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if is_within(middle) else (middle, high)
    return math.exp(high)
