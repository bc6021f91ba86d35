"""Confidence metrics: four examples worked by hand, and what leaves a metric undefined.

Old and new probabilities of the right choice, of two: .75 -> .5, .6 -> .4 (broken), .52 -> .48
(broken), .3 -> .8 (repaired). The old margins are .5, .2, .04 and -.4.
"""

import math

import numpy as np
import pytest
from judged_pairs import judged, measure_family, pair_of

from compatkit.arrays import FloatArray
from compatkit.metrics.confidence import (
    Confidence,
    ConfidencePair,
    diverge,
    find_tops,
    measure_confidence,
)
from compatkit.metrics.confidence_metrics import CONFIDENCE_METRICS, UNJUDGED, UNPAIRED
from compatkit.metrics.definitions import names_always
from compatkit.metrics.estimates import NOT_ASKED, Plan
from compatkit.metrics.measure_pair import measure_pair
from compatkit.metrics.pair import JudgedPair
from compatkit.record import replace

OLD, NEW = [0.75, 0.6, 0.52, 0.3], [0.5, 0.4, 0.48, 0.8]
PLAN = Plan(resamples=200)
KL = [
    p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    for p, q in zip(OLD, NEW, strict=True)
]


def columns_of(shares: list[float]) -> FloatArray:
    return np.log([part for share in shares for part in (share, 1 - share)])


def confidence_of(old: list[float], new: list[float], limit: float = 0.05) -> ConfidencePair:
    sizes = np.full(len(old), 2)
    right = np.tile([True, False], len(old))
    was, now = columns_of(old), columns_of(new)
    models = [measure_confidence(values, right, sizes) for values in (was, now)]
    same = find_tops(was, sizes) == find_tops(now, sizes)
    close = (models[0].margin >= 0) & (models[0].margin <= limit)
    every = np.ones(len(old), np.bool_)
    return ConfidencePair(models[0], models[1], every, diverge(was, now, sizes), same, close)


def pair() -> JudgedPair:
    return pair_of(judged([1, 1, 1, 0]), judged([1, 0, 0, 1]), confidence=confidence_of(OLD, NEW))


def test_four_examples_by_hand() -> None:
    metrics = measure_family("confidence", pair(), PLAN)
    values = {name: metric.value for name, metric in metrics.items()}
    assert values == pytest.approx(
        {
            "kl_divergence": sum(KL) / 4,
            "top_choice_agreement": 1 / 4,  # a tie of .5 and .5 goes to the first
            "log_likelihood_delta": (
                math.log(0.5 / 0.75)
                + math.log(0.4 / 0.6)
                + math.log(0.48 / 0.52)
                + math.log(0.8 / 0.3)
            )
            / 4,
            # Of two choices the Brier score is twice the squared distance of one.
            "brier_delta": 2
            * ((0.5**2 - 0.25**2) + (0.6**2 - 0.4**2) + (0.52**2 - 0.48**2) + (0.2**2 - 0.7**2))
            / 4,
            # Bins of 1/15; old: .75 and .7 in (10/15, 12/15] apart, .6 alone, .52 alone.
            "calibration_error_delta": (
                (abs(0.5 - 1 + 0.52 - 0) + abs(0.6 - 0) + abs(0.8 - 1))
                - (abs(0.75 - 1) + abs(0.6 - 1) + abs(0.52 - 1) + abs(0.7 - 0))
            )
            / 4,
            "close_call_rate": 1 / 4,
            "confident_negative_flip_rate": 1 / 4,
        }
    )
    assert list(metrics) == list(CONFIDENCE_METRICS)
    for name in ("kl_divergence", "log_likelihood_delta", "brier_delta"):
        measured = metrics[name]
        assert None not in (measured.low, measured.value, measured.high)
        assert (measured.low or 0) < (measured.value or 0) < (measured.high or 0)
    assert (metrics["kl_divergence"].low or 0) >= 0
    assert "has no interval" in metrics["calibration_error_delta"].reason


def test_close_calls_and_confident_losses_are_all_negative_flips() -> None:
    for limit in (0.0, 0.04, 0.1, 0.2, 1.0):
        held = replace(pair(), confidence=confidence_of(OLD, NEW, limit))
        metrics = measure_family("confidence", held, PLAN)
        parts = [metrics[name] for name in ("close_call_rate", "confident_negative_flip_rate")]
        assert [part.denominator for part in parts] == [4, 4]
        assert sum(part.numerator or 0 for part in parts) == 2


def test_a_flip_whose_old_margin_is_unknown_is_no_close_call() -> None:
    held = confidence_of([0.52, 0.52], [0.4, 0.4])
    old = Confidence.unknown(2)
    old.put(np.array([0]), held.old.take(np.array([0])))
    held = replace(held, old=old, close=held.close & np.array([True, False]))
    metrics = measure_family(
        "confidence", pair_of(judged([1, 1]), judged([0, 0]), confidence=held), PLAN
    )
    assert metrics["close_call_rate"].numerator == 1
    assert metrics["confident_negative_flip_rate"].numerator == 1


def test_without_likelihoods_nothing_is_named() -> None:
    bare = replace(pair(), confidence=None)
    assert list(measure_pair(bare, PLAN)[0]) == names_always()
    assert list(measure_pair(pair(), PLAN)[0]) == [*names_always(), *CONFIDENCE_METRICS]
    several = replace(pair(), old=judged([1, 1, 1, 0], 2))
    assert list(measure_pair(several, PLAN)[0]) == names_always()
    assert {metric.reason for metric in measure_family("confidence", bare, PLAN).values()} == {
        "the old file holds no likelihoods of choices"
    }


def test_undefined_is_never_0() -> None:
    held = confidence_of(OLD, NEW)
    apart = replace(held, paired=np.zeros(4, np.bool_), divergence=np.full(4, np.nan))
    metrics = measure_family("confidence", replace(pair(), confidence=apart), PLAN)
    undefined = {name: metric.reason for name, metric in metrics.items() if metric.value is None}
    assert undefined == {
        "kl_divergence": UNPAIRED,
        "top_choice_agreement": UNPAIRED,
        "log_likelihood_delta": UNJUDGED,
        "brier_delta": UNJUDGED,
        "calibration_error_delta": UNJUDGED,
    }
    unknown = replace(held, old=Confidence.unknown(4), close=np.zeros(4, np.bool_))
    metrics = measure_family("confidence", replace(pair(), confidence=unknown), PLAN)
    assert metrics["kl_divergence"].value == pytest.approx(sum(KL) / 4)
    for name in ("close_call_rate", "confident_negative_flip_rate"):
        assert (metrics[name].value, metrics[name].reason) == (
            None,
            "the old margin of the right choice is known of no example",
        )


def test_means_are_of_the_examples_that_have_them() -> None:
    held = confidence_of(OLD, NEW)
    two = np.array([True, False, True, False])
    part = replace(held, paired=two, divergence=np.where(two, held.divergence, np.nan))
    metrics = measure_family("confidence", replace(pair(), confidence=part), PLAN)
    assert metrics["kl_divergence"].value == pytest.approx((KL[0] + KL[2]) / 2)
    assert metrics["top_choice_agreement"].denominator == 2
    plain = measure_family("confidence", pair(), replace(PLAN, resample=False))
    assert plain["kl_divergence"].reason == NOT_ASKED


def test_slices_and_groups_have_them_too() -> None:
    taken = pair().take(np.array([2, 1]))
    metrics = measure_family("confidence", taken, PLAN)
    assert metrics["kl_divergence"].value == pytest.approx((KL[1] + KL[2]) / 2)
    grouped = replace(pair(), clusters=np.array([0, 0, 1, 1]))
    measured = measure_pair(grouped, PLAN)[0]["kl_divergence"]
    assert measured.value == pytest.approx(sum(KL) / 4)
    assert measured.low is not None
