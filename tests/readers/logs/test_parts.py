"""A value where a harness writes a table of scores, and the reverse, is refused: never misread."""

import gzip
import json
import re

import pytest
from harness_runs import RUNS, copy_run
from prediction_files import write_rows

from compatkit import compare
from compatkit.errors import DataError
from compatkit.readers.logs.log import LogSelection, counted, items, part
from compatkit.readers.prediction_file import open_run

COUNT = re.compile(rb'("(?:effective|total_samples)": *)\d+')


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


@pytest.mark.parametrize("value", [0, "", False, [], "x"])
@pytest.mark.parametrize("key", ["config", "task_args", "dataset"])
def test_what_inspect_says_of_a_run_in_another_kind_is_refused(tmp_path, key, value):
    """An empty value of another kind is no table without entries."""
    path = inspect_log(tmp_path / "log.json", [1.0])
    log = json.loads(path.read_text())
    log["eval"][key] = value
    path.write_text(json.dumps(log))
    with pytest.raises(DataError, match=f"log.json: '{key}' is of type .*; dict was expected"):
        compare(path, path)


def test_lists_of_another_kind_are_refused():
    assert list(items({}, "stats", "")) == list(items({"stats": None}, "stats", "")) == []
    for value in (0, "", {}, "x"):
        with pytest.raises(DataError, match=r"file:3: 'stats' is of type .*; list was expected"):
            items({"stats": value}, "stats", "file:3")


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


@pytest.mark.parametrize("value", [0, [], "x"])
def test_what_a_file_beside_the_rows_says_in_another_kind_is_refused(tmp_path, value):
    nemo = tmp_path / "nemo"
    nemo.mkdir()
    write_rows(nemo / "results.jsonl", [{"problem_idx": 1, "reward": 1.0}])
    (nemo / "eval-1.json").write_text(json.dumps({"benchmark": value}))
    helm = tmp_path / "helm"
    helm.mkdir()
    (helm / "run_spec.json").write_text(json.dumps({"name": "a", "adapter_spec": value}))
    (helm / "per_instance_stats.json").write_text("[]")
    evals = write_rows(
        tmp_path / "evals.jsonl", [{"spec": {"run_config": value}}, {"final_report": {}}]
    )
    for path, key in ((nemo, "benchmark"), (helm, "adapter_spec"), (evals, "run_config")):
        with pytest.raises(DataError, match=f"'{key}' is of type .*; dict was expected"):
            compare(path, path)


@pytest.mark.parametrize("value", ["4", True, 3.5, [4], float("nan")])
def test_a_number_of_rows_that_is_none_is_refused_and_never_passed_over(value):
    with pytest.raises(DataError, match=r"file: the number is .*expected\. Is"):
        counted(value, "file", "the number")
    assert (counted(4, "", ""), counted(4.0, "", ""), counted(None, "", "")) == (4, 4, None)


@pytest.mark.parametrize("run", ["lm_eval", "inspect"])
def test_a_log_that_does_not_say_how_many_rows_it_has_is_refused(tmp_path, run):
    folder = copy_run(f"{run}/v1" if run == "lm_eval" else f"{run}/as_json", tmp_path)
    for path in folder.rglob("*.json*"):
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" else data
        altered = COUNT.sub(rb'\1"4"', text)
        path.write_bytes(gzip.compress(altered) if path.suffix == ".gz" else altered)
    with pytest.raises(DataError, match="a whole number was expected"):
        open_run(folder)
    open_run(folder, selection=LogSelection(unfinished="keep"))


def test_an_inspect_log_that_says_nothing_of_its_run_is_refused(tmp_path):
    path = inspect_log(tmp_path / "log.json", [1.0] * 4)
    log = json.loads(path.read_text())
    del log["eval"]
    path.write_text(json.dumps(log))
    with pytest.raises(DataError, match="missing required field `eval`"):
        open_run(path)
