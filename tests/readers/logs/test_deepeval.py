"""Test runs of deepeval, in the shape that the source of 4.3.1 writes."""

import json

import pytest
from harness_runs import edit_json, refusal

from compatkit import compare
from compatkit.errors import DataError
from compatkit.gate import check
from compatkit.readers.prediction_file import open_run

OLD, NEW = [True, True, False, True], [True, False, True, True]


def write_run(path, passed, inputs=None, wrapped=False):
    cases = [
        {
            "name": f"test_case_{number}",
            "input": f"Question {number if inputs is None else inputs[number]}?",
            "actualOutput": "yes" if right else "no",
            "expectedOutput": "yes",
            "flaky": False,
            "success": right,
            "metricsData": [
                {
                    "name": "Answer [GEval]",
                    "threshold": 0.5,
                    "success": right,
                    "score": 0.9 * right,
                },
                {"name": "Bias", "threshold": 0.5, "success": True, "score": 0.1},
            ],
            "order": number,
        }
        for number, right in enumerate(passed)
    ]
    run = {"testCases": cases, "conversationalTestCases": [], "metricsScores": []}
    path.write_text(json.dumps({"testRunData": run} if wrapped else run))
    return path


@pytest.fixture
def pair(tmp_path):
    return write_run(tmp_path / "old.json", OLD), write_run(
        tmp_path / "new.json", NEW, wrapped=True
    )


def edit_case(path, number, edit):
    def alter(whole):
        edit(whole.get("testRunData", whole)["testCases"][number])

    edit_json(path, alter)


def test_cases_are_judged_by_success_and_known_by_what_was_asked(pair, tmp_path):
    found = compare(*pair)
    assert found.scorer == "log:success"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    turned = write_run(tmp_path / "turned.json", NEW[::-1], inputs=[3, 2, 1, 0])
    assert compare(pair[0], turned).counts == found.counts


def test_metrics_are_whether_they_passed_and_their_scores_may_point_either_way(pair):
    (file,) = open_run(pair[0]).values()
    assert file.log.metrics == (
        *("success", "Answer [GEval]", "Answer [GEval].score", "Bias", "Bias.score"),
    )
    assert compare(*pair, metric="Bias").counts.both_right == 4
    assert compare(*pair, metric="Bias.score", lower_is_better=True).counts.both_right == 4
    with pytest.raises(DataError, match="whether more is better"):
        check(*pair, max_nfr=0.9, metric="Answer [GEval].score")


def test_a_metric_that_failed_is_no_wrong_answer(pair):
    def fail(case):
        case["success"] = False
        case["metricsData"][1].update(success=False, error="the judge timed out", score=None)

    edit_case(pair[1], 0, fail)
    edit_case(pair[1], 1, fail)  # which another metric fails
    counts = compare(*pair).counts
    assert counts.excluded["unscored"] == 1
    assert counts.negative_flips == 1
    assert compare(*pair, metric="Answer [GEval]").counts.total == 4


def test_a_case_without_a_verdict_is_not_scored(pair):
    edit_case(pair[1], 0, lambda case: case.pop("success"))
    assert compare(*pair).counts.excluded["unscored"] == 1


def test_cases_of_one_question_are_samples(tmp_path):
    old = write_run(tmp_path / "old.json", [True, True], inputs=[0, 0])
    new = write_run(tmp_path / "new.json", [True, False], inputs=[0, 0])
    found = compare(old, new)
    assert (found.counts.total, found.counts.negative_flips) == (1, 0.5)


def test_conversations_are_said_and_a_run_of_nothing_is_refused(pair):
    edit_json(pair[0], lambda whole: whole.update(conversationalTestCases=[{}, {}]))
    assert f"{pair[0]}: 2 conversations are no rows" in compare(*pair).notes
    edit_json(pair[0], lambda whole: whole.update(testCases=[]))
    assert "no log of deepeval" not in refusal(*pair)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda case: case.update(metricsData={}), None),
        (lambda case: case.update(metricsData="x"), "metricsData is of type str; list was exp"),
        (lambda case: case.update(success="yes"), "success is 'yes'; a number, true or false"),
        (lambda case: case.update(input=None), "lacks"),
    ],
)
def test_what_the_tool_does_not_write_is_refused(pair, edit, message):
    edit_case(pair[1], 2, edit)
    if message is None:
        assert compare(*pair).counts.total == 4
    elif message == "lacks":
        assert "'input' is missing; str was expected" in refusal(*pair)
    else:
        assert message in refusal(*pair)


def test_one_metric_twice_is_refused_where_it_is_asked_for(pair):
    edit_case(pair[1], 2, lambda case: case["metricsData"].append(case["metricsData"][1]))
    assert compare(*pair).counts.total == 4
    assert "the metric Bias occurs 2 times" in refusal(*pair, metric="Bias")
