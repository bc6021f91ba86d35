"""Reports of SWE-bench, made by its own `make_run_report`."""

import json

import pytest
from harness_runs import RUNS, edit_json, refusal

from compatkit import compare
from compatkit.errors import DataError
from compatkit.gate import check
from compatkit.readers.prediction_file import open_run

MADE = RUNS / "swe_bench"
EXPECTED = json.loads((MADE / "expected.json").read_text())
OLD, NEW = MADE / "made__v1.run.json", MADE / "made__v2.run.json"


@pytest.fixture
def pair(tmp_path):
    for path in (OLD, NEW):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / OLD.name, tmp_path / NEW.name


def test_flips_are_those_of_the_lists():
    found = compare(OLD, NEW, missing="skip")
    assert found.scorer == "log:resolved"
    assert found.counts.total == EXPECTED["scored"]
    assert found.counts.negative_flips == EXPECTED["negative"]
    assert found.counts.positive_flips == EXPECTED["positive"]
    assert f"{OLD}: 1 instances were not submitted, and are no rows" in found.notes


def test_an_instance_that_was_not_submitted_is_missing():
    message = refusal(OLD, NEW)
    assert "v1.run.json lacks 1 of 10 ids: 'made__project-9'" in message
    assert "v2.run.json lacks 1 of 10 ids: 'made__project-10'" in message


def test_an_evaluation_that_failed_is_no_wrong_answer():
    counts = compare(OLD, NEW, missing="skip").counts
    assert (counts.excluded["errored"], counts.excluded["missing"]) == (1, 2)
    assert compare(OLD, NEW, missing="skip", errors="wrong").counts.total == 8
    with pytest.raises(DataError, match="are left out"):
        check(OLD, NEW, max_nfr=0.9, missing="skip", errors="exclude")


def test_an_empty_patch_is_wrong():
    rows = [row for batch in next(iter(open_run(OLD).values())).batches() for row in batch.rows]
    scores = {row["id"]: row.get("score", row.get("error")) for row in rows}
    assert scores["made__project-7"] == 0.0
    assert scores["made__project-8"] == "its evaluation failed"
    assert rows[0]["repository"] == "made__project"


def test_a_broken_environment_is_an_error_and_a_doubtful_one_is_said(pair):
    def doubt(report):
        report["infra_failure_ids"] = ["made__project-5"]
        report["infra_failure_instances"] = 1
        report["failure_reasons"] = {"made__project-5": "the disk was full"}
        report["ambiguous_failure_ids"] = ["made__project-6"]
        report["ambiguous_failure_instances"] = 1

    edit_json(pair[0], doubt)
    found = compare(*pair, missing="skip")
    assert found.counts.excluded["errored"] == 2
    assert any("1 instances failed for a reason that may be" in note for note in found.notes)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("schema_version", 1, "schema_version is 1; 2 was expected"),
        ("unresolved_ids", None, "unresolved_ids is missing; list was expected"),
        ("resolved_instances", 9, "resolved_ids holds 4 instances, 4 entries, and resolved_inst"),
        ("error_ids", ["made__project-1"], "is in resolved_ids and in error_ids"),
        ("submitted_ids", ["made__project-1"], "is in resolved_ids and not in submitted_ids"),
        ("resolved_ids", [1], "an instance of resolved_ids is of type int; str was expected"),
        ("resolved_ids", ["made__project-1"] * 2, "holds 1 instances, 2 entries"),
    ],
)
def test_lists_that_contradict_each_other_are_refused(pair, key, value, message):
    def alter(report):
        report[key] = value
        for counted in ("resolved", "error", "submitted"):
            if key == f"{counted}_ids":
                report[f"{counted}_instances"] = len(value)

    edit_json(pair[1], alter)
    assert message in refusal(*pair)


def test_instances_that_were_submitted_and_not_run_are_said(pair):
    def submit(report):
        report["submitted_ids"].append("other__project-1")
        report["submitted_instances"] += 1

    edit_json(pair[1], submit)
    notes = compare(*pair, missing="skip").notes
    assert f"{pair[1]}: 1 instances were submitted and not run, and are no rows" in notes
