"""Choices: which of some given answers is right, and what a choice is called."""

from collections.abc import Sequence
from typing import Any

from compatkit.errors import DataError

LETTERS = 26


def find_right(answer: Any, choices: Sequence[str], where: str) -> int | None:
    """Return the index of the right choice: its own text, a number from 0, or a letter from A.

    An empty text or null is an unknown answer, as test sets have it: None.

    Raises:
        DataError: none of the choices.

    >>> find_right("1", ["a cat", "a dog"], "data.jsonl:1")
    1
    >>> find_right("B", ["a cat", "a dog"], "data.jsonl:1")
    1
    >>> find_right("B", ["B", "A"], "data.jsonl:1")
    0
    """
    if answer is None or answer == "":
        return None
    if isinstance(answer, str) and answer in choices:
        return list(choices).index(answer)
    names = [name_choice(number, choices) for number in range(len(choices))]
    if isinstance(answer, str) and answer in names:
        return names.index(answer)
    plain = int(answer) if isinstance(answer, str) and answer.isdecimal() else answer
    if isinstance(plain, bool) or not isinstance(plain, int) or not 0 <= plain < len(choices):
        raise DataError(
            f"{where}: the reference is {answer!r}; a choice's index, 0 to {len(choices) - 1}, "
            f"its letter, {names[0]} to {names[-1]}, or its text was expected."
        )
    return plain


def name_choice(index: int, choices: Sequence[str]) -> str:
    """Return what a prediction file calls a choice: a letter, the index if there are too many.

    >>> name_choice(1, ["a cat", "a dog"])
    'B'
    """
    return chr(ord("A") + index) if len(choices) <= LETTERS else str(index)
