"""Results of evalplus, in the shape that the source of 0.3.1 writes."""

import json

import pytest
from harness_runs import edit_json, refusal

from compatkit import compare
from compatkit.readers.prediction_file import open_run

# Of each task its solutions: the tests of the dataset, and the added ones.
OLD = {"HumanEval/0": ["pp", "pf"], "HumanEval/1": ["pp", "pp"], "HumanEval/2": ["ft", "ff"]}
NEW = {"HumanEval/0": ["pp", "pp"], "HumanEval/1": ["fp", "tp"], "HumanEval/2": ["pp", "ff"]}
STATUS = {"p": "pass", "f": "fail", "t": "timeout", "-": None}


def write_results(path, tasks, **changes):
    whole = {
        "date": "2026-11-01 10:00",
        "hash": "abc",
        "eval": {
            task: [
                {
                    "task_id": task,
                    "solution": f"solution {number}",
                    "base_status": STATUS[base],
                    "plus_status": STATUS[plus],
                    "base_fail_tests": [],
                    "plus_fail_tests": [],
                }
                for number, (base, plus) in enumerate(solutions)
            ]
            for task, solutions in tasks.items()
        },
    }
    path.write_text(json.dumps(whole | changes))
    return path


@pytest.fixture
def pair(tmp_path):
    return (
        write_results(tmp_path / "v1_eval_results.json", OLD),
        write_results(tmp_path / "v2_eval_results.json", NEW),
    )


def test_a_solution_passes_the_added_tests_and_those_of_the_dataset(pair):
    found = compare(*pair)
    assert found.scorer == "log:plus"
    assert found.accuracy_old == pytest.approx((0.5 + 1 + 0) / 3)
    assert found.accuracy_new == pytest.approx((1 + 0 + 0.5) / 3)
    base = compare(*pair, metric="base")
    assert base.accuracy_old == pytest.approx((1 + 1 + 0) / 3)
    assert base.counts.negative_flips == 1


def test_a_run_of_the_tests_of_the_dataset_alone_has_no_plus(pair):
    for path, tasks in zip(pair, (OLD, NEW), strict=True):
        write_results(path, {key: [f"{s[0]}-" for s in value] for key, value in tasks.items()})
    assert compare(*pair).scorer == "log:base"
    assert "has no metric plus; it has base" in refusal(*pair, metric="plus")


def test_a_solution_without_its_added_tests_is_not_scored(pair):
    edit_json(pair[1], lambda w: w["eval"]["HumanEval/2"][0].update(plus_status=None))
    found = compare(*pair)
    assert any("1 sample with an error or no score left out" in note for note in found.notes)


def test_another_dataset_is_refused(pair):
    write_results(pair[1], NEW, hash="abd")
    assert "item_hash differs" in refusal(*pair) or "differ" in refusal(*pair)


def test_one_solution_of_each_has_no_samples(tmp_path):
    one = {task: solutions[:1] for task, solutions in OLD.items()}
    path = write_results(tmp_path / "eval_results.json", one)
    (file,) = open_run(path).values()
    rows = [row for batch in file.batches() for row in batch.rows]
    assert file.log.task == tmp_path.name
    assert "sample" not in rows[0]
    assert rows[0]["prediction"] == "solution 0"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda w: w["eval"].update({"HumanEval/0": {"base": []}}), "evalplus before 0.3"),
        (
            lambda w: w["eval"]["HumanEval/0"][0].update(task_id="HumanEval/1"),
            "is among those of HumanEval/0",
        ),
        (
            lambda w: w["eval"]["HumanEval/0"][0].update(base_status="ok"),
            "a status is 'ok'; one of pass, fail, timeout was expected",
        ),
        (lambda w: w.update(eval=[]), "'eval' is of type list; dict was expected"),
    ],
)
def test_what_the_tool_does_not_write_is_refused(pair, edit, message):
    edit_json(pair[1], edit)
    assert message in refusal(*pair)
