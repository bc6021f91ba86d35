"""Budgets: the quantities that a policy may limit, and the bounds that each is decided by.

To add one: a function that measures a pair, and a line in `BUDGETS`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from compatkit import statistics
from compatkit.arrays import BoolArray, FloatArray
from compatkit.errors import DataError
from compatkit.metrics.estimates import (
    MetricValue,
    Plan,
    conditional_mean,
    difference,
    estimate,
    estimate_flips,
    mean_value,
    share,
)
from compatkit.metrics.flips import count_flips
from compatkit.metrics.pair import JudgedPair
from compatkit.metrics.samples import estimate_samples
from compatkit.metrics.smooth import count_smooth

Measure = Callable[[JudgedPair, Plan], MetricValue]


@dataclass(frozen=True, slots=True)
class Budget:
    """A quantity that a policy may limit.

    Attributes:
        label: what a table calls it.
        meaning: one sentence for somebody who sees it for the first time.
        measure: from a pair, and a plan whose two-sided level leaves on each side what one bound
            may miss, to the value with its bounds.
        unit: how it is shown, as in `compatkit.metrics.definitions.Metric`.
        at_least: the limit is a lower one.
        least: smallest limit that makes sense.
        most: largest limit that makes sense; None for no such thing.
        continuous: only for a scorer whose scores lie between right and wrong.
        samples: only with several samples of the old model, or a second run of it.
        single: only with one sample per example.
        answers: only with files that hold the answers themselves.
        nothing_passes: where it is undefined, there was nothing that could break: a pass.
    """

    label: str
    meaning: str
    measure: Measure
    unit: str = "share"
    at_least: bool = False
    least: float = 0.0
    most: float | None = 1.0
    continuous: bool = False
    samples: bool = False
    single: bool = False
    answers: bool = False
    nothing_passes: bool = False


def _right(pair: JudgedPair) -> tuple[BoolArray, BoolArray]:
    return pair.old.right > 0, pair.new.right > 0


def _negative_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    if not pair.single:
        expected = pair.old.right * (1.0 - pair.new.right)
        return _widen(_mean_of_shares(expected, plan, 0.0), expected, plan)
    old, new = _right(pair)
    return share(old & ~new, plan)


def _inconsistent(pair: JudgedPair, plan: Plan) -> MetricValue:
    _, new = _right(pair)
    return share(~new & _differ(pair), plan)


def _churn(pair: JudgedPair, plan: Plan) -> MetricValue:
    return share(_differ(pair), plan)


def _differ(pair: JudgedPair) -> BoolArray:
    if pair.same is None:
        raise DataError("the files hold no answers to compare; a field 'prediction' was expected.")
    return ~pair.same


def _accuracy_drop(pair: JudgedPair, plan: Plan) -> MetricValue:
    if not pair.single:
        return _mean_of_shares(pair.old.right - pair.new.right, plan, -1.0)
    old, new = _right(pair)
    if plan.clusters is not None:
        return difference(new, old, plan)
    broken, repaired = int((old & ~new).sum()), int((new & ~old).sum())
    interval = statistics.conservative_difference(broken, repaired, len(old), plan.level)
    return estimate((broken - repaired) / len(old), interval)


def _score_drop(pair: JudgedPair, plan: Plan) -> MetricValue:
    drop = pair.old.scores - pair.new.scores
    return _bounded(mean_value(drop, plan, -1.0), drop, plan, -1.0)


def _mean_regression(pair: JudgedPair, plan: Plan) -> MetricValue:
    change = pair.new.scores - pair.old.scores
    fell = change < -plan.epsilon
    mean = count_smooth(pair.old.scores, pair.new.scores, plan.epsilon).mean_regression
    value = conditional_mean(mean, np.where(fell, -change, 0.0), fell, plan, "no score fell")
    return _bounded(value, change[fell], replace(plan, clusters=None), 0.0)


def _trust(pair: JudgedPair, plan: Plan) -> MetricValue:
    old, new = _right(pair)
    return share(old & new, plan, old, "the old model is never right")


def _error_trust(pair: JudgedPair, plan: Plan) -> MetricValue:
    old, new = _right(pair)
    return share(~old, plan, ~new, "the new model makes no error")


def _impact(pair: JudgedPair, plan: Plan) -> MetricValue:
    old, new = _right(pair)
    return share(old & ~new, plan, ~new, "the new model makes no error")


def _relative_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    old, new = _right(pair)
    if plan.clusters is not None:
        return estimate_flips(old, new, pair.same, plan)["relative_negative_flip_rate"]
    flips = count_flips(old, new, pair.same)
    found = statistics.conservative_relative_flips(
        flips.both_right, flips.negative_flips, flips.positive_flips, flips.both_wrong, plan.level
    )
    return estimate(found.value, found.interval)


def _excess_flips(pair: JudgedPair, plan: Plan) -> MetricValue:
    rerun = pair.rerun
    runs = (pair.old, pair.new) if rerun is None else (pair.old, pair.new, rerun)
    once = all((run.samples == 1).all() for run in runs)
    if rerun is not None and once and plan.clusters is None:
        return _excess_of_runs(pair.old.right, rerun.right, pair.new.right, plan)
    metrics = estimate_samples(pair.old, pair.new, plan, rerun=rerun)
    # Of one example the floor is at most one half, with two samples that differ.
    shares = replace(plan, bounded=True)
    return _bounded(metrics["excess_negative_flip_rate"], pair.old.right, shares, -0.5)


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


BUDGETS: dict[str, Budget] = {
    "max_nfr": Budget(
        "negative flip rate (NFR)",
        "Share of the examples that were right and are now wrong; the expected one where "
        "examples have several samples.",
        _negative_flips,
    ),
    "max_nfr_mc": Budget(
        "inconsistency flip rate (NFR_mc)",
        "Share of the examples whose new answer is wrong and another than the old one.",
        _inconsistent,
        single=True,
        answers=True,
    ),
    "max_accuracy_drop": Budget(
        "accuracy, old - new",
        "What the average loses: broken answers less repaired ones. A limit below 0 asks for a "
        "gain.",
        _accuracy_drop,
        unit="points",
        least=-1.0,
    ),
    "max_score_drop": Budget(
        "mean score, old - new",
        "What the mean score loses. A limit below 0 asks for a gain.",
        _score_drop,
        unit="change",
        least=-1.0,
        continuous=True,
    ),
    "max_mean_regression": Budget(
        "mean regression",
        "Mean fall of the scores that fell.",
        _mean_regression,
        unit="score",
        continuous=True,
        nothing_passes=True,
    ),
    "min_btc": Budget(
        "backward trust compatibility (BTC)",
        "Share of the old model's right answers that are right still.",
        _trust,
        nothing_passes=True,
        at_least=True,
        single=True,
    ),
    "min_bec": Budget(
        "backward error compatibility (BEC)",
        "Share of the new model's wrong answers that were wrong before.",
        _error_trust,
        nothing_passes=True,
        at_least=True,
        single=True,
    ),
    "max_nfi": Budget(
        "negative flip impact (NFI)",
        "Share of the new model's wrong answers that were right before.",
        _impact,
        nothing_passes=True,
        single=True,
    ),
    "max_relative_nfr": Budget(
        "relative NFR",
        "NFR over that of two independent models of the same accuracies.",
        _relative_flips,
        unit="ratio",
        most=None,
        single=True,
        nothing_passes=True,
    ),
    "max_excess_nfr": Budget(
        "excess NFR",
        "Negative flips beyond those of a second run of the old model.",
        _excess_flips,
        unit="points",
        least=-1.0,
        samples=True,
    ),
    "max_churn": Budget(
        "churn",
        "Share of the examples whose answer changed, right or wrong.",
        _churn,
        single=True,
        answers=True,
    ),
}
