"""Details of lighteval, made by the tool itself with models of a few lines."""

import json
import shutil

import pyarrow as pa
import pytest
from harness_runs import RUNS, edit_json, only, refusal
from pyarrow import parquet

from compatkit import compare, compare_folders
from compatkit.readers.prediction_file import open_run

EXPECTED = json.loads((RUNS / "lighteval/expected.json").read_text())


@pytest.fixture
def pair(tmp_path):
    """Copy the runs, with the names that lighteval gives its files."""
    folder = tmp_path / "runs"
    shutil.copytree(RUNS / "lighteval", folder)
    for path in folder.rglob("details_*"):
        path.rename(path.with_name(path.name.replace("~", "|")))
    return folder / "v1", folder / "v2"


def text_file(folder):
    return only(folder, "details_tiny_text|0_*.parquet")


def edit_rows(path, edit):
    rows = parquet.read_table(path).to_pylist()
    rows = edit(rows) or rows
    parquet.write_table(pa.Table.from_pylist(rows), path)


@pytest.mark.parametrize("task", EXPECTED)
def test_flips_are_those_of_the_tool_s_own_api(pair, task):
    found = {each.task: each for each in compare_folders(*pair)}[task]
    expected = EXPECTED[task]
    assert found.scorer == f"log:{expected['metric']}"
    assert found.counts.negative_flips == expected["negative"]
    assert found.counts.positive_flips == expected["positive"]
    assert found.counts.both_right + found.counts.negative_flips == expected["old"]


def test_the_answer_to_a_choice_is_the_likeliest_one(pair):
    rows = {
        row["input"]: row
        for batch in open_run(pair[0])["tiny_choice|0"].batches()
        for row in batch.rows
    }
    assert rows["The capital of Peru is"]["prediction"] == "Atlantis"
    assert rows["The capital of Italy is"]["prediction"] == "Rome"
    assert all(row["references"] == row["references"][:1] for row in rows.values())


def test_rows_without_ids_are_known_by_query_and_choices_and_never_by_their_place(pair):
    for folder in pair:
        edit_rows(
            text_file(folder), lambda rows: [row["doc"].update(id="") for row in rows] and None
        )
    edit_rows(text_file(pair[1]), lambda rows: rows[::-1])
    found = compare(text_file(pair[0]), text_file(pair[1]))
    assert found.counts.negative_flips == EXPECTED["tiny_text|0"]["negative"]
    assert found.counts.positive_flips == EXPECTED["tiny_text|0"]["positive"]


def test_ids_of_other_rows_are_found_by_the_input(pair):
    edit_rows(
        text_file(pair[1]),
        lambda rows: [row["doc"].update(id=str(4 - n)) for n, row in enumerate(rows)] and None,
    )
    assert "Answers to other questions" in refusal(text_file(pair[0]), text_file(pair[1]))


def test_changed_conditions_are_noted(pair):
    def change(found):
        found["config_general"]["max_samples"] = 5
        found["config_tasks"]["tiny_text|0"]["num_fewshots"] = 3

    edit_json(only(pair[1], "results_*.json"), change)
    notes = compare(text_file(pair[0]), text_file(pair[1])).notes
    assert "tiny_text|0: changed, limit: none -> 5" in notes
    assert "tiny_text|0: changed, few-shot examples: 0 -> 3" in notes


def test_less_can_be_better(pair):
    for folder in pair:
        edit_json(
            only(folder, "results_*.json"),
            lambda found: found["config_tasks"]["tiny_text|0"]["metrics"][0].update(
                higher_is_better=False
            ),
        )
    found = compare(text_file(pair[0]), text_file(pair[1]))
    assert found.counts.both_right == 1
    assert any("less em is better" in note for note in found.notes)


def test_a_missing_metric_is_not_0(pair):
    edit_rows(text_file(pair[1]), lambda rows: rows[0]["metric"].update(em=None))
    assert compare(text_file(pair[0]), text_file(pair[1])).counts.excluded["unscored"] == 1


def test_a_metric_over_the_whole_set_is_refused(pair):
    edit_rows(
        text_file(pair[1]), lambda rows: [row["metric"].update(em=[1, 2]) for row in rows] and None
    )
    assert "its value is a list" in refusal(text_file(pair[0]), text_file(pair[1]))


def test_two_runs_of_a_task_are_refused(pair):
    shutil.copy(text_file(pair[1]), text_file(pair[0]).parent)
    assert "2 runs of the task tiny_text|0" in refusal(pair[0], text_file(pair[1]))


def test_a_broken_file_is_refused(pair):
    path = text_file(pair[1])
    path.write_bytes(path.read_bytes()[:5000])
    assert "not a whole Parquet file" in refusal(text_file(pair[0]), path)
    parquet.write_table(pa.Table.from_pylist([{"a": 1}]), path)
    assert "the column 'metric' is missing" in refusal(text_file(pair[0]), path)
