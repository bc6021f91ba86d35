"""Samples: expected flips of several samples per example, and the noise among them."""

from collections.abc import Callable
from typing import Any

from compatkit import statistics
from compatkit.arrays import BoolArray
from compatkit.metrics.estimates import MetricValue, Plan, estimate, share
from compatkit.metrics.flips import Measure
from compatkit.metrics.pair import JudgedPair
from compatkit.statistics import Estimate, ReliableFlips


def expected_negative(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the mean of p_i (1 - q_i)."""
    return _measure(statistics.expected_flip_rate, plan, pair.old_share, pair.new.right)


def expected_positive(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the mean of (1 - p_i) q_i."""
    return _measure(statistics.expected_flip_rate, plan, pair.new.right, pair.old_share)


def floor_old(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the negative flip rate of the old model against itself."""
    return _measure(statistics.flip_floor, plan, pair.old_share, pair.old_samples)


def floor_new(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the negative flip rate of the new model against itself."""
    return _measure(statistics.flip_floor, plan, pair.new.right, pair.new_samples)


def excess_negative(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the expected negative flips beyond the old model's floor."""
    columns = pair.old_share, pair.old_samples, pair.new.right
    return _measure(statistics.excess_flip_rate, plan, *columns)


def share_of_reliable(flags: Callable[[ReliableFlips], BoolArray]) -> Measure:
    """Return how the share of the examples that changed beyond noise is measured."""
    return lambda pair, plan: share(flags(pair.reliable), plan)


def _measure(statistic: Callable[..., Estimate], plan: Plan, *columns: Any) -> MetricValue:
    measured = statistic(
        *columns,
        level=plan.level,
        seed=plan.seed,
        resamples=plan.resamples,
        clusters=plan.clusters,
    )
    return estimate(measured.value, measured.interval)
