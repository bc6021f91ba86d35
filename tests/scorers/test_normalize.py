import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.errors import ConfigError
from compatkit.scorers.make import make_scorer
from compatkit.scorers.normalize import PUNCTUATION, normalize_rows, normalize_squad


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat!", "cat"),
        ("a theatre", "theatre"),
        ("A", ""),
        ("an-other", "another"),
        ("  \t", ""),
        ("it's the end.", "its end"),
        ("Straße", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("the\u00a0cat", "cat"),
    ],
)
def test_squad_by_hand(text: str, normal: str) -> None:
    assert normalize_squad([text]) == [normal]


def test_punctuation_is_that_of_ascii() -> None:
    assert string.punctuation == PUNCTUATION


def one_at_a_time(text: str) -> str:
    text = "".join(each for each in text.lower() if each not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


@given(st.lists(st.text(alphabet=st.sampled_from("aA the,.\0\u03a3\u03c3'\n\u0130x"), max_size=12)))
def test_a_column_is_normalised_as_each_of_its_texts(texts: list[str]) -> None:
    assert normalize_squad(texts) == [one_at_a_time(text) for text in texts]


def test_a_text_of_which_nothing_would_be_left_keeps_its_articles_and_is_counted() -> None:
    answers, references, notes = normalize_rows(
        rows_of(["The", "A", None], ["A", "a!", "b"]), "squad"
    )
    assert answers == ["the", "a", None]
    assert references == ["a", "a", "b"]
    assert list(notes.values()) == [2]


def test_an_unknown_normaliser_is_refused() -> None:
    with pytest.raises(ConfigError, match="normalize is 'SQuAD'; one of none, squad was expected"):
        make_scorer("exact_match", normalize="SQuAD")
