"""Budgets: the metrics that a policy may limit, and the bounds that each is decided by.

To add one: a line in `BUDGETS`, and a function that measures its bounds where the metric's own,
which are exact for a share, do not hold.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from compatkit import statistics
from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import MetricValue, Plan, difference, estimate, mean_value
from compatkit.metrics.needs import ONE_SAMPLE, Need
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.smooth import fell

Bounds = Callable[[JudgedPair, Plan], MetricValue]


@dataclass(frozen=True, slots=True)
class Budget:
    """A metric that a policy may limit.

    Attributes:
        metric: a name in `METRICS`, which says what it is called and means, how it is shown and
            what it needs.
        bounds: from a pair, and a plan whose two-sided level leaves on each side what one bound
            may miss, to the value with its bounds; those of the metric, which are exact for a
            share, where none are given.
        drop: label and meaning of the metric's negative, where that is what is limited.
        several: what it is where examples have several samples, where it is defined for these
            too; empty where the metric says it all.
        at_least: the limit is a lower one.
        least: smallest limit that makes sense.
        most: largest limit that makes sense; None for no such thing.
        nothing_passes: where it is undefined, there was nothing that could break: a pass.
    """

    metric: str
    bounds: Bounds | None = None
    drop: tuple[str, str] | None = None
    several: str = ""
    at_least: bool = False
    least: float = 0.0
    most: float | None = 1.0
    nothing_passes: bool = False

    @property
    def label(self) -> str:
        """What a table calls it."""
        return METRICS[self.metric].label if self.drop is None else self.drop[0]

    @property
    def meaning(self) -> str:
        """What it is, for somebody who sees it for the first time."""
        meaning = METRICS[self.metric].meaning if self.drop is None else self.drop[1]
        return f"{meaning} {self.several}".rstrip()

    @property
    def unit(self) -> str:
        """How it is shown, as in `compatkit.metrics.metric.Metric`."""
        return METRICS[self.metric].unit

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it cannot be decided without."""
        needs = METRICS[self.metric].needs
        return tuple(need for need in needs if not (self.several and need is ONE_SAMPLE))

    def lacks(self, pair: JudgedPair) -> Need | None:
        """Return the first need that a pair does not meet, None where it meets all."""
        return next((need for need in self.needs if not need.is_met(pair)), None)

    def measure(self, pair: JudgedPair, plan: Plan) -> MetricValue:
        """Return what is limited, with its bounds.

        Raises:
            ConfigError: the pair lacks what is needed: undefined for that reason is never a pass.
        """
        lacking = self.lacks(pair)
        if lacking is not None:
            raise ConfigError(f"a budget of {self.label} needs {lacking.name}.")
        return (self.bounds or METRICS[self.metric].measure)(pair, plan)


def _negative_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    if pair.single:
        return METRICS["negative_flip_rate"].measure(pair, plan)
    expected = pair.old.right * (1.0 - pair.new.right)
    return _widen(_mean_of_shares(expected, plan, 0.0), expected, plan)


def _accuracy_drop(pair: JudgedPair, plan: Plan) -> MetricValue:
    if not pair.single:
        return _mean_of_shares(pair.old.right - pair.new.right, plan, -1.0)
    if plan.clusters is not None:
        return difference(pair.is_right, pair.was_right, plan)
    total, (_, broken, repaired, _) = len(pair.ids), map(int, pair.cells)
    interval = statistics.conservative_difference(broken, repaired, total, plan.level)
    return estimate((broken - repaired) / total, interval)


def _score_drop(pair: JudgedPair, plan: Plan) -> MetricValue:
    drop = pair.old.scores - pair.new.scores
    return _bounded(mean_value(drop, plan, -1.0), drop, plan, -1.0)


def _mean_regression(pair: JudgedPair, plan: Plan) -> MetricValue:
    value = METRICS["mean_regression"].measure(pair, plan)
    return _bounded(value, pair.change[fell(pair, plan)], replace(plan, clusters=None), 0.0)


def _relative_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    if plan.clusters is not None:
        return METRICS["relative_negative_flip_rate"].measure(pair, plan)
    both, broken, repaired, neither = map(int, pair.cells)
    ratio = statistics.conservative_relative_flips(both, broken, repaired, neither, plan.level)
    return estimate(ratio.value, ratio.interval)


def _excess_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    rerun = pair.rerun
    runs = (pair.old, pair.new) if rerun is None else (pair.old, pair.new, rerun)
    once = all((run.samples == 1).all() for run in runs)
    if rerun is not None and once and plan.clusters is None:
        return _excess_of_runs(pair.old.right, rerun.right, pair.new.right, plan)
    value = METRICS["excess_negative_flip_rate"].measure(pair, plan)
    # Of one example the floor is at most one half, with two samples that differ.
    shares = replace(plan, bounded=True)
    return _bounded(value, pair.old.right, shares, -0.5)


def _excess_of_runs(old: FloatArray, rerun: FloatArray, new: FloatArray, plan: Plan) -> MetricValue:
    """Return the excess of single runs: what broke both times, less half of what only one broke."""
    broken = int(((old > 0) & (rerun > 0) & (new == 0)).sum())
    noise = int(((old != rerun) & (new > 0)).sum())
    interval = statistics.conservative_difference(broken, noise, len(old), plan.level, weight=0.5)
    return estimate((broken - 0.5 * noise) / len(old), interval)


def _widen(value: MetricValue, values: FloatArray, plan: Plan) -> MetricValue:
    """Raise the upper bound of a mean of shares to the exact one of as many whole flips.

    Few flips tell a bootstrap too little of those that were not seen. Of all variables in [0, 1]
    with one mean, those that are 0 or 1 vary the most.
    """
    if value.high is None or plan.clusters is not None:
        return value
    exact = statistics.clopper_pearson(math.ceil(values.sum()), len(values), plan.level)
    return replace(value, high=max(value.high, exact.high))


def _mean_of_shares(values: FloatArray, plan: Plan, low: float) -> MetricValue:
    """Return the mean of shares of right samples, which have bounds whatever the scores have."""
    shares = replace(plan, bounded=True)
    return _bounded(mean_value(values, shares, low), values, shares, low)


def _bounded(value: MetricValue, values: FloatArray, plan: Plan, low: float) -> MetricValue:
    """Give bounds to a mean of values that are all equal, where a bootstrap has none."""
    if value.value is None or value.low is not None or not plan.bounded:
        return value
    units = len(values) if plan.clusters is None else int(plan.clusters.max()) + 1
    interval = statistics.conservative_mean(value.value, units, low, 1.0, plan.level)
    return replace(estimate(value.value, interval), reason="")


ASKS_FOR_A_GAIN = "A limit below 0 asks for a gain."

BUDGETS: dict[str, Budget] = {
    "max_nfr": Budget(
        "negative_flip_rate",
        _negative_flips,
        several="Where examples have several samples: the expected one.",
    ),
    "max_nfr_mc": Budget("inconsistency_flip_rate"),
    "max_accuracy_drop": Budget(
        "accuracy_delta",
        _accuracy_drop,
        drop=(
            "accuracy, old - new",
            "What the average loses: broken answers less repaired ones. " + ASKS_FOR_A_GAIN,
        ),
        least=-1.0,
    ),
    "max_score_drop": Budget(
        "score_delta",
        _score_drop,
        drop=(
            "mean score, old - new",
            "What the mean score loses. " + ASKS_FOR_A_GAIN,
        ),
        least=-1.0,
    ),
    "max_mean_regression": Budget("mean_regression", _mean_regression, nothing_passes=True),
    "min_btc": Budget("backward_trust_compatibility", at_least=True, nothing_passes=True),
    "min_bec": Budget("backward_error_compatibility", at_least=True, nothing_passes=True),
    "max_nfi": Budget("negative_flip_impact", nothing_passes=True),
    "max_relative_nfr": Budget(
        "relative_negative_flip_rate", _relative_flips, most=None, nothing_passes=True
    ),
    "max_excess_nfr": Budget("excess_negative_flip_rate", _excess_flips, least=-1.0),
    "max_churn": Budget("churn"),
}
