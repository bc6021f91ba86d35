"""Confidence metrics: how far probabilities of choices moved, and which lost answers were close.

Of files that hold a likelihood of each choice; without them no report names these.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from compatkit.arrays import BoolArray, FloatArray
from compatkit.metrics.estimates import Measured, MetricValue, Plan, mean_among, share, undefined
from compatkit.metrics.flips import Measure
from compatkit.metrics.metric import Metric
from compatkit.metrics.needs import OLD_MARGINS
from compatkit.metrics.pair import JudgedPair

if TYPE_CHECKING:
    from compatkit.metrics.confidence import ConfidencePair

DUTTA = "Dutta et al. 2024 (arXiv 2407.09141)"
BINS = 15  # of equal width, as Guo et al. have them
UNPAIRED = "no example has likelihoods of the same choices on both sides"
UNJUDGED = "no example has likelihoods of the same choices, and a right one, on both sides"
NO_INTERVAL = "a sum of absolute values, which resampling makes larger, has no interval"


def divergence(pair: JudgedPair, plan: Plan) -> Measured:
    """Return the mean divergence of the new probabilities from the old, in nats."""
    moved = _of(pair)
    return mean_among(moved.divergence, moved.paired, plan, (0.0, np.inf), UNPAIRED)


def same_top(pair: JudgedPair, plan: Plan) -> MetricValue:
    """Return the share of the examples whose likeliest choice is the same."""
    moved = _of(pair)
    return share(moved.same_top, plan, moved.paired, UNPAIRED)


def mean_change(
    change: "Callable[[ConfidencePair], FloatArray]", bounds: tuple[float, float] | None
) -> Measure:
    """Return how the mean change of a column is measured, where the right choice is known."""

    def measure(pair: JudgedPair, plan: Plan) -> Measured:
        moved = _of(pair)
        return mean_among(change(moved), moved.judged, plan, bounds, UNJUDGED)

    return measure


def calibration_change(pair: JudgedPair, plan: Plan) -> MetricValue:  # noqa: ARG001
    """Return the new expected calibration error less the old."""
    moved = _of(pair)
    judged = moved.judged
    if not judged.any():
        return undefined(UNJUDGED)
    old, new = (calibration_error(m.top[judged], m.hit[judged]) for m in (moved.old, moved.new))
    return MetricValue(new - old, reason=NO_INTERVAL)


def calibration_error(top: FloatArray, hit: FloatArray) -> float:
    """Return the expected calibration error: of bins of confidence, each by its size.

    The sum over bins of |sum of confidence - number of right ones| / N, in 15 bins of equal width,
    each with its upper edge.

    Args:
        top: shape (N,), the probability of the likeliest choice.
        hit: shape (N,), 1 where that is right, else 0.

    Source: Naeini et al. 2015 (AAAI); Guo et al. 2017 (arXiv 1706.04599), section 2.

    >>> round(calibration_error(np.array([0.9, 0.9]), np.array([1.0, 0.0])), 2)
    0.4
    """
    bins = np.clip(np.ceil(top * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return float(np.abs(np.bincount(bins, top - hit, BINS)).sum() / len(top))


def share_of_flips(flags: "Callable[[ConfidencePair], BoolArray]") -> Measure:
    """Return how the share of the examples that are negative flips of a kind is measured."""
    return lambda pair, plan: share(pair.broken & flags(_of(pair)), plan)


def _of(pair: JudgedPair) -> "ConfidencePair":
    if pair.confidence is None:
        raise ValueError("a pair without likelihoods has no such metric")
    return pair.confidence


CONFIDENCE_METRICS: dict[str, Metric] = {
    "kl_divergence": Metric(
        "KL divergence, new from old",
        "mean of sum over choices k of p_ik log(p_ik / q_ik)",
        "How far the new probabilities of the choices are from the old, in nats: 0 where no "
        "probability moved, and without an upper end; it sees what accuracy does not.",
        "confidence",
        divergence,
        DUTTA,
        unit="score",
        approximate=True,
    ),
    "top_choice_agreement": Metric(
        "same likeliest choice",
        "count(argmax_k p_ik = argmax_k q_ik) / count(paired)",
        "Share of the examples whose likeliest choice is the same, right or wrong.",
        "confidence",
        same_top,
        DUTTA,
    ),
    "log_likelihood_delta": Metric(
        "log-likelihood, new - old",
        "mean of log q_iy - log p_iy, y the right choice",
        "How much larger (or, below 0, smaller) the logarithm of the right choice's probability "
        "is, in nats.",
        "confidence",
        mean_change(lambda moved: moved.new.log_probability - moved.old.log_probability, None),
        "Good 1952, J. R. Stat. Soc. B 14, 107-114",
        unit="change",
        approximate=True,
    ),
    "brier_delta": Metric(
        "Brier score, new - old",
        "mean of sum_k (q_ik - 1[k = y])^2 - sum_k (p_ik - 1[k = y])^2, y the right choice",
        "How much farther (or, below 0, nearer) the probabilities are from certainty of what is "
        "right, from -2 to 2.",
        "confidence",
        mean_change(lambda moved: moved.new.brier - moved.old.brier, (-2.0, 2.0)),
        "Brier 1950, Mon. Weather Rev. 78, 1-3",
        unit="change",
    ),
    "calibration_error_delta": Metric(
        "calibration error, new - old",
        "ECE(new) - ECE(old), ECE = sum over 15 bins of abs(sum of top_i - hit_i) / N",
        "How much worse (or, below 0, better) the probability of the likeliest choice says how "
        "often that is right, from -1 to 1.",
        "confidence",
        calibration_change,
        "Naeini et al. 2015; Guo et al. 2017 (arXiv 1706.04599), section 2",
        unit="change",
    ),
    "close_call_rate": Metric(
        "NFR, close calls",
        "count(n10 and old margin <= c) / N",
        "Share of the examples that broke where the old model had hardly preferred the right "
        "choice: by no more than a second run of it moves.",
        "confidence",
        share_of_flips(lambda moved: moved.close),
        DUTTA + ", whose top margin is that of the likeliest choice",
        needs_too=(OLD_MARGINS,),
    ),
    "confident_negative_flip_rate": Metric(
        "NFR, confident losses",
        "count(n10 and not old margin <= c) / N",
        "Share of the examples that broke and were no close call: what the old model was sure of, "
        "or of which its margin is not known.",
        "confidence",
        share_of_flips(lambda moved: ~moved.close),
        needs_too=(OLD_MARGINS,),
    ),
}
