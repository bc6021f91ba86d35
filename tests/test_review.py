"""What a first reader of the reports stumbled over, each held by a test."""

import json
from pathlib import Path
from typing import Any

import pytest

import compatkit
from compatkit.errors import ConfigError, DataError
from compatkit.reports import REPORTS

Rows = list[dict[str, Any]]


def rows(answers: list[Any], **columns: list[Any]) -> Rows:
    """Make rows whose reference is 'y'."""
    made = [{"id": n, "prediction": a, "reference": "y"} for n, a in enumerate(answers)]
    for name, values in columns.items():
        made = [{**row, name: value} for row, value in zip(made, values, strict=True)]
    return made


OLD, NEW = rows(["y", "y", "n"]), rows(["y", "n", "y"])


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0.30000001},
        {"threshold": 0.3000004},
        {"level": 0.95000001},
        {"epsilon": 1e-9},
        {"fields": {"prediction": "other"}},
        {"old_rerun": rows(["y", "n", "n"])},
    ],
)
def test_what_changes_a_number_changes_the_signature(options: dict[str, Any]) -> None:
    def add(made: Rows) -> Rows:
        return [{**row, "other": "y"} for row in made]

    plain = compatkit.compare(add(OLD), add(NEW), scorer="token_f1")
    changed = compatkit.compare(add(OLD), add(NEW), **{"scorer": "token_f1", **options})
    assert changed.signature != plain.signature


def test_the_signature_names_the_baseline_and_whoever_decided_what_is_left_out() -> None:
    first, second = compatkit.compare_candidates(OLD, [NEW, OLD[:2]], missing="skip")
    assert "|baseline:" in second.signature
    assert "|baseline:" not in first.signature
    assert "|beside:" in first.signature


def test_an_interval_does_not_depend_on_other_candidates() -> None:
    scores = [[(n * k) % 7 / 7 for n in range(30)] for k in (1, 2, 3)]
    models = [rows(["a"] * 30, score=column) for column in scores]
    options = {"scorer": "field:score", "resamples": 200}
    alone = compatkit.compare(models[0], models[2], **options)
    beside = compatkit.compare_candidates(models[0], models[1:], **options)[1]
    for name in ("score_old", "score_new", "score_delta", "mean_gain", "negative_flip_rate"):
        assert alone.metrics[name] == beside.metrics[name]


@pytest.mark.parametrize("late", ["input", "prediction", "sample", "reference"])
def test_a_field_that_begins_late_is_refused_and_not_ignored(late: str) -> None:
    early = {"prediction": "output", "reference": "target"}.get(late)
    made = []
    for number in range(1500):
        row = {"id": number, "prediction": "y", "reference": "y"}
        if early:
            row[early] = row.pop(late)
        made.append({**row, late: "x"} if number >= 1200 else row)
    with pytest.raises(DataError, match=rf"old:1201: the field '{late}' begins here"):
        compatkit.compare(made, made)


def test_every_model_s_null_answers_are_said_in_every_readable_report() -> None:
    results = compatkit.compare_candidates(OLD, [NEW, rows(["y", None, None])])
    for kind in ("terminal", "markdown", "html"):
        text = REPORTS[kind](results, None)
        assert "no answer, counted as wrong" in text
        assert "2 of candidate 2" in text
    assert [comparison.counts.no_answer_new for comparison in results] == [0, 2]


def test_an_answer_is_counted_as_wrong_for_the_model_that_lacks_it() -> None:
    results = compatkit.compare_candidates(OLD, [NEW, NEW[:1]], missing="wrong")
    assert [comparison.counts.counted_wrong["missing"] for comparison in results] == [0, 2]


def test_null_answers_of_a_field_are_counted_and_scored_as_the_file_says() -> None:
    old, new = rows([None, "a"], ok=[True, True]), rows([None, "a"], ok=[True, False])
    comparison = compatkit.compare(old, new, scorer="field:ok")
    assert (comparison.counts.no_answer_old, comparison.counts.both_right) == (1, 1)
    assert "no answer, scored as the file says: 1 of old, 1 of new" in str(comparison)


def test_it_is_said_how_many_examples_the_noise_rests_on() -> None:
    old = rows([["y", "n"], ["y", "y"], "y", "y"])
    comparison = compatkit.compare(old, rows(["n", "y", "y", "y"]))
    assert any("rest on 2 of 4 examples" in note for note in comparison.notes)


def test_equal_values_have_no_interval_of_width_0() -> None:
    comparison = compatkit.compare(rows([["y", "y"]] * 10), rows([["y", "n"]] * 10))
    metric = comparison.metrics["accuracy_old"]
    assert (metric.value, metric.low) == (1.0, None)
    assert "all values are equal" in metric.reason


def test_a_missing_answer_is_no_gain_where_scores_are_below_0() -> None:
    old, new = rows(["a"] * 4, s=[-3, -3, -3, -3]), rows(["a"] * 2, s=[-2, -2])
    comparison = compatkit.compare(
        old, new, scorer="field:s", threshold=-2.5, missing="wrong", resamples=100
    )
    assert comparison.score_new == -2.5
    assert comparison.mean_gain == 1.0
    assert comparison.smooth_positive_flip_rate == 0.5


def test_the_sweep_knows_that_a_null_answer_is_wrong_at_every_threshold() -> None:
    old, new = rows(["y", "y"]), rows([None, "y"])
    comparison = compatkit.compare(old, new, scorer="rougeL", sweep=True, resamples=100)
    assert comparison.sweep.negative_flips.tolist() == [1]
    with pytest.raises(ConfigError, match="--sweep needs one sample"):
        compatkit.compare(rows([["y", "n"]]), rows(["y"]), sweep=True)


def test_the_reason_of_an_undefined_metric_is_its_own() -> None:
    comparison = compatkit.compare_candidates(OLD, [NEW, NEW])[1]
    assert comparison.metrics["delta_score"].reason == "the scorer knows right and wrong alone"


def test_a_refusal_counts_all_edited_examples() -> None:
    old = [{**row, "input": "a"} for row in OLD]
    new = [{**row, "input": "b" if row["id"] else "a"} for row in NEW]
    new[0]["reference"] = "z"
    with pytest.raises(DataError, match="In all 3 examples have another reference or input"):
        compatkit.compare(old, new)


def test_folders_say_their_signatures_what_they_leave_aside_and_what_is_identical(
    tmp_path: Path,
) -> None:
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        for task in ("a", "b"):
            text = "".join(json.dumps(row) + "\n" for row in OLD)
            (tmp_path / name / f"{task}.jsonl").write_text(text)
        (tmp_path / name / "c.jsonl.bz2").touch()
    text = REPORTS["terminal"](compatkit.compare_folders(tmp_path / "v1", tmp_path / "v2"), None)
    assert text.count("\nsignature: ") == 1
    assert "left aside: c.jsonl.bz2" in text
    assert "identical" in text


def test_a_comparison_can_be_compared_and_hashed() -> None:
    comparison = compatkit.compare(OLD, NEW)
    assert comparison == comparison  # noqa: PLR0124
    assert comparison != compatkit.compare(OLD, NEW)
    assert len({comparison}) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": "0.5"}, "threshold is '0.5', a str; a number was expected"),
        ({"level": "x"}, "level is 'x'"),
        ({"level": 0.99999}, "level is 0.99999; more than 0 and at most 0.9999"),
        ({"seed": 1.5}, "seed is 1.5, a float; a whole number was expected"),
        ({"resamples": 10**12}, "1,000,000 at most"),
        ({"by": 5}, "by is 5"),
        ({"threshold": True}, "threshold is True"),
        ({"threshold": 30}, "threshold is 30; scores of exact_match lie between 0 and 1"),
        ({"thresh": 0.3}, r"no option 'thresh'; did you mean 'threshold'\?"),
        ({"nonsense": 0.3}, "no option 'nonsense'; it is none of a comparison's"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused_in_a_sentence(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        compatkit.compare(OLD, NEW, **options)


@pytest.mark.parametrize("candidates", ["new.jsonl", []])
def test_candidates_are_a_list(candidates: Any) -> None:
    with pytest.raises(ConfigError, match="a list of them was expected"):
        compatkit.compare_candidates(OLD, candidates)
