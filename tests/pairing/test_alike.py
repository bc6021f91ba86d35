import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit import compare
from compatkit.errors import DataError
from compatkit.pairing.alike import describe_difference, find_alike

ROW = {"prediction": "x", "reference": "x"}


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("Café", "Cafe\u0301", "Unicode form (NFC and NFD)"),
        ("Å1", "Å１", "Unicode form (NFC and NFC)"),
        ("a b", "a\u00a0b ", "white space"),
        ("a b", "a\tb\n", "white space"),
        ("ab", "a\u200bb", "Unicode form, white space or invisible characters"),
        ("q1", "\ufeffq1", "Unicode form, white space or invisible characters"),
        ("1", "1.0", "how a number is written"),
        ("007", "7", "how a number is written"),
        ("a", "b", ""),
        ("a", "A", ""),
        ("a", "a", ""),
    ],
)
def test_the_difference_is_named(one, other, difference):
    assert describe_difference(one, other) == difference


@given(st.text())
def test_forms_of_one_text_are_alike(text):
    composed, split = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    if composed != split:
        assert describe_difference(composed, split).startswith("Unicode form (")
        assert find_alike([composed], ["other", split]) == [(composed, split)]


def refusal(old, new):
    with pytest.raises(DataError) as caught:
        compare(old, new)
    return str(caught.value)


def test_ids_that_look_the_same_are_said_to():
    old = [{**ROW, "id": "Café"}, {**ROW, "id": "b"}, {**ROW, "id": "c"}]
    new = [{**ROW, "id": "Cafe\u0301"}, {**ROW, "id": "b "}, {**ROW, "id": "c"}]
    message = refusal(old, new)
    assert "2 pairs of these ids differ in Unicode form (NFD and NFC) alone" in message
    assert f"such as {new[0]['id']!a} and {old[0]['id']!a}: write them alike." in message
    assert "alone" not in refusal(old, [{**ROW, "id": "d"}, *old[1:]])


def test_numbers_as_ids_that_both_files_share_are_ids():
    rows = [{**ROW, "id": 1.0}, {**ROW, "id": 2.0}]
    assert compare(rows, rows).counts.total == 2
    other = [{**ROW, "id": 1}, {**ROW, "id": 2}]
    assert "2 pairs of these ids differ in how a number is written alone" in refusal(rows, other)


def test_texts_that_look_the_same_are_said_to():
    old = [{**ROW, "id": "1", "input": "Wo ist das Café?"}]
    new = [{**ROW, "id": "1", "input": "Wo ist das Cafe\u0301?"}]
    message = refusal(old, new)
    assert "They differ in Unicode form (NFD and NFC) alone." in message.replace(
        "NFC and NFD", "NFD and NFC"
    )
    assert "1 row differs: '1'" in message
    assert "They differ in" not in refusal(old, [{**ROW, "id": "1", "input": "Where?"}])
