from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import compatkit
from compatkit.errors import ConfigError
from compatkit.metrics.cause_metrics import CAUSE_METRICS
from compatkit.metrics.definitions import names_always

Rows = list[dict[str, Any]]


def rows(predictions: list[Any], **columns: list[Any]) -> Rows:
    """Make rows whose reference is 'y'; a column of None is left out of its rows."""
    made = []
    for number, prediction in enumerate(predictions):
        row = {"id": f"q{number}", "prediction": prediction, "reference": "y"}
        row |= {name: values[number] for name, values in columns.items()}
        made.append(row)
    return made


def test_the_counts_and_metrics_of_a_small_pair_by_hand() -> None:
    old = rows(["y", "y", "y", "n", "n", "n", None])
    new = rows(["y", "y", "n", "y", "n", "m", "n"])
    found = compatkit.compare(old, new)
    counts = found.counts
    assert (counts.both_right, counts.negative_flips) == (2, 1)
    assert (counts.positive_flips, counts.both_wrong) == (1, 3)
    assert (counts.total, counts.no_answer_old, counts.no_answer_new) == (7, 1, 0)
    assert found.negative_flip_rate == 1 / 7
    assert found.inconsistency_flip_rate == 3 / 7  # the flip, n -> m, and null -> n
    assert found.churn == 4 / 7
    assert found.agreement_right == 1.0
    assert list(found.metrics) == [*names_always(), *CAUSE_METRICS]


def test_a_null_prediction_is_wrong_whatever_the_threshold() -> None:
    found = compatkit.compare(
        rows([None, "x"]), rows(["x", None]), scorer="rougeL", threshold=0, resamples=100
    )
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)


def test_a_field_decides_by_itself_whatever_the_prediction_beside_it() -> None:
    found = compatkit.compare(
        rows([None, "a"], correct=[True, True]),
        rows([None, "b"], correct=[True, False]),
        scorer="field:correct",
    )
    assert (found.counts.both_right, found.counts.negative_flips) == (1, 1)
    assert found.counts.no_answer_new == 1
    assert found.continuous is False


def test_files_without_predictions_have_no_churn_but_flips() -> None:
    old = [{"id": 1, "acc": 1}, {"id": 2, "acc": 0}]
    new = [{"id": 1, "acc": 0}, {"id": 2, "acc": 0}]
    found = compatkit.compare(old, new, scorer="field:acc")
    assert found.negative_flip_rate == 0.5
    assert found.churn is None
    assert found.metrics["churn"].reason == "the files hold no answers to compare"
    assert (found.counts.no_answer_old, found.counts.no_answer_new) == (0, 0)


def test_a_score_beyond_0_to_1_needs_a_threshold() -> None:
    old, new = rows(["a", "b"], judge=[5, 2]), rows(["a", "b"], judge=[3, 4])
    with pytest.raises(ConfigError, match=r"between 2 and 5\. --threshold says"):
        compatkit.compare(old, new, scorer="field:judge")
    found = compatkit.compare(old, new, scorer="field:judge", threshold=4, resamples=100)
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    assert found.mean_regression == 2.0


def test_an_errored_row_without_a_score_is_left_out_or_wrong() -> None:
    old = rows(["y", "y"], acc=[1, 1])
    new = rows(["y", None], acc=[1, None], error=["", "timeout"])
    found = compatkit.compare(old, new, scorer="field:acc")
    assert (found.counts.total, found.counts.excluded["errored"]) == (1, 1)
    found = compatkit.compare(old, new, scorer="field:acc", errors="wrong")
    assert (found.counts.total, found.counts.negative_flips) == (2, 1)
    assert found.counts.counted_wrong["errored"] == 1
    assert found.continuous is False


def test_every_file_is_scored_once() -> None:
    calls = []

    def count(predictions: list[Any], references: list[Any]) -> list[float]:
        calls.append(len(predictions))
        return [1.0] * len(predictions)

    old, new, third = rows(["a"]), rows(["b"]), rows(["c"])
    compatkit.compare_candidates(old, [new, third], scorer=count)
    assert len(calls) == 3


def test_candidates_are_compared_on_the_examples_that_all_have() -> None:
    old, new = rows(["y"] * 4), rows(["y", "n", "y", "y"])
    third = rows(["n", "y", "n"])
    found = compatkit.compare_candidates(old, [new, third], missing="skip")
    assert [each.counts.total for each in found] == [3, 3]
    assert [each.counts.excluded["missing"] for each in found] == [1, 1]
    assert found[1].delta_nfr == pytest.approx(1 / 3)
    assert found[1].delta_accuracy == pytest.approx(-1 / 3)
    assert found[0].delta_nfr is None
    assert found[0].baseline is None


def test_the_slices_add_up_and_the_worst_is_named() -> None:
    old = rows(["y"] * 40, lang=["de"] * 20 + ["fr"] * 19 + ["it"])
    new = rows(["n"] * 8 + ["y"] * 12 + ["y"] * 19 + ["n"])
    found = compatkit.compare(old, new, by="lang")
    parts = found.slices["lang"]
    assert list(parts) == ["de", "fr", "it"]
    assert sum(part.counts.total for part in parts.values()) == 40
    assert sum(part.counts.negative_flips for part in parts.values()) == 9
    # One unlucky example of one is no evidence: the lower limit decides.
    worst = found.worst_slice("lang")
    assert worst is not None
    assert worst[0] == "de"


def test_a_second_run_of_the_old_model_gives_the_noise_floor() -> None:
    old, again = rows(["y", "y", "n", "n"]), rows(["y", "n", "y", "n"])
    new = rows(["n", "n", "n", "y"])
    found = compatkit.compare(old, new, old_rerun=again)
    assert found.negative_flip_rate == 0.5
    assert found.flip_floor_old == pytest.approx(0.25)
    assert found.expected_negative_flip_rate == pytest.approx(0.5)
    assert found.excess_negative_flip_rate == pytest.approx(0.25)


def test_samples_have_expected_flips_and_no_plain_ones() -> None:
    old = rows([["y", "n"], ["y", "y"]])
    new = rows([["n", "n"], ["y", "n"]])
    found = compatkit.compare(old, new)
    assert found.counts.negative_flips == pytest.approx(1.0)
    assert found.expected_negative_flip_rate == pytest.approx(0.5)
    assert found.negative_flip_rate is None
    assert "several samples" in found.metrics["negative_flip_rate"].reason
    first = found.examples[0]
    assert (first.id, first.old_prediction, first.new_prediction) == ("q0", "y", "n")
    assert (first.old_score, first.new_score) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, "level is 1.0"),
        ({"level": 0}, "level is 0"),
        ({"epsilon": -0.1}, "epsilon is -0.1"),
        ({"epsilon": float("nan")}, "epsilon is nan"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"interval": "wald"}, "interval is 'wald'; one of wilson, exact"),
        ({"resamples": 10}, "resamples is 10; 100 or more"),
        ({"seed": -1}, "seed is -1"),
        ({"missing": "drop"}, "missing is 'drop'; one of error, skip, wrong"),
        ({"errors": "drop"}, "errors is 'drop'"),
        ({"edited": "drop"}, "edited is 'drop'"),
        ({"fields": {"answer": "x"}}, "no role 'answer'"),
        ({"reader": "xml"}, "reader is 'xml'; one of arrow, csv"),
    ],
)
def test_an_option_out_of_range_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compatkit.compare(rows(["y"]), rows(["y"]), **options)


@pytest.mark.parametrize("data", [3, {"id": 1}, iter([])])
def test_data_of_no_known_kind_are_refused(data: object) -> None:
    with pytest.raises(ConfigError, match="a path, a list of mappings"):
        compatkit.compare(data, rows(["y"]))


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (lambda options: options, False),
        (lambda options: {**options, "seed": 1}, True),
        (lambda options: {**options, "threshold": 0.4}, True),
        (lambda options: {**options, "stemmer": True}, True),
        (lambda options: {**options, "scorer": "rouge1"}, True),
        (lambda options: {**options, "missing": "skip"}, True),
        (lambda options: {**options, "level": 0.9}, True),
    ],
)
def test_the_signature_tells_what_a_number_depends_on(
    change: Callable[[dict[str, Any]], dict[str, Any]], differs: bool
) -> None:
    options = {"scorer": "rougeL", "resamples": 100}
    old, new = rows(["a b", "c"]), rows(["a", "c"])
    first = compatkit.compare(old, new, **options)
    second = compatkit.compare(old, new, **change(options))
    assert (first.signature != second.signature) is differs
    assert "|n:2|" in first.signature
    assert compatkit.compare(new, old, **options).signature != first.signature


def test_the_same_input_gives_the_same_numbers() -> None:
    generator = np.random.default_rng(1)
    scores = generator.random((2, 50))
    old = rows(["a"] * 50, score=scores[0].tolist())
    new = rows(["a"] * 50, score=scores[1].tolist())
    options = {"scorer": "field:score", "resamples": 200}
    assert (
        compatkit.compare(old, new, **options).to_dict()
        == compatkit.compare(old, new, **options).to_dict()
    )


def test_exact_intervals_come_on_request_and_are_wider() -> None:
    old, new = rows(["y"] * 30), rows(["n"] * 3 + ["y"] * 27)
    plain, exact = compatkit.compare(old, new), compatkit.compare(old, new, interval="exact")
    narrow, wide = (each.metrics["negative_flip_rate"] for each in (plain, exact))
    assert (narrow.method, wide.method) == ("wilson", "clopper-pearson")
    assert wide.high - wide.low > narrow.high - narrow.low
    assert "interval:exact" in exact.signature


def test_a_sweep_is_made_on_request() -> None:
    old, new = rows(["a", "b"], score=[0.9, 0.2]), rows(["a", "b"], score=[0.3, 0.2])
    found = compatkit.compare(old, new, scorer="field:score", sweep=True, resamples=100)
    assert found.sweep.thresholds.tolist() == [0.2, 0.3, 0.9]
    assert found.sweep.negative_flips.tolist() == [0, 0, 1]
