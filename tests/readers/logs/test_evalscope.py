"""Reviews of EvalScope, in the shape that the source of 1.14.1 writes."""

import json

import pytest
from harness_runs import edit_lines, refusal

from compatkit import compare
from compatkit.readers.prediction_file import open_run

OLD, NEW = [1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0]


def write_reviews(folder, scores, repeats=1):
    folder.mkdir(parents=True)
    rows = [
        {
            "index": number * repeats + repeat,
            "target": ["yes"],
            "messages": [
                {"role": "user", "content": f"Question {number}?"},
                {"role": "assistant", "content": "I think so: yes" if score else "no"},
            ],
            "sample_score": {
                "score": {
                    "value": {"length": 3.0, "acc": score},
                    "status": "success",
                    "extracted_prediction": "yes" if score else "no",
                    "prediction": "I think so: yes" if score else "no",
                    "main_score_name": "acc",
                },
                "sample_id": number * repeats + repeat,
                "group_id": number,
                "sample_metadata": {"level": "easy"},
            },
        }
        for number, score in enumerate(scores)
        for repeat in range(repeats)
    ]
    path = folder / "made_default.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def pair(tmp_path):
    return (
        write_reviews(tmp_path / "v1/reviews/m", OLD),
        write_reviews(tmp_path / "v2/reviews/m", NEW),
    )


def test_reviews_are_paired_and_judged_by_the_main_score(pair):
    found = compare(*pair)
    assert found.scorer == "log:acc"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    (file,) = open_run(pair[0]).values()
    assert (file.log.task, file.log.model, file.log.metrics) == (
        "made_default",
        "m",
        ("acc", "length"),
    )
    row = next(iter(file.batches())).rows[0]
    assert (row["prediction"], row["references"], row["input"]) == ("yes", ["yes"], "Question 0?")


def test_repeats_of_a_group_are_samples(tmp_path):
    old = write_reviews(tmp_path / "v1", OLD, repeats=3)
    new = write_reviews(tmp_path / "v2", NEW, repeats=2)
    found = compare(old, new)
    assert (found.counts.total, found.counts.negative_flips) == (4, 1)
    assert f"{old}: 3 samples per example" in found.notes


def test_a_place_in_another_subset_is_refused(pair):
    def move(row):
        row["messages"][0]["content"] = "Another question?"

    edit_lines(pair[1], move)
    assert "Answers to other questions" in refusal(*pair)


def test_a_judgement_that_failed_is_not_wrong(pair):
    def fail(row):
        if row["index"] == 0:
            row["sample_score"]["score"].update(status="judge_error", value={})

    edit_lines(pair[1], fail)
    assert compare(*pair).counts.excluded["unscored"] == 1


def test_older_reviews_hold_the_input_as_a_text(pair):
    for path in pair:
        edit_lines(
            path, lambda row: row.update(input=row.pop("messages")[0]["content"], target="yes")
        )
    found = compare(*pair)
    assert found.counts.negative_flips == 1
    row = next(iter(next(iter(open_run(pair[0]).values())).batches())).rows[0]
    assert (row["references"], row["input"]) == (["yes"], "Question 0?")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda row: row.update(sample_score=[]), "'sample_score' is of type list; dict was exp"),
        (
            lambda row: row["sample_score"].update(group_id=None) or row.update(index=None),
            "no field 'index'",
        ),
        (
            lambda row: row["sample_score"]["score"].update(value={"acc": "yes"}),
            "acc is 'yes'; a number, true or false was expected",
        ),
        (lambda row: row.update(messages="x"), "'messages' is of type str; list was expected"),
    ],
)
def test_what_the_tool_does_not_write_is_refused(pair, edit, message):
    edit_lines(pair[1], lambda row: edit(row) and None if row["index"] == 2 else None)
    assert message in refusal(*pair)
