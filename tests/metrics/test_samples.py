import pytest
from judged_pairs import judged, measure_family, pair_of

from compatkit.metrics.definitions import METRICS
from compatkit.metrics.estimates import Plan

PLAN = Plan()


def test_samples_by_hand() -> None:
    pair = pair_of(judged([1.0, 0.5, 0.25, 0.0], 4), judged([0.5, 0.5, 0.5, 1.0], 2))
    assert METRICS["accuracy_old"].measure(pair, PLAN).value == pytest.approx(1.75 / 4)
    assert METRICS["accuracy_delta"].measure(pair, PLAN).value == pytest.approx((2.5 - 1.75) / 4)
    metrics = measure_family("samples", pair, PLAN)
    expected = (1 * 0.5 + 0.5 * 0.5 + 0.25 * 0.5 + 0) / 4
    floor = (0 + 0.25 + 0.1875 + 0) * (4 / 3) / 4
    assert metrics["expected_negative_flip_rate"].value == pytest.approx(expected)
    assert metrics["expected_positive_flip_rate"].value == pytest.approx(
        (0 + 0.5 * 0.5 + 0.75 * 0.5 + 1) / 4
    )
    assert metrics["flip_floor_old"].value == pytest.approx(floor)
    assert metrics["flip_floor_new"].value == pytest.approx(0.25 * 3 * 2 / 4)
    assert metrics["excess_negative_flip_rate"].value == pytest.approx(expected - floor)
    assert metrics["reliable_negative_flip_rate"].value is None
    assert metrics["reliable_negative_flip_rate"].reason.startswith("none found")
    flips = measure_family("flips", pair, PLAN)
    assert {metric.value for metric in flips.values()} == {None}
    assert all("several samples" in metric.reason for metric in flips.values())


def test_a_second_run_stands_in_for_more_samples() -> None:
    rerun = judged([1, 0, 1, 0])
    pair = pair_of(judged([1, 1, 0, 0]), judged([0, 0, 0, 1]), rerun=rerun)
    metrics = measure_family("samples", pair, PLAN)
    assert metrics["flip_floor_old"].value == pytest.approx((0.25 + 0.25) * 2 / 4)
    assert metrics["expected_negative_flip_rate"].value == pytest.approx((1 + 0.5 + 0.5) / 4)
    assert metrics["flip_floor_new"].value is None
    assert metrics["flip_floor_new"].reason == "no example has two samples of this model"
    # The accuracy is that of the first run alone, and its flips are whole.
    assert METRICS["accuracy_old"].measure(pair, PLAN).numerator == 2
    assert METRICS["negative_flip_rate"].measure(pair, PLAN).numerator == 2


def test_one_sample_says_nothing_of_noise() -> None:
    metrics = measure_family("samples", pair_of(judged([1, 0]), judged([0, 1])), PLAN)
    assert {(each.value, each.reason) for each in metrics.values()} == {
        (None, "each example has one sample")
    }
