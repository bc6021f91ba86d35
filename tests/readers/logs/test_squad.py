"""Predictions of SQuAD: answers alone, and the questions in another file."""

import json

import pytest
from harness_runs import SHARED, needs_shared, refusal

from compatkit import compare
from compatkit.errors import DataError

IDS = [f"{number:024x}" for number in range(4)]
ANSWERS = [["Denver Broncos", "the Broncos"], ["gold"], ["Santa Clara"], []]


def write(path, value):
    path.write_text(json.dumps(value))
    return path


@pytest.fixture
def dataset(tmp_path):
    questions = [
        {"id": key, "question": f"Q{key[-1]}?", "answers": [{"text": text} for text in texts]}
        for key, texts in zip(IDS, ANSWERS, strict=True)
    ]
    data = [{"title": "Super Bowl", "paragraphs": [{"context": "...", "qas": questions}]}]
    return write(tmp_path / "dev.json", {"version": "2.0", "data": data})


def test_answers_are_judged_as_the_script_of_squad_does(tmp_path, dataset):
    old = write(
        tmp_path / "old.json",
        dict(zip(IDS, ["Broncos!", "silver", "Santa Clara", ""], strict=True)),
    )
    new = write(
        tmp_path / "new.json",
        dict(zip(IDS, ["Panthers", "Gold", "a Santa Clara", "x"], strict=True)),
    )
    found = compare(old, new, references=str(dataset))
    assert found.scorer == "log:exact_match"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (2, 1)
    assert found.counts.both_right == 1
    soft = compare(old, new, references=str(dataset), scorer="token_f1", by="title")
    assert soft.scorer == "token_f1"
    assert list(soft.slices["title"]) == ["Super Bowl"]


def test_without_the_dataset_the_way_is_said(tmp_path):
    path = write(tmp_path / "old.json", dict.fromkeys(IDS, "x"))
    assert "--references FILE names the file of questions" in refusal(path, path)


def test_answers_to_other_questions_are_refused(tmp_path, dataset):
    path = write(tmp_path / "old.json", {"f" * 24: "x", IDS[0]: "y"})
    assert "1 of 2 answers are to questions" in refusal(path, path, references=str(dataset))


@pytest.mark.parametrize("value", [[1], {"data": 1}, {"data": [{"title": "a"}]}])
def test_a_file_that_is_no_dataset_is_refused(tmp_path, value):
    path = write(tmp_path / "old.json", dict.fromkeys(IDS, "x"))
    assert "dev2.json: " in refusal(
        path, path, references=str(write(tmp_path / "dev2.json", value))
    )


@pytest.mark.parametrize(
    "question",
    [
        ["id"],
        {"id": IDS[0], "answers": ["Denver"]},
        {"id": IDS[0], "answers": [{}]},
        {"id": IDS[0], "answers": [{"text": 1}]},
    ],
)
def test_a_question_of_another_shape_is_refused(tmp_path, question):
    path = write(tmp_path / "old.json", dict.fromkeys(IDS, "x"))
    value = {"data": [{"paragraphs": [{"qas": [question]}]}]}
    message = refusal(path, path, references=str(write(tmp_path / "dev2.json", value)))
    assert "dev2.json: " in message
    assert "was expected. Is this log whole?" in message


def test_an_answer_that_is_no_text_is_refused(tmp_path, dataset):
    path = write(tmp_path / "old.json", {IDS[0]: "x", IDS[1]: ["y"]})
    message = refusal(path, path, references=str(dataset))
    assert f"the answer to '{IDS[1]}' is of type list; str was expected" in message


def test_a_question_that_was_not_answered_is_wrong_and_counted(tmp_path, dataset):
    old = write(tmp_path / "old.json", {IDS[0]: "Broncos", IDS[1]: "gold"})
    found = compare(old, write(tmp_path / "new.json", {IDS[0]: "Broncos"}), references=str(dataset))
    assert (found.counts.total, found.counts.negative_flips) == (4, 1)
    assert (found.counts.no_answer_old, found.counts.no_answer_new) == (2, 3)


@needs_shared
def test_the_genuine_predictions_read_and_pair(tmp_path):
    first, second = sorted((SHARED / "squad_predictions").iterdir())
    answers = [json.loads(path.read_text()) for path in (first, second)]
    # The dataset itself is not at hand: one system's answers stand in for what is right.
    right = answers[1] | answers[0]
    qas = [{"id": key, "question": key, "answers": [{"text": t}]} for key, t in right.items()]
    dataset = write(tmp_path / "dev.json", {"data": [{"title": "t", "paragraphs": [{"qas": qas}]}]})
    counts = compare(first, second, references=str(dataset)).counts
    same = sum(answers[0].get(key) == answers[1].get(key) for key in right)
    assert counts.total == len(right)
    assert counts.no_answer_old == len(right) - len(answers[0])
    assert counts.no_answer_new == len(right) - len(answers[1])
    assert counts.both_right + counts.negative_flips == len(answers[0])
    assert counts.both_right >= same > 0


def test_a_question_twice_is_refused(tmp_path, dataset):
    old = tmp_path / "old.json"
    old.write_text(f'{{"{IDS[0]}": "a", "{IDS[1]}": "x", "{IDS[0]}": "b"}}')
    assert f"the key '{IDS[0]}' occurs twice" in refusal(old, old, references=str(dataset))
    write(old, {IDS[0]: "a"})
    whole = json.loads(dataset.read_text())
    questions = whole["data"][0]["paragraphs"][0]["qas"]
    questions.append({**questions[0], "answers": [{"text": "others"}]})
    write(dataset, whole)
    assert f"the question {IDS[0]} occurs twice" in refusal(old, old, references=str(dataset))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (None, "the question 0*1: answers is missing; list was expected"),
        ([{"text": 1}], "the question 0*1: an answer is of type int; str was expected"),
    ],
)
def test_a_question_that_lost_its_answers_is_not_one_without_an_answer(
    tmp_path, dataset, answers, message
):
    whole = json.loads(dataset.read_text())
    question = whole["data"][0]["paragraphs"][0]["qas"][1]
    question["answers"] = answers
    if answers is None:
        del question["answers"]
    write(dataset, whole)
    path = write(tmp_path / "old.json", dict.fromkeys(IDS, ""))
    with pytest.raises(DataError, match=message):
        compare(path, path, references=str(dataset))
