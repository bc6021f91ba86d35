import numpy as np
import pytest
from judged_pairs import judged, measure_family, pair_of

from compatkit.metrics.estimates import Plan

OLD = judged([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
NEW = judged([0, 0, 1, 1, 1, 0, 0, 0, 0, 0])
CANDIDATE = judged([1, 0, 1, 1, 1, 1, 0, 0, 0, 0])


def test_a_candidate_against_the_new_model_by_hand() -> None:
    pair = pair_of(OLD, CANDIDATE, baseline=NEW)
    metrics = measure_family("candidate", pair, Plan())
    assert metrics["delta_accuracy"].value == pytest.approx(0.2)
    assert metrics["delta_nfr"].value == pytest.approx(-0.1)
    assert metrics["delta_nfr_percent"].value == pytest.approx(-50)
    for name in ("delta_accuracy", "delta_nfr", "delta_nfr_percent"):
        metric = metrics.pop(name)
        assert metric.low <= metric.value <= metric.high
    assert {metric.reason for metric in metrics.values()} == {
        "the scorer knows right and wrong alone"
    }


def test_scores_of_a_candidate_by_hand() -> None:
    old, new, candidate = judged([0.5] * 4), judged([0.7, 0.2, 0.5, 0.4]), judged([0.9, 0.4] * 2)
    pair = pair_of(old, candidate, baseline=new, continuous=True)
    metrics = measure_family("candidate", pair, Plan(resamples=200))
    assert metrics["delta_score"].value == pytest.approx(0.65 - 0.45)
    assert metrics["delta_smooth_nfr"].value == 0
    assert metrics["delta_smooth_nfr_percent"].value == 0
    assert metrics["delta_mean_gain"].value == pytest.approx(0.4 - 0.2)
    assert metrics["delta_mean_regression"].value == pytest.approx(0.1 - (0.3 + 0.1) / 2)


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (pair_of(OLD, NEW), "there is no other new model to compare with"),
        (pair_of(judged([0.5], 2), judged([0.5], 2), baseline=judged([0.5], 2)), "several samples"),
    ],
)
def test_without_another_new_model_or_with_several_samples_it_is_undefined(pair, reason) -> None:
    metrics = measure_family("candidate", pair, Plan())
    assert {metric.value for metric in metrics.values()} == {None}
    assert all(reason in metric.reason for metric in metrics.values())


def test_groups_are_drawn_whole_for_the_relative_change() -> None:
    pair = pair_of(OLD, CANDIDATE, baseline=NEW)
    groups = Plan(clusters=np.arange(10) // 2, resamples=500)
    grouped = measure_family("candidate", pair, groups)["delta_nfr_percent"]
    alone = measure_family("candidate", pair, Plan())["delta_nfr_percent"]
    assert grouped.value == alone.value == pytest.approx(-50)
    assert (grouped.low, grouped.high) != (alone.low, alone.high)
    assert grouped.low is None or grouped.low <= grouped.value <= grouped.high
