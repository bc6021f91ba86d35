"""The sentences that stand first: what they say, and that they never say more."""

import json
from pathlib import Path

import pytest

from compatkit import compare, compare_candidates, compare_folders
from compatkit.comparison.comparison import Comparison
from compatkit.reports import REPORTS
from compatkit.reports.headline import (
    IDENTICAL,
    describe_certainty,
    describe_change,
    describe_harm,
    describe_update,
)

Rows = list[dict[str, object]]


def make_rows(right: str, **columns: list[str]) -> Rows:
    """Return a row per letter: `r` for a right answer, anything else for that wrong one."""
    return [
        {"id": number, "prediction": "yes" if letter == "r" else letter, "reference": "yes"}
        | {name: column[number] for name, column in columns.items()}
        for number, letter in enumerate(right)
    ]


def compare_letters(old: str, new: str, **options: object) -> Comparison:
    return compare(make_rows(old), make_rows(new), **options)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "rrrrxxxxxx",
            "rrxxrxxxxx",
            "2 of 4 right answers broke (50.0%), 1 was repaired; accuracy 40.0 -> 30.0%.",
        ),
        ("rx", "xr", "1 of 1 right answer broke (100.0%), 1 was repaired; accuracy 50.0 -> 50.0%."),
        (
            "rr",
            "rr",
            "0 of 2 right answers broke (0.0%), 0 were repaired; accuracy 100.0 -> 100.0%.",
        ),
        (
            "x" * 50,
            "r" + "x" * 49,
            "The old model has no right answer to break, 1 was repaired; accuracy 0.0 -> 2.0%.",
        ),
        (
            "r" * 3000,
            "r" * 2999 + "x",
            "1 of 3,000 right answers broke (< 0.1%), 0 were repaired; accuracy 100.00 -> 99.97%.",
        ),
    ],
)
def test_the_change_of_right_answers(old: str, new: str, sentence: str) -> None:
    assert describe_change(compare_letters(old, new)) == sentence


def score_rows(*scores: float) -> Rows:
    return [
        {"id": number, "prediction": str(number), "reference": "", "f1": score}
        for number, score in enumerate(scores)
    ]


def test_answers_of_a_continuous_scorer_fall_below_its_threshold() -> None:
    old, new = score_rows(0.9, 0.4, 0.3, 0.1), score_rows(0.8, 0.2, 0.1, 0.5)
    comparison = compare(old, new, scorer="field:f1", threshold=0.3)
    assert describe_change(comparison) == (
        "2 of 3 answers that scored 0.3 or more fell below it (66.7%), 1 rose to it; "
        "mean score 0.425 -> 0.400."
    )
    low = score_rows(0.1, 0.2, 0.1, 0.1)
    assert describe_change(compare(low, new, scorer="field:f1", threshold=0.3)).startswith(
        "The old model has no answer that scored 0.3 or more to fall below it, 2 rose to it"
    )


def test_of_several_samples_the_counts_are_expected_ones() -> None:
    old = [{**row, "prediction": ["yes", "yes"]} for row in make_rows("rr")]
    new = [{**row, "prediction": ["yes", "no"]} for row in make_rows("rr")]
    comparison = compare(old, new, lists="samples")
    assert describe_change(comparison) == (
        "Of one sample of each model, 1.0 of 2.0 right answers are expected to break (50.0%), "
        "0.0 to be repaired; accuracy 100.0 -> 50.0%."
    )


def test_certainty_is_claimed_by_the_test_alone() -> None:
    fell = compare_letters("r" * 10, "r" * 4 + "x" * 6)  # McNemar: 2 / 2**6 = 0.03125
    assert fell.tests["accuracy_changed"].p_value == 0.03125
    assert describe_certainty(fell).startswith(
        "Accuracy fell by more than chance would have it (p = 0.0312, exact McNemar; "
    )
    rose = compare_letters("r" * 4 + "x" * 6, "r" * 10)
    assert describe_certainty(rose).startswith("Accuracy rose by more than chance")
    unclear = compare_letters("r" * 10, "r" * 5 + "x" * 5)  # 2 / 2**5 = 0.0625
    assert describe_certainty(unclear).startswith(
        "No change of accuracy is shown (p = 0.0625, exact McNemar; "
    )
    # At another level the same p-value is enough.
    assert describe_certainty(compare_letters("r" * 10, "r" * 5 + "x" * 5, level=0.9)).startswith(
        "Accuracy fell"
    )


def test_a_second_run_of_the_old_model_decides_about_noise() -> None:
    old, new = make_rows("r" * 40), make_rows("x" * 20 + "r" * 20)
    same = compare(old, new, old_rerun=make_rows("r" * 39 + "x"))
    assert describe_certainty(same).startswith("Beyond noise: the update flips more than")
    noisy = make_rows("rx" * 20)
    within = compare(noisy, make_rows("xr" * 20), old_rerun=make_rows("rrxx" * 10))
    assert "a second run of the old model would" in describe_certainty(within)


def test_identical_files_are_said_instead_of_a_test() -> None:
    comparison = compare_letters("rrx", "rrx")
    assert comparison.identical
    assert describe_certainty(comparison) == IDENTICAL
    assert IDENTICAL in str(comparison)


def compare_fields(old: str, new: str, fields: list[str]) -> Comparison:
    return compare(make_rows(old, field=fields), make_rows(new, field=fields), by="field")


def test_the_most_harmed_slice_is_named_where_a_test_tells() -> None:
    fields = ["law"] * 20 + ["maths"] * 20
    harmed = compare_fields("r" * 40, "x" * 15 + "r" * 25, fields)
    (sentence,) = describe_harm(harmed)
    assert sentence.startswith(
        "Most harmed: law (75.0% of its answers), more than the other slices by field (p < 0.0001, "
        "Fisher's exact test, Holm over 2 slices)"
    )
    alike = compare_fields("r" * 40, ("x" + "r" * 19) * 2, fields)
    (sentence,) = describe_harm(alike)
    assert sentence.startswith("No slice by field breaks more than the others beyond chance (p = ")
    assert "law" not in sentence
    assert "maths" not in sentence


def test_nothing_is_said_of_slices_where_nothing_was_tested() -> None:
    assert describe_harm(compare_letters("rr", "rx")) == []
    assert describe_harm(compare_fields("rr", "rx", ["law", "law"])) == []


def test_each_candidate_has_its_sentence() -> None:
    old, new, further = make_rows("rrrr"), make_rows("rrrx"), make_rows("rrxx")
    results = compare_candidates(old, [new, further])
    both, first, second = describe_update(results)
    assert both == "With new, 1 of 4 right answers broke; with candidate 2, 2."
    assert first.startswith("new: 1 of 4 right answers broke (25.0%), 0 were repaired")
    assert second.startswith("candidate 2: 2 of 4 right answers broke (50.0%), 0 were repaired")
    assert "Holm over 2 comparisons" in describe_certainty(results[0])
    assert str(REPORTS["terminal"](results, None)).count("No change of accuracy is shown") == 2


def write_folder(folder: Path, **tasks: str) -> Path:
    folder.mkdir()
    for task, letters in tasks.items():
        lines = "".join(json.dumps(row) + "\n" for row in make_rows(letters))
        (folder / f"{task}.jsonl").write_text(lines)
    return folder


def test_of_several_tasks_those_that_fell_are_named(tmp_path: Path) -> None:
    old = write_folder(tmp_path / "old", arc="r" * 20, boolq="r" * 20)
    new = write_folder(tmp_path / "new", arc="x" * 10 + "r" * 10, boolq="r" * 19 + "x")
    change, certainty, tasks = describe_update(compare_folders(old, [new]))
    assert change.startswith("11 of 40 right answers broke (27.5%)")
    assert certainty.startswith("Accuracy fell by more than chance")
    assert tasks == (
        "In 1 of 2 tasks accuracy fell by more than chance would have it: arc (100.0 -> 50.0%) "
        "(one-sided, Holm over 2 comparisons)."
    )
    same = write_folder(tmp_path / "same", arc="r" * 19 + "x", boolq="r" * 20)
    assert describe_update(compare_folders(old, [same]))[-1] == (
        "In none of 2 tasks is accuracy shown to fall (one-sided, Holm over 2 comparisons)."
    )


@pytest.mark.parametrize("kind", ["terminal", "markdown", "html"])
def test_the_headline_stands_above_every_number(kind: str) -> None:
    text = REPORTS[kind]([compare_letters("rrrrxxxxxx", "rrxxrxxxxx")], None)
    assert 0 < text.index("2 of 4 right answers broke") < text.index("new right")


def test_a_comparison_begins_with_its_headline_where_it_is_shown() -> None:
    comparison = compare_letters("rrrrxxxxxx", "rrxxrxxxxx")
    assert str(comparison).splitlines()[1].startswith("2 of 4 right answers broke (50.0%)")
    assert "2 of 4 right answers broke" in comparison._repr_html_()
