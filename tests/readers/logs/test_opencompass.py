"""Predictions of OpenCompass: those that the tool wrote, and others in their shape."""

import json

import pytest
from harness_runs import RUNS, edit_json, refusal

from compatkit import compare, compare_folders
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
    assert "no results with details that judge each answer are beside" in message
    assert "--scorer NAME" in message
    counts = compare(*pair, scorer="exact_match").counts
    assert (counts.negative_flips, counts.positive_flips) == (1, 1)


def test_runs_that_the_tool_wrote_have_its_flips():
    runs = [RUNS / "opencompass" / name for name in ("v1", "v2")]
    expected = json.loads((RUNS / "opencompass/expected.json").read_text())
    compared = {found.task: found.counts for found in compare_folders(*runs, skip_tasks=["alone"])}
    for task, flips in expected.items():
        counts = compared[task]
        assert (counts.negative_flips, counts.positive_flips) == tuple(flips.values()), task
    file = open_run(runs[0])["twice"]
    rows = next(iter(file.batches())).rows
    assert [(row["id"], row["sample"]) for row in rows] == [
        (str(place), sample) for sample in (0, 1) for place in range(4)
    ]
    alone = [path / "predictions/made/alone.json" for path in runs]
    assert "no results with details that judge each answer" in refusal(*alone)


@pytest.mark.parametrize("key", ["correct", "is_correct", "cascade_correct"])
@pytest.mark.parametrize("listed", [True, False])
def test_whatever_an_evaluator_calls_its_judgement_is_read(tmp_path, key, listed):
    details = [
        {"pred": answer, key: [answer == "yes"] if listed else answer == "yes"} for answer in OLD
    ]
    path = write_run(tmp_path / "v1", OLD, details)
    assert compare(path, path).counts.both_right == 3


def test_judgements_of_more_answers_than_there_are_are_refused(tmp_path):
    path = write_run(tmp_path / "v2", OLD, [{"correct": [True, False]} for _ in OLD])
    assert "correct is [True, False]; a number" in refusal(path, path)
    short = write_run(tmp_path / "v3", [*OLD, "yes"], [{"correct": [True, False]} for _ in OLD[:2]])
    assert "5 of the places 0, 1, 2 are not both predicted and judged" in refusal(short, short)


def test_details_that_judge_nothing_are_no_score(tmp_path):
    path = write_run(tmp_path / "v1", OLD, [{"predictions": answer} for answer in OLD])
    assert "no results with details that judge each answer" in refusal(path, path)


def test_the_answers_of_a_judge_are_no_run(pair):
    for path in pair:
        judge = path.parents[2] / "results/m/made_llm_judge_replica0.json"
        judge.write_text(json.dumps({"0": {"origin_prompt": "Is it?", "prediction": "A"}}))
    runs = [path.parents[2] for path in pair]
    assert [found.task for found in compare_folders(*runs)] == ["made"]


def test_what_an_unfinished_run_left_is_refused(pair):
    path = pair[1].rename(pair[1].with_name("tmp_made.json"))
    assert "the run did not come to its end" in refusal(pair[0], path, scorer="exact_match")
    options = {"scorer": "exact_match", "unfinished": "keep"}
    assert compare(pair[0], path, **options).counts.total == 4


def test_several_answers_of_a_row_are_its_samples_where_a_scorer_judges(tmp_path):
    path = write_run(tmp_path / "v1", [["yes", "no"], ["yes", "yes"]])
    assert compare(path, path, scorer="exact_match").accuracy_old == 0.75
    edit_json(path, lambda whole: whole["0"].update(gold=["yes", "no"]))  # rounds
    message = refusal(path, path, scorer="exact_match")
    assert "2 answers and 2 gold ones: what belongs together is not said" in message


def test_of_probabilities_of_choices_the_likeliest_is_the_answer(tmp_path):
    path = write_run(tmp_path / "v1", [[0.1, 0.9], [0.8, 0.2]])
    edit_json(path, lambda whole: whole["0"].update(gold=1, pred_label=1))
    edit_json(path, lambda whole: whole["1"].update(gold=1, pred_label=0))
    assert compare(path, path, scorer="exact_match").accuracy_old == 0.5


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
