"""Predictions of OpenCompass, in the shape that its source writes."""

import json

import pytest
from harness_runs import edit_json, refusal

from compatkit import compare
from compatkit.readers.prediction_file import open_run

OLD, NEW = ["yes", "yes", "no", "yes"], ["yes", "no", "yes", "yes"]


def write_run(folder, answers, details=None):
    whole = {
        str(number): {
            "origin_prompt": [{"role": "HUMAN", "prompt": f"Question {number}?"}],
            "prediction": answer,
            "gold": "yes",
        }
        for number, answer in enumerate(answers)
    }
    path = folder / "predictions/m/made.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(whole, indent=4))
    if details is not None:
        results = folder / "results/m/made.json"
        results.parent.mkdir(parents=True)
        results.write_text(json.dumps({"accuracy": 75.0, "details": details}))
    return path


def judged(answers):
    return {
        "type": "GEN",
        **{
            str(number): {"pred": answer, "answer": "yes", "correct": answer == "yes"}
            for number, answer in enumerate(answers)
        },
    }


@pytest.fixture
def pair(tmp_path):
    return (
        write_run(tmp_path / "v1", OLD, judged(OLD)),
        write_run(tmp_path / "v2", NEW, judged(NEW)),
    )


def test_details_of_the_results_are_the_score(pair):
    found = compare(*pair)
    assert found.scorer == "log:correct"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    (file,) = open_run(pair[0]).values()
    assert (file.log.task, file.log.model) == ("made", "m")


def test_predictions_alone_are_judged_by_a_scorer(tmp_path):
    pair = [write_run(tmp_path / name, answers) for name, answers in (("v1", OLD), ("v2", NEW))]
    message = refusal(*pair)
    assert "no results with details are beside the predictions" in message
    assert "--scorer NAME" in message
    counts = compare(*pair, scorer="exact_match").counts
    assert (counts.negative_flips, counts.positive_flips) == (1, 1)


def test_details_in_a_list_and_judgements_in_a_list_are_read(tmp_path):
    listed = [{"pred": [answer], "correct": [answer == "yes"]} for answer in OLD]
    path = write_run(tmp_path / "v1", OLD, listed)
    assert compare(path, path).counts.both_right == 3
    several = [{"correct": [True, False]} for _ in OLD]
    other = write_run(tmp_path / "v2", OLD, several)
    assert "correct is [True, False]; a number" in refusal(other, other)


def test_predictions_that_the_results_do_not_judge_are_refused(tmp_path):
    path = write_run(tmp_path / "v1", OLD, judged(OLD[:3]))
    assert "1 of the places 3 are not both predicted and judged" in refusal(path, path)


def test_a_place_in_another_dataset_is_refused(pair):
    edit_json(pair[1], lambda whole: whole["2"].update(origin_prompt="Another?"))
    assert "Answers to other questions" in refusal(*pair)


def test_a_key_twice_is_refused(pair):
    text = pair[1].read_text().replace('"1": {', '"0": {', 1)
    pair[1].write_text(text)
    assert "the key '0' occurs twice" in refusal(*pair)


def test_a_prediction_that_is_missing_is_refused(pair):
    edit_json(pair[1], lambda whole: whole["2"].pop("prediction"))
    assert "no field 'prediction'" in refusal(*pair)
