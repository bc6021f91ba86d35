import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_pairs import judged, measure_family, pair_of

from compatkit.arrays import FloatArray
from compatkit.metrics.estimates import NOT_ASKED, Metrics, Plan
from compatkit.metrics.measure_pair import measure_pair
from compatkit.metrics.smooth import sweep_thresholds
from compatkit.statistics import betting_mean, bootstrap
from compatkit.statistics.resampling import Units

OLD = [0.5, 0.5, 0.5, 0.5, 0.25]
NEW = [0.75, 0.25, 0.5, 1.0, 0.125]
PLAN = Plan(resamples=100)


def measure(old: list[float], new: list[float], plan: Plan = PLAN) -> Metrics:
    return measure_family("smooth", pair_of(judged(old), judged(new), continuous=True), plan)


def test_gains_and_regressions_by_hand() -> None:
    metrics = measure(OLD, NEW)
    assert {name: metric.value for name, metric in metrics.items()} == {
        "score_old": 2.25 / 5,
        "score_new": 2.625 / 5,
        "score_delta": pytest.approx(0.375 / 5),
        "smooth_negative_flip_rate": 2 / 5,
        "smooth_positive_flip_rate": 2 / 5,
        "tie_rate": 1 / 5,
        "mean_gain": (0.25 + 0.5) / 2,
        "mean_regression": (0.25 + 0.125) / 2,
    }


def test_a_change_of_at_most_epsilon_is_a_tie() -> None:
    metrics = measure(OLD, NEW, Plan(epsilon=0.25, resamples=100))
    shares = ("smooth_positive_flip_rate", "smooth_negative_flip_rate", "tie_rate")
    assert [metrics[name].numerator for name in shares] == [1, 0, 4]
    assert (metrics["mean_regression"].value, metrics["mean_regression"].reason) == (
        None,
        "no score fell",
    )


@pytest.mark.parametrize(
    ("falls", "bounded", "grouped", "method"),
    [
        (1, True, False, "betting"),
        (19, True, False, "betting"),
        (20, True, False, "bootstrap-bca-t"),
        (19, False, False, "bootstrap-bca-t"),
        (19, True, True, "bootstrap-bca-t"),
    ],
)
def test_the_mean_of_few_changes_has_limits_that_hold_for_every_distribution(
    falls: int, bounded: bool, grouped: bool, method: str
) -> None:
    size = np.where(np.arange(60) < falls, 0.1 + np.arange(60) / 100, 0.0)
    clusters = np.arange(60) // 2 if grouped else None
    pair = pair_of(judged([0.9] * 60), judged(0.9 - size), continuous=True)
    metrics = measure_family("smooth", pair, Plan(bounded=bounded, clusters=clusters))
    regression = metrics["mean_regression"]
    assert regression.value == pytest.approx(size[:falls].mean())
    assert regression.method == method
    if method == "betting":
        expected = betting_mean(size[:falls])
        assert (regression.low, regression.high) == (
            pytest.approx(expected.low, abs=1e-9),
            pytest.approx(expected.high, abs=1e-9),
        )


def test_no_example_makes_every_metric_undefined() -> None:
    assert {metric.value for metric in measure([], []).values()} == {None}


def test_right_and_wrong_alone_have_no_smooth_flips() -> None:
    metrics = measure_family("smooth", pair_of(judged([1, 0]), judged([0, 1])), PLAN)
    assert {(each.value, each.reason) for each in metrics.values()} == {
        (None, "the scorer knows right and wrong alone")
    }


def test_without_resampling_the_values_are_the_same_and_their_intervals_are_not_there() -> None:
    old, new = [0.25, 0.5, 1.0, 0.75], [0.5, 0.25, 0.5, 0.75]
    whole, brief = measure(old, new), measure(old, new, Plan(resample=False))
    assert {name: each.value for name, each in brief.items()} == {
        name: each.value for name, each in whole.items()
    }
    for name in ("score_old", "score_new", "score_delta", "mean_gain", "mean_regression"):
        assert (brief[name].low, brief[name].reason) == (None, NOT_ASKED)
    assert whole["score_delta"].low is not None
    assert brief["tie_rate"] == whole["tie_rate"]


scores = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.floats(0, 1, width=32)), max_size=20
)


@given(scores)
def test_the_sweep_counts_at_every_threshold_what_counting_there_gives(rows: list) -> None:
    old, new = np.array(rows, float).reshape(-1, 2).T
    sweep = sweep_thresholds(old, new)
    assert sweep.thresholds.tolist() == sorted({*old.tolist(), *new.tolist()})
    for index, threshold in enumerate(sweep.thresholds):
        was, now = old >= threshold, new >= threshold
        assert sweep.negative_flips[index] == (was & ~now).sum()
        assert sweep.positive_flips[index] == (~was & now).sum()


@given(scores)
def test_the_gain_formula_of_the_paper(rows: list) -> None:
    old, new = np.array(rows, float).reshape(-1, 2).T
    change = new - old
    if (change > 0).any():
        rate = (change > 0).mean()
        expected = (change * (change > 0)).sum() / (len(change) * rate)
        metrics = measure(old.tolist(), new.tolist(), Plan(resample=False))
        assert metrics["mean_gain"].value == pytest.approx(expected)


def test_the_examples_are_resampled_once_for_all_means(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = bootstrap.resample_sums

    def count(units: Units, resamples: int, rng: np.random.Generator) -> FloatArray:
        drawn.append(units.size)
        return draw(units, resamples, rng)

    monkeypatch.setattr(bootstrap, "resample_sums", count)
    rng = np.random.default_rng(0)
    pair = pair_of(judged(rng.random(50)), judged(rng.random(50)), continuous=True)
    metrics, _ = measure_pair(pair, PLAN)
    means = ("score_old", "score_new", "score_delta", "mean_gain", "mean_regression")
    assert all(metrics[name].method == "bootstrap-bca-t" for name in means)
    assert drawn == [50]
