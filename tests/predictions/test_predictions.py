import json
import types

import numpy as np
import pytest

from compatkit import compare
from compatkit.errors import DataError
from compatkit.predictions.fields import Columns, find_fields
from compatkit.predictions.predictions import MEASURED, to_predictions
from compatkit.predictions.records import Records
from compatkit.record import replace

ROW = {"id": "q1", "prediction": "4", "reference": "4"}
HUGE = 123456789012345678901234567890


def columns_of(*rows, **options):
    records = Records(rows, range(11, 11 + len(rows)), "new.jsonl")
    fields = replace(find_fields(rows, "new.jsonl"), lists=options.pop("lists", None))
    return to_predictions(records, fields, **options)


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
    ("value", "name"),
    [("q", "q"), (1, "1"), (np.int64(3), "3"), (HUGE, None), (1.0, "1.0"), (np.float64(2), "2.0")],
)
def test_an_id_is_text_or_a_whole_number(value, name):
    assert columns_of({**ROW, "id": value}).id == [name or str(HUGE)]


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), 1e300, True, None, [1], {"a": 1}, np.float64(0.1), np.bool_(True)]
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
        (["x"], True),
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


@pytest.mark.parametrize("value", [True, 1, 0.03, -2.5, "0.03", "true", "False", "1e-3", "NaN"])
def test_a_number_or_a_flag_in_a_field_called_error_says_of_no_row_that_it_failed(value):
    """An absolute error, or a flag of a wrong answer: the row is scored, and that is said."""
    rows = columns_of({**ROW, "error": value}, {**ROW, "error": "timeout"}, ROW)
    assert rows.errored == [False, True, False]
    assert rows.notes == {MEASURED: 1}
    named = find_fields([ROW], "new.jsonl", {"error": "error"})
    rows = to_predictions(Records([{**ROW, "error": value}], [1], "new.jsonl"), named)
    assert (rows.errored, rows.notes) == ([True], {})


def test_wrong_answers_with_a_number_as_error_are_flips_and_not_left_out():
    old = [{**ROW, "id": str(n), "error": 0.0} for n in range(200)]
    new = [{**row, "prediction": "5", "error": 1.0} if n < 30 else row for n, row in enumerate(old)]
    result = compare(old, new)
    assert (result.counts.total, result.negative_flip_rate) == (200, 0.15)
    assert any("30 rows with a number or a boolean in the field 'error'" in n for n in result.notes)
    assert compare(old, new, fields={"error": "error"}).counts.total == 170


@pytest.mark.parametrize("value", [0.5, True, {"question": "?"}, ["a"]])
def test_a_field_called_sample_that_names_no_samples_is_not_read(value):
    fields = find_fields([{**ROW, "sample": value}], "new.jsonl")
    assert "sample" not in fields.paths
    assert "the field 'sample' is not read" in fields.notes[0]
    assert find_fields([ROW], "new.jsonl", {"sample": "sample"}).paths["sample"] == "sample"


@pytest.mark.parametrize("value", ["0", 1, 2.0, None])
def test_a_field_called_sample_is_read_where_it_can_name_samples(value):
    assert find_fields([{**ROW, "sample": value}], "new.jsonl").paths["sample"] == "sample"


TAGS = {"id": "1", "prediction": ["O", "O", "O"], "reference": ["O", "B-PER", "I-PER"]}


def test_two_lists_are_refused_until_it_is_said_what_they_are():
    """As samples and accepted answers each of the three would be right."""
    message = refusal_of(TAGS)
    assert message.startswith(
        "new.jsonl:11: the prediction and the reference are both lists, of 3 and 3. Say --lists "
    )
    rows = columns_of(TAGS, lists="samples")
    assert (rows.prediction, rows.references[0]) == (["O"] * 3, ("O", "B-PER", "I-PER"))
    rows = columns_of(TAGS, lists="sequence")
    assert rows.prediction == ['["O", "O", "O"]']
    assert rows.references == [('["O", "B-PER", "I-PER"]',)]
    rows = columns_of(TAGS, lists="set")
    assert rows.prediction == ['["O"]']
    assert rows.references == [('["B-PER", "I-PER", "O"]',)]


def test_one_answer_that_is_a_list_holds_what_texts_and_numbers_hold():
    row = {"id": "1", "prediction": [1, "é", None], "reference": [["é", "1", None], []]}
    assert columns_of(row, lists="sequence").prediction == ['["1", "é", null]']
    assert columns_of(row, lists="sequence").references == [('["é", "1", null]', "[]")]
    both = columns_of(row, lists="set")
    assert both.prediction[0] == both.references[0][0] == '["1", "é", null]'


def test_a_list_on_one_side_alone_needs_no_word():
    assert columns_of({**ROW, "prediction": ["4", "5"]}).prediction == ["4", "5"]
    assert columns_of({**ROW, "reference": ["4", "5"]}).references == [("4", "5")]


def test_columns_are_not_altered_by_what_lists_are():
    columns = Columns({"id": ["1"], "prediction": [["a"]], "reference": [["b"]]})
    fields = replace(find_fields(columns, "rows"), lists="set")
    to_predictions(Records(columns, [1], "rows"), fields)
    assert columns.columns["prediction"] == [["a"]]


@pytest.mark.parametrize("row", [{"id": "1", "prediction": "x"}, {"id": "1", "gold": "x"}])
def test_a_field_called_answer_is_no_side_s_before_it_is_said(row):
    """Beside a long output it is often the answer that was taken from it."""
    message = refusal_of({**row, "answer": "x"})
    assert "The field 'answer' may be the model's answer or the right one" in message
    assert "--reference-field answer" in message


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


def test_flips_of_lists_are_shown_as_they_were_scored():
    old = [{"id": "1", "prediction": ["a", "b"], "reference": ["b", "a"]}]
    new = [{**old[0], "prediction": ["c"]}]
    result = compare(old, new, lists="set")
    assert result.counts.negative_flips == 1
    assert [flip.id for flip in result.examples] == ["1"]
    assert "lists:set" in result.signature


def test_an_object_or_a_list_may_be_one_answer_as_json() -> None:
    row = {"id": 1, "prediction": {"b": [1], "a": None}, "reference": [{"a": 1}, 2]}
    rows = columns_of(row, lists="json")
    assert rows.prediction == ['{"a": null, "b": [1]}']
    assert rows.references == [('[{"a": 1}, 2]',)]
    text = columns_of({"id": 1, "prediction": None, "reference": "[1]"}, lists="json")
    assert (text.prediction, text.references) == ([None], [("[1]",)])


def test_an_object_is_no_text_and_the_way_out_is_named() -> None:
    with pytest.raises(DataError, match=r"is a dict; .*--lists json takes an object"):
        columns_of({"id": 1, "prediction": {"a": 1}, "reference": "x"})
