"""Choices: which of some given answers is right, and what a choice is called."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from compatkit.arrays import IntArray, as_index
from compatkit.errors import DataError
from compatkit.predictions.hashing import hash_texts

LETTERS = 26
FIELDS = ("choices", "options")
LISTED = re.compile(r"^[ \t]*\(?([A-Z])[.):][ \t]+(\S.*)$", re.MULTILINE)


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
    plain = as_index(answer) if isinstance(answer, str) else answer
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


def find_choice(reference: str, choices: Sequence[str]) -> int | None:
    """Return which choice a reference names: by text, by number from 0, by letter from A.

    A letter that is the text of another choice names none: which is meant is not known.

    >>> find_choice("B", ["a cat", "a dog"]), find_choice("B", ["B", "A"])
    (1, None)
    """
    place = choices.index(reference) if reference in choices else None
    letter, number = read_letter(reference), as_index(reference)
    if letter is not None and letter < len(choices) <= LETTERS:
        return letter if place in {None, letter} else None
    if place is None and number is not None and number < len(choices):
        return number
    return place


def read_letter(reference: str) -> int | None:
    """Return which choice a letter stands for, from 0; None where it is none from A to Z."""
    letter = len(reference) == 1 and "A" <= reference <= "Z"
    return ord(reference) - ord("A") if letter else None


def find_choices(
    references: Sequence[str], sizes: IntArray, names: IntArray, key: bytes = b""
) -> IntArray:
    """Return of each row which choice its reference names, as `find_choice`; -1 for none.

    Args:
        references: one of each row; each text is read once.
        sizes: shape (rows,), the number of a row's choices, at least 1.
        names: of the choices, row after row, the hash of each.
        key: what they were hashed with; see `hash_texts`.
    """
    texts = list(dict.fromkeys(references))
    numbered = dict(zip(texts, range(len(texts)), strict=True))
    which = np.fromiter(map(numbered.__getitem__, references), np.int64, len(references))
    hashes = hash_texts(texts, key)[which]
    letters, numbers = (_read_each(texts, read)[which] for read in (read_letter, as_index))
    starts = np.cumsum(sizes) - sizes
    places = np.full(len(references), -1, np.int64)
    same = np.flatnonzero(names == np.repeat(hashes, sizes))[::-1]
    owners = np.searchsorted(starts, same, "right") - 1
    places[owners] = same - starts[owners]  # the first of equal ones is written last
    lettered = (letters >= 0) & (letters < sizes) & (sizes <= LETTERS)
    counted = ~lettered & (places < 0) & (numbers < sizes)
    doubtful = lettered & (places >= 0) & (places != letters)
    places = np.where(lettered, letters, np.where(counted, numbers, places))
    return np.where(doubtful, -1, places)


def _read_each(texts: Sequence[str], read: Callable[[str], int | None]) -> IntArray:
    """Return what each text is read as; -1 for none."""
    values = (-1 if (value := read(text)) is None else value for text in texts)
    return np.fromiter(values, np.int64, len(texts))


def list_choices(record: Mapping[str, Any], question: str | None) -> tuple[str, ...]:
    r"""Return the choices of a row in the order that the model was shown; empty where unknown.

    Its field `choices` or `options`: a list of texts, or of such under `text`; else the last ones
    that the question lists by letters from A, a line each.

    >>> list_choices({}, "Which barks?\nA. a cat\nB. a dog\nAnswer:")
    ('a cat', 'a dog')
    """
    for name in FIELDS:
        held = record.get(name)
        held = held.get("text") if isinstance(held, Mapping) else held
        if isinstance(held, list | tuple) and all(isinstance(text, str) for text in held):
            return tuple(text.strip() for text in held)
    listed: list[str] = []
    for letter, text in LISTED.findall(question or ""):
        if letter == "A":
            listed = []
        if letter == name_choice(len(listed), ()):
            listed.append(text.strip())
    return tuple(listed)
