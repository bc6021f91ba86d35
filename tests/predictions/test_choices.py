"""Which choice is right: an index, a letter or a text, and nothing else."""

import pytest

from compatkit.errors import DataError
from compatkit.predictions.choices import find_right, name_choice

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
