"""The interchange of every_eval_ever, written to its schema 0.3.0."""

import json

import pytest
from harness_runs import edit_lines, refusal

from compatkit import compare, compare_folders

OLD = [1.0, 1.0, 0.0]
NEW = [1.0, 0.0, 1.0]


def write_samples(path, scores, names=("gsm8k",)):
    rows = [
        {
            "evaluation_id": f"{name}/m/1",
            "model_id": "m",
            "evaluation_name": name,
            "sample_id": str(number),
            "sample_hash": f"hash{number}",
            "interaction_type": "single_turn",
            "input": {"raw": f"Q{number}", "reference": ["yes"], "choices": None},
            "output": {"raw": ["yes" if score else "no"]},
            "evaluation": {"score": score, "is_correct": bool(score)},
        }
        for name in names
        for number, score in enumerate(scores)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def pair(tmp_path):
    return (
        write_samples(tmp_path / "a_samples.jsonl", OLD),
        write_samples(tmp_path / "b_samples.jsonl", NEW),
    )


@pytest.mark.parametrize("metric", ["score", "is_correct"])
def test_samples_are_paired_by_id(pair, metric):
    found = compare(*pair, metric=metric)
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    assert found.scorer == f"log:{metric}"


def test_several_evaluations_of_a_file_are_tasks(tmp_path):
    old = write_samples(tmp_path / "a.jsonl", OLD, ("x", "y"))
    new = write_samples(tmp_path / "b.jsonl", NEW, ("x", "y"))
    assert [each.task for each in compare_folders(old, new)] == ["x", "y", "total"]


def test_a_missing_score_is_not_0(pair):
    edit_lines(
        pair[1],
        lambda row: row["evaluation"].pop("score") and None if row["sample_id"] == "2" else None,
    )
    assert compare(*pair).counts.excluded["unscored"] == 1


def test_an_error_is_no_wrong_answer(pair):
    edit_lines(
        pair[1], lambda row: row.update(error="timeout") if row["sample_id"] == "1" else None
    )
    counts = compare(*pair).counts
    assert (counts.negative_flips, counts.excluded["errored"]) == (0, 1)


def test_another_input_under_one_id_is_refused(pair):
    edit_lines(pair[1], lambda row: row["input"].update(raw="other"))
    assert "Answers to other questions" in refusal(*pair)


def test_a_sample_without_an_id_is_known_by_its_hash_and_refused_without_one(pair):
    for path in pair:
        edit_lines(path, lambda row: row.pop("sample_id") and None)
    assert compare(*pair).counts.negative_flips == 1
    edit_lines(pair[1], lambda row: row.pop("sample_hash") and None)
    assert "neither 'sample_id' nor 'sample_hash'" in refusal(*pair)
