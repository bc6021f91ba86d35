"""Results of promptfoo, made by the tool itself with providers that need no network."""

import json

import pytest
from harness_runs import RUNS, copy_run, edit_json, refusal

from compatkit import compare, compare_folders
from compatkit.readers.logs.log import LogSelection
from compatkit.readers.prediction_file import open_predictions, open_run

OLD, NEW = RUNS / "promptfoo/v1", RUNS / "promptfoo/v2"
EXPECTED = json.loads((RUNS / "promptfoo/expected.json").read_text())


@pytest.fixture
def pair(tmp_path):
    return [copy_run(f"promptfoo/{side}", tmp_path) / "capitals.json" for side in ("v1", "v2")]


def edit_rows(path, edit):
    edit_json(path, lambda found: [edit(row) for row in found["results"]["results"]])


def rows_of(path):
    return [row for batch in open_predictions(path).batches() for row in batch.rows]


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_flips_are_those_of_the_tool_s_rows(suffix):
    counts = compare(OLD / f"capitals.{suffix}", NEW / f"capitals.{suffix}").counts
    expected = EXPECTED["capitals"]
    assert counts.negative_flips == expected["negative"]
    assert counts.positive_flips == expected["positive"]
    assert counts.excluded["errored"] == expected["errored"]
    assert counts.total == expected["scored"]


def test_rows_are_joined_by_what_was_asked_and_never_by_testidx():
    """The new configuration asks in the reverse order."""
    raw = [json.loads((side / "capitals.json").read_text()) for side in (OLD, NEW)]
    places = [
        {row["vars"]["country"]: row["testIdx"] for row in each["results"]["results"]}
        for each in raw
    ]
    assert places[0] != places[1]
    found = compare(OLD / "capitals.json", NEW / "capitals.json")
    assert {each.old_record["vars"]["country"] for each in found.examples} == (
        {each.new_record["vars"]["country"] for each in found.examples}
    )


def test_repeats_are_samples_although_testidx_counts_on():
    rows = rows_of(OLD / "echo.json")
    assert sorted(row["sample"] for row in rows) == [0, 0, 1, 1]
    assert len({row["id"] for row in rows}) == 2
    found = compare(OLD / "echo.json", NEW / "echo.json")
    assert found.counts.total == EXPECTED["echo"]["scored"]
    assert found.counts.negative_flips == EXPECTED["echo"]["negative"]


def test_a_failure_of_the_run_is_no_wrong_answer_and_an_assertion_is():
    rows = {row["vars"]["country"]: row for row in rows_of(NEW / "capitals.json")}
    assert rows["Egypt"]["error"] == "the service did not answer"
    assert "score" not in rows["Egypt"]
    raw = json.loads((NEW / "capitals.json").read_text())["results"]["results"]
    failed = next(row for row in raw if row["vars"]["country"] == "Italy")
    assert failed["failureReason"] == 1
    assert failed["error"]  # why the assertion failed, which is no error of the run
    assert "error" not in rows["Italy"]
    assert rows["Italy"]["score"] == 0.0


def test_before_failure_reasons_an_error_is_a_row_without_a_grade(pair):
    for path in pair:
        edit_rows(path, lambda row: row.pop("failureReason"))
    assert compare(*pair).counts == compare(OLD / "capitals.json", NEW / "capitals.json").counts


def test_a_changed_prompt_is_noted_and_a_changed_assertion_refused(pair):
    edit_rows(pair[1], lambda row: row["prompt"].update(raw="Please! " + row["prompt"]["raw"]))
    notes = compare(*pair).notes
    assert any("the prompt of 5 examples was changed, and not the example" in n for n in notes)
    edit_rows(pair[1], lambda row: row["testCase"]["assert"][0].update(value="Oslo"))
    assert "the reference of" in refusal(*pair)


def test_tests_that_differ_in_their_assertions_alone_are_two_examples(pair):
    for path in pair:
        edit_json(
            path,
            lambda found: found["results"]["results"].append(
                json.loads(json.dumps(found["results"]["results"][2]).replace("equals", "contains"))
            ),
        )
    rows = rows_of(pair[0])
    assert len({row["id"] for row in rows}) == 6
    assert not any("sample" in row for row in rows)


def test_several_providers_of_one_file_are_tasks(pair):
    for path in pair:
        edit_json(
            path,
            lambda found: found["results"]["results"].extend(
                [{**row, "provider": {"id": "other"}} for row in found["results"]["results"]]
            ),
        )
    assert "holds 2 tasks" in refusal(*pair)
    run = open_run(pair[0])
    assert list(run) == ["capitals-v1", "other"]
    assert [sum(len(b.rows) for b in file.batches()) for file in run.values()] == [5, 5]


def test_named_scores_are_metrics(pair):
    for path in pair:
        edit_rows(path, lambda row: row.update(namedScores={"tone": 0.25}))
    found = compare(*pair, metric="tone")
    assert found.scorer == "log:tone"
    assert found.counts.both_wrong == 4


def test_a_missing_score_is_not_0(pair):
    edit_rows(pair[1], lambda row: row.pop("success") and None)
    message = refusal(*pair)
    assert "no example is left" in message
    assert "1 errored, 4 were not scored, 0 were edited" in message


def test_tasks_of_a_folder_are_read_once_each():
    """`capitals` is there as .json and as .jsonl: one run, written in two ways."""
    assert [each.task for each in compare_folders(OLD, NEW)] == ["capitals", "echo", "total"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda text: text[:-200], "not JSON"),
        (lambda _: '{"evalId": 1}', "results.results is missing"),
        (lambda _: '{"evalId": 1, "results": {"results": []}}', "holds no results"),
        (
            lambda _: '{"evalId": 1, "results": {"results": [3]}}',
            ":1: the result is of type int",
        ),
    ],
)
def test_a_broken_log_is_refused(pair, broken, message):
    pair[1].write_text(broken(pair[1].read_text()))
    assert message in refusal(*pair)


def grade(*results, success):
    return {"pass": success, "score": float(success), "componentResults": list(results)}


JUDGE = {"type": "llm-rubric", "value": "is polite", "metric": "tone"}


@pytest.mark.parametrize(
    "broken",
    [
        {"reason": "API error: 500", "metadata": {"graderError": True}},
        {"reason": "Could not extract JSON from llm-rubric response: Sure!"},
    ],
)
@pytest.mark.parametrize("metric", ["success", "score", "tone"])
def test_a_judge_that_failed_is_no_wrong_answer(pair, broken, metric):
    for path in pair:
        edit_rows(path, lambda row: row.update(namedScores={"tone": 1.0}))
    failed = {"pass": False, "score": 0, "assertion": JUDGE, **broken}
    edit_rows(
        pair[1],
        lambda row: (
            row["vars"]["country"] == "Cuba"
            and row.update(
                success=False,
                score=0,
                namedScores={"tone": 0},
                gradingResult=grade(failed, success=False),
            )
        ),
    )
    found = compare(*pair, metric=metric)
    assert (found.counts.excluded["unscored"], found.counts.excluded["errored"]) == (1, 1)


def test_an_answer_that_another_assertion_failed_is_wrong_without_the_judge(pair):
    failed = {"pass": False, "assertion": JUDGE, "metadata": {"graderError": True}}
    wrong = {"pass": False, "score": 0, "assertion": {"type": "equals"}, "reason": "not equal"}
    before = compare(*pair).counts
    edit_rows(
        pair[1],
        lambda row: (
            row["success"] is False
            and row.get("failureReason") == 1
            and row.update(gradingResult=grade(failed, wrong, success=False))
        ),
    )
    assert compare(*pair).counts == before


def test_older_files_write_an_error_of_the_run_with_a_failure_reason_of_0(pair):
    edit_rows(pair[1], lambda row: row.update(failureReason=0) if row["failureReason"] == 2 else 0)
    assert compare(*pair).counts == compare(OLD / "capitals.json", NEW / "capitals.json").counts


@pytest.mark.parametrize("reason", [0, 1, None])
def test_a_grade_of_another_shape_is_a_grade(pair, reason):
    """The answer is as wrong as the row says, and no error of the run that may be left out."""
    before = compare(*pair).counts
    edit_rows(
        pair[1],
        lambda row: (
            row.get("failureReason") == 1
            and row.update(gradingResult={"x": row["gradingResult"]}, failureReason=reason)
        ),
    )
    assert compare(*pair).counts == before


def test_an_assertion_that_threw_is_noted(pair):
    threw = {"pass": False, "score": 0, "reason": "Custom function threw error: x is not defined"}
    edit_rows(
        pair[1],
        lambda row: (
            row["vars"]["country"] == "Cuba"
            and row.update(success=False, gradingResult=grade(threw, success=False))
        ),
    )
    assert any("1 rows whose assertion threw an error" in note for note in compare(*pair).notes)


def test_two_settings_of_one_provider_are_two_tasks(pair):
    for path in pair:
        edit_json(
            path,
            lambda found: found["results"]["results"].extend(
                [{**row, "promptIdx": 1, "success": True} for row in found["results"]["results"]]
            ),
        )
    found = {each.task: each for each in compare_folders(*pair)}
    assert list(found) == ["#0", "#1", "total"]
    assert found["#0"].counts == compare(OLD / "capitals.json", NEW / "capitals.json").counts
    assert found["#1"].counts.both_right == 4


def test_the_names_of_two_files_belong_to_no_task(pair):
    for number, path in enumerate(pair):
        edit_json(
            path,
            lambda found: found["results"]["results"].extend(
                [{**row, "provider": {"id": "other"}} for row in found["results"]["results"]]
            ),
        )
        edit_rows(
            path,
            lambda row: row["provider"].update(label="mine") if "label" in row["provider"] else 0,
        )
        pair[number] = path.rename(path.with_name(f"results_v{number}.json"))
    assert [each.task for each in compare_folders(*pair)] == ["mine", "other", "total"]


def strip(row):
    row["vars"] = {}
    row["testCase"].update(vars={}, description=None, **{"assert": []})


def test_tests_whose_variables_were_stripped_are_refused(pair):
    for path in pair:
        edit_rows(path, strip)
    message = refusal(*pair)
    assert "the test without variables" in message  # their prompts differ
    assert "PROMPTFOO_STRIP_TEST_VARS" in message
    for path in pair:
        edit_rows(path, lambda row: row["prompt"].update(raw="[prompt stripped]"))
    assert "holds neither the variables nor the prompts of its tests" in refusal(*pair)


def test_metrics_of_later_rows_are_listed(pair):
    for path in pair:
        edit_rows(
            path,
            lambda row: row["vars"]["country"] == "Peru" and row.update(namedScores={"obj": 1}),
        )
    found = compare(*pair, metric="obj")
    assert found.counts.total == 1
    assert found.counts.excluded["unscored"] == 3


def test_a_named_score_of_an_assertion_points_up_and_another_is_not_known(pair):
    for path in pair:
        edit_rows(
            path,
            lambda row: (
                row.update(namedScores={"tone": 1, "cost": 1}),
                row["testCase"]["assert"].append(JUDGE),
            ),
        )
    log = next(iter(open_run(pair[0], selection=LogSelection(metric="tone")).values())).log
    assert log.less_is_better is False
    log = next(iter(open_run(pair[0], selection=LogSelection(metric="cost")).values())).log
    assert log.less_is_better is None
    said = LogSelection(metric="cost", lower_is_better=True)
    assert next(iter(open_run(pair[0], selection=said).values())).log.less_is_better is True


def test_an_assertion_with_more_than_a_text_is_another_reference(pair):
    def transform(row):
        row["testCase"]["assert"][0]["transform"] = "output.trim()"

    edit_rows(pair[1], transform)
    assert "Answers to other questions" in refusal(pair[0], pair[1])
