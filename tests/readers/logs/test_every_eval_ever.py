"""The interchange of every_eval_ever, written to its schema 0.3.0."""

import json

import pytest
from harness_runs import edit_lines, refusal

from compatkit import compare, compare_folders
from compatkit.errors import DataError
from compatkit.gate import check

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


def write_results(path, **lower):
    """Write the aggregate file: the results, and of which of them less is better."""
    results = [
        {
            "evaluation_result_id": f"x/m/1#{metric}",
            "evaluation_name": "x",
            "metric_config": {"metric_name": metric, "lower_is_better": less},
        }
        for metric, less in lower.items()
    ]
    path = path.with_name(path.name.replace("_samples.jsonl", ".json"))
    path.write_text(json.dumps({"evaluation_id": "x/m/1", "evaluation_results": results}))


def test_the_aggregate_file_says_which_way_a_score_points(pair):
    for path in pair:
        edit_lines(path, lambda row: row.update(evaluation_name="x"))
        write_results(path, wer=True)
    found = compare(*pair)
    assert found.scorer == "log:1 - score"
    assert (found.counts.negative_flips, found.counts.both_wrong) == (1, 1)
    assert compare(*pair, metric="is_correct").counts.both_right == 1


def test_a_score_without_its_aggregate_file_may_point_either_way(pair):
    assert any("neither the log nor a known name" in note for note in compare(*pair).notes)
    with pytest.raises(DataError, match="--lower-is-better"):
        check(*pair, max_nfr=0.9)
    assert check(*pair, max_nfr=0.99, metric="is_correct").outcome == "pass"


def test_several_results_of_a_sample_are_tasks(tmp_path):
    for side, scores in (("a", OLD), ("b", NEW)):
        path = write_samples(tmp_path / f"{side}_samples.jsonl", scores, ("x", "x"))
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for number, row in enumerate(rows):
            row["evaluation_result_id"] = f"x/m/1#{'acc' if number < len(OLD) else 'wer'}"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sides = tmp_path / "a_samples.jsonl", tmp_path / "b_samples.jsonl"
    assert [each.task for each in compare_folders(*sides)] == ["x acc", "x wer", "total"]
    for path in sides:
        write_results(path, acc=False, wer=True)
    found = compare_folders(*sides)
    assert [each.scorer for each in found[:2]] == ["log:score", "log:1 - score"]


def test_of_a_conversation_the_answer_is_what_the_model_said_last(pair):
    for path in pair:
        edit_lines(
            path,
            lambda row: (
                row.pop("output"),
                row.update(
                    messages=[
                        {"turn_idx": 0, "role": "user", "content": "Q"},
                        {"turn_idx": 1, "role": "assistant", "content": "no"},
                        {"turn_idx": 2, "role": "user", "content": "Sure?"},
                        {"turn_idx": 3, "role": "assistant", "content": "yes"},
                    ]
                ),
            ),
        )
    assert compare(*pair, scorer="exact_match").counts.both_right == 3


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (
            {"evaluation_results": {"x": []}},
            "evaluation_results is of type dict; list was expected",
        ),
        ({"evaluation_results": ["x"]}, "a result is of type str; dict was expected"),
        ([], "the file is of type list; dict was expected"),
    ],
)
def test_an_aggregate_file_of_another_shape_does_not_lose_the_direction(pair, results, message):
    path = pair[1].with_name(pair[1].name.replace("_samples.jsonl", ".json"))
    path.write_text(json.dumps(results))
    assert message in refusal(*pair)


def test_a_direction_that_is_neither_true_nor_false_is_refused(pair):
    for path in pair:
        edit_lines(path, lambda row: row.update(evaluation_name="x"))
        write_results(path, wer="false")
    assert "lower_is_better is of type str; bool was expected" in refusal(*pair)
