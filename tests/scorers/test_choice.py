import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.errors import ConfigError, DataError
from compatkit.scorers import make_scorer
from compatkit.scorers.choice import find_label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("B", "B"),
        (" b ", "B"),
        ("(C)", "C"),
        ("(c).", "C"),
        ("**D**", "D"),
        ("3", "3"),
        ("The answer is (I).", "I"),
        ("the answer is B because A is wrong", "B"),
        ("Answer: C", "C"),
        ("answer is A. No: the answer is B", "B"),
        ("B. Paris", "B"),
        ("(A) the first", "A"),
        ("A) the first", "A"),
        # An article is no label, and prose is no answer.
        ("A cat sat on the mat", None),
        ("I think it is so", None),
        ("the answer is a cat", "A"),
        ("", None),
        ("none of them", None),
        ("answer isn't here", None),
    ],
)
def test_label_by_hand(text: str, label: str | None) -> None:
    assert find_label(text) == label


def test_the_answer_a_is_never_taken_for_an_article_and_null_never_matches() -> None:
    scored = make_scorer("choice").score(rows_of(["A", None, "", "The"], ["A"] * 4))
    assert scored.scores.tolist() == [1, 0, 0, 0]
    assert scored.answers == ["A", None, None, None]
    assert dict(scored.notes) == {"predictions without a choice label: wrong": 2}


def test_a_letter_never_equals_an_index_unless_the_first_index_is_said() -> None:
    rows = rows_of(["B", "C", "1"], ["1", "1", "1"])
    scored = make_scorer("choice").score(rows)
    assert scored.scores.tolist() == [0, 0, 1]
    assert [(note.split(":")[0], count) for note, count in scored.notes.items()] == [
        ("predictions name an index where the reference is a letter, or the reverse", 2)
    ]
    assert make_scorer("choice", first_index=0).score(rows).scores.tolist() == [1, 0, 1]
    assert make_scorer("choice", first_index=1).score(rows).scores.tolist() == [0, 0, 1]


def test_a_reference_that_is_no_label_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match=r"rows.jsonl:2: the reference 'a city' is no label"):
        make_scorer("choice").score(rows_of(["A", "B"], ["A", "a city"]))


def test_a_first_index_other_than_0_or_1_is_refused() -> None:
    with pytest.raises(ConfigError, match="--first-index is 2"):
        make_scorer("choice", first_index=2)


@given(st.text())
def test_any_text_has_a_label_or_none(text: str) -> None:
    label = find_label(text)
    assert label is None or (label.isascii() and len(label) <= 3 and label == label.upper())
