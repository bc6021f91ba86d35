"""A value where a harness writes a table of scores, and the reverse, is refused: never misread."""

import json

import pytest
from harness_runs import RUNS
from prediction_files import write_rows

from compatkit import compare
from compatkit.errors import DataError
from compatkit.readers.logs.log import part


@pytest.mark.parametrize("value", [0.5, "x", [1], True, 0, "", []])
def test_what_is_no_table_is_refused_and_never_empty(value):
    with pytest.raises(DataError, match=r"file:3: 'scores' is of type .*; dict was expected"):
        part({"scores": value}, "scores", "file:3")
    assert part({}, "scores", "") == part({"scores": None}, "scores", "") == {}


def inspect_log(path, values):
    """Write an Inspect log whose samples have these values of one score."""
    samples = [
        {"id": n, "epoch": 1, "input": "q", "target": "a", "scores": {"judge": {"value": value}}}
        for n, value in enumerate(values)
    ]
    log = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
    path.write_text(json.dumps(log | {"samples": samples}))
    return path


def test_a_number_is_not_the_part_of_a_score_that_has_parts(tmp_path):
    parts = {"left": 1.0, "right": 0.0}
    old = inspect_log(tmp_path / "old.json", [parts] * 4)
    how = {"metric": "judge.right", "higher_is_better": True}
    assert compare(old, old, **how).accuracy_old == 0.0
    new = inspect_log(tmp_path / "new.json", [parts, 1.0, parts, parts])
    with pytest.raises(DataError, match="the score judge, of which right is asked, is of type fl"):
        compare(old, new, **how)
    with pytest.raises(DataError, match=r"judge is \{'left'.*; a number, true or false"):
        compare(old, new, metric=["judge.right", "judge"], higher_is_better=True)
    missing = inspect_log(tmp_path / "missing.json", [parts, None, "NaN", parts])
    assert compare(old, missing, **how).counts.excluded["unscored"] == 2


@pytest.mark.parametrize("key", ["namedScores", "response", "gradingResult"])
def test_parts_of_promptfoo(tmp_path, key):
    path = RUNS / "promptfoo/v1/capitals.json"
    log = json.loads(path.read_text())
    log["results"]["results"][1][key] = 0.5
    new = tmp_path / "capitals.json"
    new.write_text(json.dumps(log))
    with pytest.raises(DataError, match=f":2: '{key}' is of type float; dict was expected"):
        compare(path, new)


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("scoring_details", {"problem_idx": 1, "reward": 0.0}),
        (
            "evaluation",
            {"evaluation_id": "e", "evaluation_name": "n", "model_id": "m", "sample_id": "1"},
        ),
        ("data", {"sample_id": "1", "type": "match"}),
    ],
)
def test_parts_of_lines(tmp_path, key, row):
    first = {"spec": {"eval_name": "e"}} if key == "data" else {}
    rows = [first, {**row, key: "x"}, {"final_report": {}}] if first else [{**row, key: "x"}]
    path = tmp_path / "new.jsonl"
    write_rows(path, rows)
    with pytest.raises(DataError, match=f":{len(rows[:2])}: '{key}' is of type str; dict was exp"):
        compare(path, path)
