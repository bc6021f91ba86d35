import json
import types

import numpy as np
import pytest

from compatkit import compare
from compatkit.errors import DataError
from compatkit.predictions.fields import find_fields
from compatkit.predictions.predictions import Records, to_predictions

ROW = {"id": "q1", "prediction": "4", "reference": "4"}
HUGE = 123456789012345678901234567890


def columns_of(*rows, **options):
    records = Records(rows, range(11, 11 + len(rows)), "new.jsonl")
    return to_predictions(records, find_fields(rows, "new.jsonl"), **options)


def refusal_of(*rows, **options):
    with pytest.raises(DataError) as caught:
        columns_of(*rows, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (7, "7"),
        (0.5, "0.5"),
        (True, "true"),
        (None, None),
        (HUGE, str(HUGE)),
        (np.int64(7), "7"),
        (np.float64(0.5), "0.5"),
        (np.bool_(True), "true"),
        ("\ud83d", "\ud83d"),
    ],
)
def test_a_prediction_becomes_text(value, text):
    assert columns_of({**ROW, "prediction": value}).prediction == [text]


@pytest.mark.parametrize("role", ["prediction", "reference"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_nan_and_infinity_are_no_texts(role, value):
    message = refusal_of(ROW, {**ROW, "id": "q2", role: value})
    assert message.startswith(f"new.jsonl:12: the {role} is ")
    assert "null" in message


@pytest.mark.parametrize("value", [{"text": "4"}, b"4", {"4"}, ("4",)])
def test_what_is_no_text_is_no_prediction(value):
    kind = type(value).__name__
    assert f"new.jsonl:11: the prediction is a {kind}; text" in refusal_of(
        {**ROW, "prediction": value}
    )


@pytest.mark.parametrize(
    ("value", "name"), [("q", "q"), (1, "1"), (np.int64(3), "3"), (HUGE, None)]
)
def test_an_id_is_text_or_a_whole_number(value, name):
    assert columns_of({**ROW, "id": value}).id == [name or str(HUGE)]


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), True, None, [1], {"a": 1}, np.float64(1), np.bool_(True)]
)
def test_other_ids_are_refused_with_the_line_and_the_value(value):
    message = refusal_of(ROW, {**ROW, "id": value})
    plain = value.item() if hasattr(value, "item") else value
    assert message == (
        f"new.jsonl:12: the id is {json.dumps(plain)}; a string or a whole number was expected."
    )


def test_a_row_without_an_id_is_refused_with_its_fields():
    message = refusal_of(ROW, {"prediction": "4", "reference": "4"})
    assert message.startswith('new.jsonl:12: no field "id"; the fields are prediction, reference.')
    assert "--id-field" in message


def test_a_row_without_a_prediction_is_refused_unless_it_failed():
    bare = {"id": "q2", "reference": "4"}
    message = refusal_of(ROW, bare)
    assert 'new.jsonl:12: no field "prediction"; the fields are id, reference.' in message
    assert "--prediction-field" in message
    assert columns_of(ROW, {**bare, "error": "timeout"}).errored == [False, True]
    assert columns_of(ROW, bare, needs_prediction=False).prediction == ["4", None]


@pytest.mark.parametrize("value", [None, [], [None]])
def test_a_row_without_a_reference_is_refused_unless_it_failed(value):
    bare = {**ROW, "id": "q2", "reference": value}
    message = refusal_of(ROW, bare)
    assert 'new.jsonl:12: no reference in the field "reference"' in message
    assert "--reference-field" in message
    assert "--scorer field:NAME" in message
    assert columns_of(ROW, {**bare, "error": "timeout"}).references == [("4",), ()]


def test_references_are_one_or_several():
    rows = columns_of(
        {**ROW, "reference": ["4", 4.5, None]}, {**ROW, "reference": 4}, {**ROW, "reference": ""}
    )
    assert rows.references == [("4", "4.5"), ("4",), ("",)]


@pytest.mark.parametrize(
    ("value", "errored"),
    [
        ("timeout", True),
        ({"code": 500}, True),
        (True, True),
        (1, True),
        ("", False),
        (None, False),
        (False, False),
        (0, False),
        ({}, False),
        ([], False),
        (float("nan"), False),
    ],
)
def test_a_row_failed_where_its_error_is_not_empty(value, errored):
    assert columns_of({**ROW, "error": value}).errored == [errored]


def test_a_list_of_predictions_is_a_row_each():
    rows = columns_of({**ROW, "prediction": ["4", None, 5]}, {**ROW, "id": "q2"}, start=7)
    assert rows.id == ["q1", "q1", "q1", "q2"]
    assert rows.prediction == ["4", None, "5", "4"]
    assert rows.sample == ["0", "1", "2", "0"]
    assert list(rows.rows) == [7, 7, 7, 8]
    assert list(rows.lines) == [11, 11, 11, 12]


def test_a_nested_list_of_predictions_is_a_row_each():
    records = Records([{"id": "a", "o": {"t": ["x", "y"]}}], [1], "new.jsonl")
    fields = find_fields(records.rows, "new.jsonl", {"prediction": "o.t"})
    assert to_predictions(records, fields, needs_references=False).prediction == ["x", "y"]


def test_an_empty_list_of_predictions_is_refused_unless_the_row_failed():
    empty = {**ROW, "id": "q2", "prediction": []}
    message = refusal_of(ROW, empty)
    assert message.startswith("new.jsonl:12: the list of predictions is empty")
    assert "write null for no answer" in message
    failed = columns_of(ROW, {**empty, "error": "timeout"})
    assert (failed.prediction, failed.errored) == (["4", None], [False, True])


def test_a_list_within_a_list_of_predictions_is_refused():
    assert "new.jsonl:11: the prediction is a list" in refusal_of({**ROW, "prediction": [["4"]]})


def test_an_input_may_be_a_list_of_messages():
    rows = columns_of({**ROW, "input": [{"role": "user", "content": "ä"}]})
    assert rows.input == ['[{"content": "ä", "role": "user"}]']


def test_an_input_may_hold_what_json_does_not_know():
    assert columns_of({**ROW, "input": {"image": b"1"}}).input == ['{"image": "b\'1\'"}']


def test_an_input_that_holds_itself_is_refused():
    inner = []
    inner.append(inner)
    message = refusal_of({**ROW, "input": inner})
    assert message.startswith("new.jsonl:11: the input cannot be written as JSON")


def test_any_mapping_is_a_record():
    row = types.MappingProxyType(ROW)
    assert compare([row], [row]).counts.both_right == 1


def test_a_null_prediction_is_wrong_and_counted():
    counts = compare([ROW], [{**ROW, "prediction": None}]).counts
    assert (counts.total, counts.negative_flips) == (1, 1)
    assert (counts.no_answer_old, counts.no_answer_new) == (0, 1)


def test_a_null_prediction_is_wrong_even_where_a_scorer_says_otherwise():
    def generous(predictions, references):
        return [1.0] * len(predictions)

    assert compare([ROW], [{**ROW, "prediction": None}], scorer=generous).negative_flip_rate == 1.0


def test_a_score_field_needs_no_prediction_and_counts_none_as_absent():
    rows = [{"id": "a", "correct": True}, {"id": "b", "correct": False}]
    counts = compare(rows, rows, scorer="field:correct").counts
    assert (counts.both_right, counts.both_wrong) == (1, 1)
    assert (counts.no_answer_old, counts.no_answer_new) == (0, 0)


def test_an_errored_row_has_no_part_in_whether_a_score_is_continuous():
    old = [{"id": "a", "correct": True}, {"id": "b", "correct": True}]
    new = [{"id": "a", "correct": True}, {"id": "b", "error": "timeout"}]
    result = compare(old, new, scorer="field:correct", errors="wrong")
    assert not result.continuous
    assert result.counts.negative_flips == 1
    assert result.counts.counted_wrong == {"errored": 1, "missing": 0}
