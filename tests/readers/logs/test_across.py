"""One side from one harness, the other from another, or from a plain file."""

import json

import pytest
from harness_runs import RUNS, copy_run, edit_json, only, refusal
from prediction_files import write_rows

from compatkit import compare
from compatkit.readers.logs import choosing
from compatkit.readers.prediction_file import open_predictions

INSPECT = "*_capitals_*"
COUNTRIES = ["France", "Italy", "Peru", "Cuba", "Egypt"]


def rows_of(path):
    return [row for batch in open_predictions(path).batches() for row in batch.rows]


@pytest.fixture
def pair(tmp_path):
    """The same questions, in promptfoo and in Inspect: ids are made alike, as a user would."""
    old = copy_run("promptfoo/v1", tmp_path) / "capitals.json"
    ids = {row["vars"]["country"]: row["id"] for row in rows_of(old)}
    new = [
        {**row, "id": ids[country]}
        for row in rows_of(only(RUNS / "inspect/v2", INSPECT))
        for country in [row["input"].split()[-1].rstrip("?")]
        if country in COUNTRIES
    ]
    return old, write_rows(tmp_path / "new.jsonl", new)


def test_sides_are_compared_where_inputs_and_references_agree(pair):
    found = compare(*pair, scorer="exact_match")
    assert found.counts.total == 4  # one failed in Inspect
    assert found.counts.negative_flips == 2  # Italy, Cuba
    assert compare(*pair).counts == found.counts  # by each side's own score


def test_sides_whose_prompts_differ_are_refused_with_the_reason(pair):
    edit_json(
        pair[0],
        lambda found: [
            row["prompt"].update(raw="Say! " + row["prompt"]["raw"])
            for row in found["results"]["results"]
        ],
    )
    message = refusal(*pair)
    assert "the input of" in message
    assert "--input-field none if prompts are meant to differ" in message
    assert compare(*pair, fields={"input": "none"}).counts.total == 4


def test_a_plain_file_without_a_score_is_refused_with_the_way_out(pair):
    rows = [json.loads(line) for line in pair[1].read_text().splitlines()]
    plain = [{key: row[key] for key in row.keys() - {"score", "error"}} for row in rows]
    message = refusal(pair[0], write_rows(pair[1], plain))
    assert "no field 'score' to hold against success" in message
    assert "--scorer NAME judges both sides alike" in message
    assert compare(*pair, scorer="exact_match").counts.total == 5


def test_item_hashes_of_two_harnesses_are_not_compared(tmp_path):
    old = only(RUNS / "lm_eval/v1", "samples_tiny_text_*")
    message = refusal(old, RUNS / "promptfoo/v1/capitals.json", metric=["success", "exact_match"])
    assert "item_hash" not in message


def test_two_metrics_are_not_held_against_each_other_unless_asked_for(tmp_path):
    folder = copy_run("inspect/v1", tmp_path)
    old = only(folder, INSPECT)
    new = RUNS / "promptfoo/v2/capitals.json"
    message = refusal(old, new)
    assert "judged by different metrics" in message
    assert "--scorer NAME judges both alike" in message
    assert "judged by different metrics" in refusal(old, new, metric="match | success")
    assert "lacks" in refusal(old, new, metric=["match", "success"])


def inspect_log(path, scores):
    """Write an Inspect log whose samples have these scores by each scorer."""
    samples = [
        {"id": n, "epoch": 1, "input": "q", "target": "a", "scores": judged}
        for n, judged in enumerate(scores)
    ]
    log = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
    path.write_text(json.dumps(log | {"samples": samples}))
    return path


def test_each_side_is_judged_by_its_own_metric(tmp_path):
    """Both logs have both metrics, so that the first that a log has is not what is meant."""
    scores = [
        {"match": {"value": match}, "judge": {"value": judge}}
        for match, judge in ("CI", "CC", "II")
    ]
    old, new = (inspect_log(tmp_path / name, scores) for name in ("old.json", "new.json"))
    sides = compare(old, new, metric=["match", "judge"])
    assert sides.scorer == "log:match / judge"
    assert (sides.counts.negative_flips, sides.counts.both_right, sides.counts.total) == (1, 1, 3)
    assert compare(old, old, metric=["match", "judge"]).counts == sides.counts
    assert compare(old, new, metric=("match",)).counts.both_right == 2
    assert compare(old, new, metric="none | judge|match").scorer == "log:judge"
    assert "metric has 3 values, and 2 models are read" in refusal(old, new, metric=["match"] * 3)


def test_item_hashes_of_plain_files_know_an_example_by_more_than_its_prompt(tmp_path):
    rows = [
        {"id": n, "prediction": "x", "reference": "x", "input": f"Q{n}", "item_hash": f"h{n}"}
        for n in range(3)
    ]
    old = write_rows(tmp_path / "old.jsonl", rows)
    new = write_rows(tmp_path / "new.jsonl", [{**row, "input": "Now: Q"} for row in rows])
    notes = compare(old, new).notes
    assert any("the prompt of 3 examples was changed" in note for note in notes)
    other = write_rows(tmp_path / "other.jsonl", [{**row, "item_hash": "h9"} for row in rows])
    assert "the item_hash of '0' is 'h9'; in" in refusal(old, other)
    kept = compare(old, other, fields={"item_hash": "none"})
    assert kept.counts.both_right == 3


def test_a_row_that_was_not_scored_is_neither_right_nor_wrong(tmp_path):
    rows = [{"id": n, "prediction": "x", "ok": True} for n in range(3)]
    old = write_rows(tmp_path / "old.jsonl", rows)
    silent = {"id": 0, "prediction": "x", "ok": None, "unscored": "the judge said nothing"}
    new = write_rows(tmp_path / "new.jsonl", [silent, *rows[1:]])
    for errors in ("exclude", "wrong"):
        counts = compare(old, new, scorer="field:ok", errors=errors).counts
        assert (counts.total, counts.excluded["unscored"]) == (2, 1)
    assert "the field 'ok' is null" in refusal(
        old, write_rows(new, [{**silent, "unscored": ""}, *rows[1:]]), scorer="field:ok"
    )


def test_json_reports_hold_what_was_not_scored(tmp_path):
    from compatkit.reports import REPORTS, View  # noqa: PLC0415

    old = only(RUNS / "inspect/v1", INSPECT)
    report = REPORTS["json"]([compare(old, old, metric="judge")], View())
    assert json.loads(report)["results"][0]["counts"]["excluded"]["unscored"] == 1


def test_a_folder_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(choosing, "MOST_FILES", 2)
    for number in range(3):
        write_rows(tmp_path / f"{number}.jsonl", [{"id": 1}])
    assert "more than 2 files that may be logs" in refusal(tmp_path, tmp_path)
