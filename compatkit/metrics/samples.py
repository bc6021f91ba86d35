"""Samples: expected flips of several samples per example, and the noise among them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from compatkit import statistics
from compatkit.arrays import BoolArray
from compatkit.metrics.estimates import MetricValue, Plan, estimate, share, undefined
from compatkit.metrics.flips import Measure
from compatkit.metrics.pair import JudgedPair

if TYPE_CHECKING:
    from compatkit.statistics import Estimate, ReliableFlips

NONE_FOUND = "none found; a note says what could be"


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


def share_of_reliable(flags: "Callable[[ReliableFlips], BoolArray]") -> Measure:
    """Return how the share of the examples that changed beyond noise is measured.

    Where none is found it is undefined: that says what the samples could show, not what there is.
    """

    def measure(pair: JudgedPair, plan: Plan) -> MetricValue:
        reliable = flags(pair.reliable)
        return share(reliable, plan) if reliable.any() else undefined(NONE_FOUND)

    return measure


def describe_power(pair: JudgedPair) -> str:
    """Say what change of an example could be found to be reliable at all."""
    old, new = int(pair.old_samples.max()), int(pair.new_samples.max())
    power = statistics.reliable_power(old, new, len(pair.ids))
    samples = f"reliable changes: with {old} and {new} samples"
    if power.right is not None:
        return f"{samples} a fall from {old} right to {power.right} or fewer is found by itself"
    even = f"{samples} even a change from all right to none has p = {power.p_value:.2g}"
    if power.alike > len(pair.ids):
        return f"{even}, so that none can be found"
    return f"{even}, found only where {power.alike} of {len(pair.ids):,} examples change so"


def _measure(statistic: "Callable[..., Estimate]", plan: Plan, *columns: Any) -> MetricValue:
    measured = statistic(
        *columns,
        level=plan.level,
        seed=plan.seed,
        resamples=plan.resamples,
        clusters=plan.clusters,
    )
    return estimate(measured.value, measured.interval)
