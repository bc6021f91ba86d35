"""Numbering: the distinct ids of several files, and which of them each row has."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.predictions.ids import Ids
from compatkit.stored import narrow, read_parts


def number_ids(columns: Sequence[Ids]) -> tuple[Ids, list[IntArray]]:
    """Return the distinct ids of all sides, in the order of the first, and each row's number."""
    first = columns[0]
    alike = all(ids == first for ids in columns[1:])
    if alike and first.are_distinct():
        return first, [narrow(np.arange(len(first)))] * len(columns)
    numbers: dict[str, int] = {}
    for example in first if alike else chain.from_iterable(columns):
        numbers.setdefault(example, len(numbers))
    codes = [np.fromiter(map(numbers.__getitem__, ids), np.int64, len(ids)) for ids in columns]
    return Ids.pack(list(numbers)), [narrow(code) for code in codes]


def mark(numbers: IntArray, size: int, where: BoolArray | None = None) -> BoolArray:
    """Return which of so many numbers occur, shape (size,), among the rows of `where`."""
    marks = np.zeros(size, np.bool_)
    for part, (own,) in read_parts(numbers):
        marks[own if where is None else own[where[part]]] = True
    return marks
