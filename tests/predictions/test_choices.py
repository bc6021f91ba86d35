"""Which choice is right: an index, a letter or a text, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.errors import DataError
from compatkit.predictions.choices import find_choice, find_choices, find_right, name_choice
from compatkit.predictions.hashing import hash_texts

PETS = ["a cat", "a dog", "a cow"]


@pytest.mark.parametrize(
    ("answer", "choices", "right"),
    [
        (1, PETS, 1),
        ("1", PETS, 1),
        ("B", PETS, 1),
        ("a dog", PETS, 1),
        ("", PETS, None),
        (None, PETS, None),
        ("A", ["B", "A"], 1),  # a choice's own text before its letter
        ("2", ["0", "2", "4"], 1),
        ("27", [str(number + 100) for number in range(30)], 27),
    ],
)
def test_the_right_choice(answer: object, choices: list[str], right: int | None) -> None:
    assert find_right(answer, choices, "f:1") == right


@pytest.mark.parametrize("answer", [3, -1, True, 1.0, "D", "b", "3", "-1", ["a cat"]])
def test_what_is_no_choice_is_refused(answer: object) -> None:
    with pytest.raises(DataError, match=r"f:1: the reference is .*0 to 2, its letter, A to C, or"):
        find_right(answer, PETS, "f:1")


def test_choices_are_called_by_letters_as_long_as_there_are_some() -> None:
    assert [name_choice(number, PETS) for number in range(3)] == ["A", "B", "C"]
    assert name_choice(26, [""] * 27) == "26"


ENDLESS = "9" * 5000  # digits, which Python refuses to read as a number
TEXTS = st.sampled_from(["A", "B", "C", "Z", "0", "1", "2", "26", "a cat", "", "٣", ENDLESS])


def test_endless_digits_name_no_choice() -> None:
    assert find_choice(ENDLESS, PETS) is None
    assert find_choice(ENDLESS, [*PETS, ENDLESS]) == 3
    with pytest.raises(DataError, match="the reference is"):
        find_right(ENDLESS, PETS, "f:1")


@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=30)), max_size=5))
def test_many_rows_are_read_as_each_of_them_is(rows: list[tuple[str, list[str]]]) -> None:
    names = [text for _, choices in rows for text in choices]
    references = [reference for reference, _ in rows]
    places = find_choices(
        references,
        np.array([len(choices) for _, choices in rows], np.int64),
        hash_texts(names),
    )
    alone = [find_choice(*row) for row in rows]
    assert places.tolist() == [-1 if place is None else place for place in alone]
