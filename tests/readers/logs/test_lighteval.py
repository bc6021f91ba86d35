"""Details of lighteval, made by the tool itself with models of a few lines."""

import json
import shutil

import pyarrow as pa
import pytest
from harness_runs import RUNS, edit_json, only, refusal
from pyarrow import parquet

from compatkit import compare, compare_folders
from compatkit.readers.logs.log import LogSelection
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
    assert "the columns are a; those of lighteval are doc, metric" in refusal(
        text_file(pair[0]), path
    )


def write_older(path, rows, *, printed):
    """Write details as lighteval before 0.11: values, or up to 0.9 as Python prints them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if printed:
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def older_rows(scores):
    return [
        {
            "choices": [" Rome", " Madrid"],
            "example": f"Question {number}",
            "full_prompt": f"Few shots. Question {number}",
            "gold": [],
            "gold_index": [0],
            "metrics": {"acc": score, "acc_norm": score},
            "predictions": [-1.0 if score else -3.0, -2.0],
            "specifics": None,
        }
        for number, score in enumerate(scores)
    ]


DATE = "2024-05-01T10-00-00.000001"


@pytest.mark.parametrize("printed", [True, False])
def test_details_of_before_0_11_are_read(tmp_path, printed):
    old, new = (
        write_older(
            tmp_path / side / "details" / "m" / DATE / f"details_lighteval|t|0_{DATE}.parquet",
            older_rows(scores),
            printed=printed,
        )
        for side, scores in (("v1", [1, 1, 0]), ("v2", [1, 0, 1]))
    )
    for scorer in (None, "exact_match"):
        found = compare(old, new, scorer=scorer)
        assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    assert list(open_run(old)) == ["lighteval|t|0"]


def test_a_result_of_numpy_and_a_missing_one_are_read(tmp_path):
    path = tmp_path / f"details_t|0_{DATE}.parquet"
    rows = [{name: str(value) for name, value in row.items()} for row in older_rows([1, 1])]
    rows[0]["metrics"] = "{'acc': np.float64(1.0)}"
    rows[1]["metrics"] = "{'acc': nan}"
    write_older(path, rows, printed=False)
    found = compare(path, path)
    assert (found.counts.both_right, found.counts.excluded["unscored"]) == (1, 1)


def test_generated_answers_of_before_0_11_are_held_against_their_gold(tmp_path):
    rows = [
        {
            "choices": [],
            "example": f"Question {number}",
            "gold": ["4"],
            "gold_index": [],
            "metrics": {"qem": 1.0},
            "predictions": [text],
        }
        for number, text in enumerate(["4", "5"])
    ]
    path = write_older(tmp_path / f"details_t|0_{DATE}.parquet", rows, printed=True)
    found = compare(path, path, scorer="exact_match")
    assert (found.counts.both_right, found.counts.both_wrong) == (1, 1)


def test_details_of_the_first_leaderboard_are_read(tmp_path):
    """Its columns were flat, and the time of day had colons."""
    date = "2023-07-19T13:48:53.093937"
    rows = [
        {
            "acc": float(score),
            "acc_norm": float(score),
            "choices": ["Rome", "Madrid"],
            "example": f"Mercury_{number}",
            "gold": 0,
            "predictions": [-1.0 if score else -9.0, -2.0],
            "query": f"Question {number}",
        }
        for number, score in enumerate([1, 1, 0])
    ]
    path = write_older(
        tmp_path / date / f"details_harness|arc:challenge|25_{date}.parquet", rows, printed=False
    )
    assert list(open_run(path)) == ["harness|arc:challenge|25"]
    found = compare(path, path, metric="acc_norm")
    assert found.counts.both_right == 2
    assert compare(path, path, scorer="exact_match").counts.both_right == 2


def test_the_norm_of_a_choice_is_its_length(tmp_path):
    rows = older_rows([1])
    rows[0].update(choices=["No", "Certainly"], predictions=[-2.0, -3.0])
    path = write_older(tmp_path / f"details_t|0_{DATE}.parquet", rows, printed=False)
    for metric, answer in (("acc", "No"), ("acc_norm", "Certainly")):
        run = open_run(path, selection=LogSelection(metric=metric))
        assert [r["prediction"] for b in run["t|0"].batches() for r in b.rows] == [answer]


@pytest.mark.parametrize(
    ("metric", "weighing", "divergence"),
    # p = (e^-1, e^-2) of the old model, q = (e^-3, e^-2) of the new one, each to a sum of 1; by
    # length the exponents are -1/4, -2/6, -3/4 and -2/6.
    [("acc", "raw", 0.4621), ("acc_norm", "per character", 0.0311)],
)
def test_the_likelihoods_of_the_choices_are_read(tmp_path, metric, weighing, divergence):
    old, new = (
        write_older(
            tmp_path / side / f"details_t|0_{DATE}.parquet", older_rows([score]), printed=True
        )
        for side, score in (("old", 1), ("new", 0))
    )
    run = open_run(old, selection=LogSelection(metric=metric))
    (row,) = [row for batch in run["t|0"].batches() for row in batch.rows]
    assert row["choices"] == ["Rome", "Madrid"]
    assert row["likelihood_weighing"] == weighing
    found = compare(old, new, metric=metric)
    assert found.metrics["kl_divergence"].value == pytest.approx(divergence, abs=5e-5)


def test_a_group_of_metrics_states_the_direction_of_each(pair):
    for folder in pair:
        edit_rows(
            text_file(folder),
            lambda rows: (
                [row["metric"].update(mine=1 - row["metric"]["em"]) for row in rows] and None
            ),
        )
        edit_json(
            only(folder, "results_*.json"),
            lambda found: found["config_tasks"]["tiny_text|0"].update(
                metrics=[
                    {"metric_name": ["em", "mine"], "higher_is_better": {"em": True, "mine": False}}
                ]
            ),
        )
    found = compare(text_file(pair[0]), text_file(pair[1]), metric="mine")
    assert found.scorer == "log:1 - mine"
    assert found.counts.negative_flips == EXPECTED["tiny_text|0"]["negative"]
    for folder in pair:
        only(folder, "results_*.json").unlink()
    found = compare(text_file(pair[0]), text_file(pair[1]), metric="mine")
    assert any("neither the log nor a known name" in note for note in found.notes)
