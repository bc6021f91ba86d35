import numpy as np
import pytest

from compatkit.metrics.candidates import estimate_candidate
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import NOT_ASKED, Metrics, Plan, estimate_flips, estimate_smooth
from compatkit.metrics.flips import Flips
from compatkit.metrics.pair import Judged
from compatkit.metrics.samples import estimate_samples

PLAN = Plan()
COUNTS = Flips(50, 10, 20, 20, 40, 1, 0, 5)


def metrics_of(flips: Flips, plan: Plan = PLAN) -> Metrics:
    """Return the metrics of examples that have these counts."""
    cells = (flips.both_right, flips.negative_flips, flips.positive_flips, flips.both_wrong)
    old = np.repeat([True, True, False, False], cells)
    new = np.repeat([True, False, True, False], cells)
    equal = (flips.same_both_right, flips.same_negative, flips.same_positive, flips.same_both_wrong)
    same = np.concatenate(
        [np.arange(size) < number for size, number in zip(cells, equal, strict=True)]
    )
    return estimate_flips(old, new, same if flips.answers_known else None, plan)


def test_every_value_equals_the_property_of_the_counts_and_lies_in_its_interval() -> None:
    metrics = metrics_of(COUNTS)
    for name, metric in metrics.items():
        assert metric.value == pytest.approx(getattr(COUNTS, name), rel=1e-15)
        assert metric.low is not None
        assert metric.high is not None
        assert metric.low <= metric.value <= metric.high
        assert metric.level == 0.95


def test_the_metrics_are_those_of_their_families_in_order() -> None:
    expected = [n for n, metric in METRICS.items() if metric.family in {"accuracy", "flips"}]
    assert list(metrics_of(COUNTS)) == expected


@pytest.mark.parametrize(
    ("flips", "name", "reason"),
    [
        (Flips(), "negative_flip_rate", "no examples"),
        (Flips(), "accuracy_delta", "no examples"),
        (Flips(both_right=3), "negative_flip_impact", "the new model makes no error"),
        (Flips(both_right=3), "backward_error_compatibility", "the new model makes no error"),
        (Flips(both_wrong=3), "backward_trust_compatibility", "the old model is never right"),
        (Flips(both_wrong=3), "agreement_right", "no example is answered right by both"),
        (Flips(1, 1, 1, 1, answers_known=False), "churn", "the files hold no answers to compare"),
    ],
)
def test_an_undefined_metric_says_why(flips: Flips, name: str, reason: str) -> None:
    metric = metrics_of(flips)[name]
    assert (metric.value, metric.low, metric.high, metric.reason) == (None, None, None, reason)


def judged(right: list[float], samples: list[int] | None = None) -> Judged:
    size = len(right)
    counts = np.array(samples or [1] * size)
    return Judged(np.array(right), np.array(right), counts, np.zeros(size, int))


def test_a_candidate_against_the_new_model_by_hand() -> None:
    old = judged([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    new = judged([0, 0, 1, 1, 1, 0, 0, 0, 0, 0])
    candidate = judged([1, 0, 1, 1, 1, 1, 0, 0, 0, 0])
    metrics = estimate_candidate(old, new, candidate, PLAN, continuous=False)
    assert metrics["delta_accuracy"].value == pytest.approx(0.2)
    assert metrics["delta_nfr"].value == pytest.approx(-0.1)
    assert metrics["delta_nfr_percent"].value == pytest.approx(-50)
    for metric in metrics.values():
        assert metric.low <= metric.value <= metric.high


def test_samples_by_hand() -> None:
    old = judged([1.0, 0.5, 0.25, 0.0], [4, 4, 4, 4])
    new = judged([0.5, 0.5, 0.5, 1.0], [2, 2, 2, 2])
    metrics = estimate_samples(old, new, PLAN)
    assert metrics["accuracy_old"].value == pytest.approx(1.75 / 4)
    expected = (1 * 0.5 + 0.5 * 0.5 + 0.25 * 0.5 + 0) / 4
    floor = (0 + 0.25 + 0.1875 + 0) * (4 / 3) / 4
    assert metrics["expected_negative_flip_rate"].value == pytest.approx(expected)
    assert metrics["flip_floor_old"].value == pytest.approx(floor)
    assert metrics["flip_floor_new"].value == pytest.approx(0.25 * 3 * 2 / 4)
    assert metrics["excess_negative_flip_rate"].value == pytest.approx(expected - floor)
    assert metrics["reliable_negative_flip_rate"].numerator == 0


def test_a_second_run_stands_in_for_more_samples() -> None:
    old, rerun, new = judged([1, 1, 0, 0]), judged([1, 0, 1, 0]), judged([0, 0, 0, 1])
    metrics = estimate_samples(old, new, PLAN, rerun=rerun)
    assert metrics["flip_floor_old"].value == pytest.approx((0.25 + 0.25) * 2 / 4)
    assert metrics["expected_negative_flip_rate"].value == pytest.approx((1 + 0.5 + 0.5) / 4)
    assert metrics["flip_floor_new"].value is None
    assert "accuracy_old" not in metrics


def test_without_resampling_the_values_are_the_same_and_their_intervals_are_not_there() -> None:
    old, new = np.array([0.25, 0.5, 1.0, 0.75]), np.array([0.5, 0.25, 0.5, 0.75])
    whole = estimate_smooth(old, new, Plan(resamples=100))
    brief = estimate_smooth(old, new, Plan(resample=False))
    assert {name: each.value for name, each in brief.items()} == {
        name: each.value for name, each in whole.items()
    }
    for name in ("score_old", "score_new", "score_delta", "mean_gain", "mean_regression"):
        assert (brief[name].low, brief[name].reason) == (None, NOT_ASKED)
    assert whole["score_delta"].low is not None
    assert brief["tie_rate"] == whole["tie_rate"]
