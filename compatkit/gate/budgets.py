"""Budgets: the metrics that a policy may limit, and the bounds that each is decided by.

To add one: a line in `BUDGETS`, and a function that measures its bounds where the metric's own,
which are exact for a share, do not hold.
"""

import math
from collections.abc import Callable

import numpy as np
from msgspec import Struct

from compatkit import statistics
from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError
from compatkit.gate import worst
from compatkit.metrics.changes import accuracy_change, score_change, without_range
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import (
    MetricValue,
    Plan,
    bounded_mean,
    conditional_mean,
    estimate,
    undefined,
)
from compatkit.metrics.needs import ONE_SAMPLE, Need
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.smooth import fell
from compatkit.record import replace
from compatkit.statistics import Interval

Bounds = Callable[[JudgedPair, Plan], MetricValue]
Worst = Callable[[JudgedPair, Plan], float]

SHARES = (0.0, 1.0)
EXCESSES = (-0.5, 1.0)  # the floor of an example is at most one half: two samples that differ


class Budget(Struct, frozen=True):
    """A metric that a policy may limit.

    Attributes:
        metric: a name in `METRICS`, which says what it is called and means, how it is shown and
            what it needs.
        bounds: from a pair, and a plan whose two-sided level leaves on each side what one bound
            may miss, to the value with its bounds; those of the metric, which are exact for a
            share, where none are given.
        named: what the policy calls it, where not as the metric is.
        meant: what it is, where not what the metric is.
        is_drop: the metric's negative is limited, which reports show as the metric: `new - old`.
        several: what more is to be said of it, as where examples have several samples and it is
            defined for these too; empty where the metric says it all.
        at_least: the limit is a lower one.
        two_sided: the limit is one on both sides of 0.
        least: smallest limit that makes sense.
        most: largest limit that makes sense; None for no such thing.
        at_worst: what it is at worst, whatever the new model answers; 1, or 0 of a lower limit,
            if not given.
    """

    metric: str
    bounds: Bounds | None = None
    named: str = ""
    meant: str = ""
    is_drop: bool = False
    several: str = ""
    at_least: bool = False
    two_sided: bool = False
    least: float = 0.0
    most: float | None = 1.0
    at_worst: Worst | None = None

    @property
    def label(self) -> str:
        """What a policy calls it."""
        return self.named or METRICS[self.metric].label

    @property
    def shown_label(self) -> str:
        """What a report calls it, in which a fall is a change below 0."""
        return METRICS[self.metric].label if self.is_drop else self.label

    @property
    def meaning(self) -> str:
        """What it is, for somebody who sees it for the first time."""
        return f"{self.meant or METRICS[self.metric].meaning} {self.several}".rstrip()

    @property
    def unit(self) -> str:
        """How it is shown, as in `compatkit.metrics.metric.Metric`."""
        return METRICS[self.metric].unit

    @property
    def is_share(self) -> bool:
        """Whether a percentage says its limit: of examples, or in points of one."""
        return self.unit in {"share", "points"}

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it cannot be decided without."""
        needs = METRICS[self.metric].needs
        return tuple(need for need in needs if not (self.several and need is ONE_SAMPLE))

    def worst(self, pair: JudgedPair, plan: Plan) -> float:
        """Return what it is at worst, whatever the new model answers."""
        if self.at_worst is None:
            return 0.0 if self.at_least else 1.0
        return self.at_worst(pair, plan)

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
    return bounded_mean(pair.old.right * (1.0 - pair.new.right), plan, SHARES)


def _drop(change: Bounds) -> Bounds:
    """Return how the negative of a change is measured."""

    def drop(pair: JudgedPair, plan: Plan) -> MetricValue:
        measured = change(pair, plan)
        value, low, high = (
            None if number is None else 0.0 - number
            for number in (measured.value, measured.low, measured.high)
        )
        return replace(measured, value=value, low=high, high=low)

    return drop


def _mean_regression(pair: JudgedPair, plan: Plan) -> MetricValue:
    where, nothing = fell(pair, plan), "no score fell"
    if plan.bounded:
        return bounded_mean(-pair.change, plan, SHARES, where, nothing)
    return without_range(conditional_mean(-pair.change, where, plan, nothing), plan)


def _relative_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    both, broken, repaired, neither = map(int, pair.cells)
    if plan.clusters is None and not plan.at_any_look:
        ratio = statistics.conservative_relative_flips(both, broken, repaired, neither, plan.level)
        return estimate(ratio.value, ratio.interval)
    # NFR / (accuracy_old (1 - accuracy_new)) is the impact over the old accuracy; each of the two
    # has limits at half of the error.
    half = replace(plan, level=(1.0 + plan.level) / 2.0)
    above = METRICS["negative_flip_impact"].measure(pair, half)
    below = METRICS["accuracy_old"].measure(pair, half)
    if above.value is None or not below.value:
        return undefined(above.reason or "the old model is never right")
    limits = Interval(
        (above.low or 0.0) / (below.high or 1.0),
        (1.0 if above.high is None else above.high) / below.low if below.low else math.inf,
        plan.level,
        f"{above.method}-bonferroni",
    )
    value = estimate(above.value / below.value, limits)
    return replace(value, high=None) if limits.high == math.inf else value


def _excess_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    rerun = pair.rerun
    runs = (pair.old, pair.new) if rerun is None else (pair.old, pair.new, rerun)
    once = all((run.samples == 1).all() for run in runs)
    if rerun is not None and once and plan.clusters is None and not plan.at_any_look:
        return _excess_of_runs(pair.old.right, rerun.right, pair.new.right, plan)
    samples, share = pair.old_samples, pair.old_share
    floor = share * (1.0 - share) * samples / np.maximum(samples - 1, 1)
    excess = share * (1.0 - pair.new.right) - floor
    return bounded_mean(excess, plan, EXCESSES, samples > 1, "no example has several samples")


def _excess_of_runs(old: FloatArray, rerun: FloatArray, new: FloatArray, plan: Plan) -> MetricValue:
    """Return the excess of single runs: what broke both times, less half of what only one broke."""
    broken = int(((old > 0) & (rerun > 0) & (new == 0)).sum())
    noise = int(((old != rerun) & (new > 0)).sum())
    interval = statistics.conservative_difference(broken, noise, len(old), plan.level, weight=0.5)
    return estimate((broken - 0.5 * noise) / len(old), interval)


ON_BOTH_SIDES = "It may neither fall nor rise by more: what passes is equivalent within the limit."
ASKS_FOR_A_GAIN = "A limit below 0 asks for a gain. Reports show the change, new - old."

# What a second run of the old model takes part in.
OF_RERUN = frozenset({"max_excess_nfr", "max_confident_nfr"})

BUDGETS: dict[str, Budget] = {
    "max_nfr": Budget(
        "negative_flip_rate",
        _negative_flips,
        several="Where examples have several samples: the expected one.",
        at_worst=worst.old_accuracy,
    ),
    "max_nfr_mc": Budget("inconsistency_flip_rate"),
    "max_accuracy_drop": Budget(
        "accuracy_delta",
        _drop(accuracy_change),
        named="drop of accuracy",
        meant="What the average loses: broken answers less repaired ones. " + ASKS_FOR_A_GAIN,
        is_drop=True,
        least=-1.0,
        at_worst=worst.old_accuracy,
    ),
    "max_score_drop": Budget(
        "score_delta",
        _drop(score_change),
        named="drop of the mean score",
        meant="What the mean score loses. " + ASKS_FOR_A_GAIN,
        is_drop=True,
        least=-1.0,
        at_worst=worst.old_score,
    ),
    "max_accuracy_change": Budget(
        "accuracy_delta",
        accuracy_change,
        named="change of accuracy",
        several=ON_BOTH_SIDES,
        two_sided=True,
        at_worst=worst.accuracy_either_way,
    ),
    "max_score_change": Budget(
        "score_delta",
        score_change,
        named="change of the mean score",
        several=ON_BOTH_SIDES,
        two_sided=True,
        at_worst=worst.score_either_way,
    ),
    "max_mean_regression": Budget(
        "mean_regression", _mean_regression, at_worst=worst.highest_score
    ),
    "min_btc": Budget("backward_trust_compatibility", at_least=True),
    "min_bec": Budget("backward_error_compatibility", at_least=True),
    "max_nfi": Budget("negative_flip_impact"),
    "max_relative_nfr": Budget(
        "relative_negative_flip_rate", _relative_flips, most=None, at_worst=worst.relative_flips
    ),
    "max_excess_nfr": Budget(
        "excess_negative_flip_rate", _excess_flips, least=-1.0, at_worst=worst.excess_flips
    ),
    "max_confident_nfr": Budget(
        "confident_negative_flip_rate", at_worst=worst.old_confident_accuracy
    ),
    "max_churn": Budget("churn"),
}
