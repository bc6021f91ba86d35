"""Record files of openai/evals, written as its recorder writes them."""

import json
import random

import pytest
from harness_runs import SHARED, needs_shared, only, refusal

from compatkit import compare
from compatkit.readers.prediction_file import open_predictions

SPEC = {
    "spec": {
        "completion_fns": ["tiny"],
        "eval_name": "capitals.test.v0",
        "run_config": {"seed": 1, "max_samples": None, "eval_spec": {"args": {}}},
        "run_id": "r",
        "created_at": "2026-11-01 10:00:00",
    }
}
REPORT = {"final_report": {"accuracy": 0.5}, "run_id": "r"}


def events_of(rights, **further):
    events = []
    for number, right in enumerate(rights):
        head = {"run_id": "r", "sample_id": f"capitals.test.{number}"}
        prompt = [{"role": "user", "content": f"Capital {number}?"}]
        answer = "yes" if right else "no"
        events.append({**head, "type": "sampling", "data": {"prompt": prompt, "sampled": [answer]}})
        judged = {"correct": right, "expected": "yes", "picked": answer, **further}
        events.append({**head, "type": "match", "data": judged})
    return events


@pytest.fixture
def write(tmp_path):
    def write(name, lines):
        path = tmp_path / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    return write


OLD = [True, True, False, False]
NEW = [True, False, True, False]


def test_events_are_gathered_by_sample_whatever_their_order(write):
    events = events_of(NEW)
    random.Random(3).shuffle(events)
    old = write("old.jsonl", [SPEC, *events_of(OLD), REPORT])
    new = write("new.jsonl", [SPEC, REPORT, *events])  # the final report can come first
    found = compare(old, new)
    assert found.scorer == "log:correct"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    assert found.counts.total == 4
    assert compare(old, new, scorer="exact_match").counts == found.counts


def test_a_run_without_its_final_report_is_refused_unless_asked_for(write):
    old, new = (
        write("old.jsonl", [SPEC, *events_of(OLD), REPORT]),
        write("new.jsonl", [SPEC, *events_of(NEW)]),
    )
    assert "has no final report" in refusal(old, new)
    assert compare(old, new, unfinished="keep").counts.negative_flips == 1


def test_a_sample_whose_match_was_dropped_is_not_scored(write):
    events = [event for event in events_of(NEW) if event["sample_id"][-1] != "0"]
    events.append({"sample_id": "capitals.test.0", "type": "sampling", "data": {"sampled": "yes"}})
    found = compare(
        write("old.jsonl", [SPEC, *events_of(OLD), REPORT]),
        write("new.jsonl", [SPEC, *events, REPORT]),
    )
    assert found.counts.excluded["unscored"] == 1


def test_an_error_is_no_wrong_answer(write):
    error = {"sample_id": "capitals.test.1", "type": "error", "data": {"msg": "rate limit"}}
    found = compare(
        write("old.jsonl", [SPEC, *events_of(OLD), REPORT]),
        write("new.jsonl", [SPEC, *events_of(NEW), error, REPORT]),
    )
    assert (found.counts.negative_flips, found.counts.excluded["errored"]) == (0, 1)


def test_several_events_that_judge_a_sample_must_agree(write):
    old = write("old.jsonl", [SPEC, *events_of(OLD), REPORT])
    again = write("again.jsonl", [SPEC, *events_of(NEW), *events_of(NEW), REPORT])
    assert compare(old, again).counts.negative_flips == 1
    new = write("new.jsonl", [SPEC, *events_of(NEW), *events_of(OLD), REPORT])
    assert "2 events judge 'capitals.test.1' by correct, and not alike" in refusal(old, new)


def test_numbers_of_metrics_events_are_metrics(write):
    def scored(values):
        return [
            {"sample_id": f"t.{n}", "type": "metrics", "data": {"f1": value, "note": "x"}}
            for n, value in enumerate(values)
        ]

    old = write("old.jsonl", [SPEC, *scored([0.9, 0.2]), REPORT])
    new = write("new.jsonl", [SPEC, *scored([0.1, 0.8]), REPORT])
    found = compare(old, new)
    assert found.scorer == "log:f1"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)


def test_a_bad_line_is_refused_with_its_number(write):
    path = write("new.jsonl", [SPEC, *events_of(NEW)])
    path.write_text(path.read_text()[:-30])
    assert "new.jsonl:9: not JSON" in refusal(
        write("old.jsonl", [SPEC, *events_of(OLD), REPORT]), path
    )


@needs_shared
def test_the_genuine_file_counts_as_a_plain_script_does():
    path = only(SHARED / "openai_evals", "*.jsonl")
    events = [json.loads(line) for line in path.read_text().splitlines()]
    right = sum(event["data"]["correct"] for event in events if event.get("type") == "match")
    counts = compare(path, path).counts
    assert (counts.both_right, counts.total) == (right, 3) == (1, 3)


def graded(answers, verdicts):
    """Write a run that a model grades, as `ModelBasedClassify` does: two answers a sample."""
    spec = json.loads(json.dumps(SPEC))
    spec["spec"]["run_config"]["eval_spec"]["cls"] = (
        "evals.elsuite.modelgraded.classify:ModelBasedClassify"
    )
    events = []
    for number, (answer, verdict) in enumerate(zip(answers, verdicts, strict=True)):
        head = {"run_id": "r", "sample_id": f"poems.{number}"}
        asked, judge = f"A poem of {number}?", f"Is {answer} a poem?"
        for text, sampled in ((asked, answer), (judge, verdict)):
            data = {"prompt": text, "sampled": [sampled]}
            events.append({**head, "event_id": len(events), "type": "sampling", "data": data})
        data = {"choice": verdict, "score": float(verdict == "Yes")}
        events.append({**head, "event_id": len(events), "type": "metrics", "data": data})
    return [spec, *events, REPORT]


def test_of_a_run_that_a_model_grades_the_answer_is_not_the_grader_s(write):
    old = write("old.jsonl", graded(["roses", "violets"], ["Yes", "No"]))
    new = write("new.jsonl", graded(["tulips", "lilies"], ["Yes", "No"]))
    found = compare(old, new, metric="score")
    assert found.metrics["churn"].value == 1.0
    rows = [row for batch in open_predictions(old).batches() for row in batch.rows]
    assert [row["prediction"] for row in rows] == ["roses", "violets"]
    assert [row["input"] for row in rows] == ["A poem of 0?", "A poem of 1?"]


def test_events_of_a_graded_sample_may_come_in_any_order(write):
    spec, *events, report = graded(["roses", "violets"], ["Yes", "No"])
    path = write("old.jsonl", [spec, *events[::-1], report])
    rows = [row for batch in open_predictions(path).batches() for row in batch.rows]
    assert sorted(row["prediction"] for row in rows) == ["roses", "violets"]


def test_what_a_match_judged_is_the_answer_of_several(write):
    events = events_of([True], sampled="yes")
    head = {"run_id": "r", "sample_id": "capitals.test.0", "type": "sampling"}
    events.append({**head, "data": {"prompt": "Sure?", "sampled": ["no, after all"]}})
    path = write("old.jsonl", [SPEC, *events, REPORT])
    rows = [row for batch in open_predictions(path).batches() for row in batch.rows]
    assert rows[0]["prediction"] == "yes"
    assert any("1 samples with several answers" in note for note in compare(path, path).notes)
