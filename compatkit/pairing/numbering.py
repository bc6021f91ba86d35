"""Numbering: the distinct ids of several files, and which of them each row has.

Ids are numbered as they first occur. Where they are many, those of one remainder of their hashes
are looked at together, so that no table of all of them is held.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.predictions.ids import Ids
from compatkit.stored import STEP, Column, Stored, join, load, narrow, read_parts

TOGETHER = 1 << 18  # rows of which a table of ids is made
NARROW, WIDE, MANY = np.int32, np.int64, 2**31 - 1  # rows that a narrow number counts


def number_ids(columns: Sequence[Ids]) -> tuple[Ids, list[IntArray]]:
    """Return the distinct ids of all sides, in the order of the first, and each row's number."""
    first = columns[0]
    alike = all(ids == first for ids in columns[1:])
    if alike and first.are_distinct():
        return first, [narrow(np.arange(len(first)))] * len(columns)
    distinct = columns[:1] if alike else columns
    starts = np.cumsum([0, *map(len, distinct)]).tolist()
    earliest = _find_earliest(distinct, starts)
    is_first = np.zeros(len(earliest), np.bool_)
    for part, (rows,) in read_parts(earliest):
        is_first[part] = rows == np.arange(part.start, part.stop)
    numbers = np.cumsum(is_first, dtype=earliest.dtype)
    numbers -= 1
    for part, (rows,) in read_parts(earliest):
        earliest[part] = numbers[rows]
    bounds = [slice(*bound) for bound in pairwise(starts)]
    kept = [
        ids if is_first[bound].all() else ids.take(narrow(np.flatnonzero(is_first[bound])))
        for ids, bound in zip(distinct, bounds, strict=True)
    ]
    codes = [earliest[bound] for bound in bounds]
    return Ids.join([ids for ids in kept if len(ids)]), codes * (len(columns) if alike else 1)


def mark(numbers: IntArray, size: int, where: BoolArray | None = None) -> BoolArray:
    """Return which of so many numbers occur, shape (size,), among the rows of `where`."""
    marks = np.zeros(size, np.bool_)
    for part, (own,) in read_parts(numbers):
        marks[own if where is None else own[where[part]]] = True
    return marks


def _find_earliest(columns: Sequence[Ids], starts: Sequence[int]) -> IntArray:
    """Return for each row of all columns, one behind the other, where its id first occurs."""
    size = starts[-1]
    earliest: IntArray = np.zeros(size, WIDE if size > MANY else NARROW)
    divisor = 1 + size // TOGETHER
    divided = [_divide(ids, divisor) for ids in columns]
    for turn in range(divisor):
        places: dict[str, int] = {}
        for start, parts in zip(starts, divided, strict=False):
            rows, ids = parts[turn]
            own = load(rows) + start
            earliest[own] = list(map(places.setdefault, ids, own.tolist()))
    return earliest


def _divide(ids: Ids, divisor: int) -> list[tuple[Column, Ids]]:
    """Return the rows, and the ids, of each remainder of the hashes; where ids lie, they lie."""
    if divisor == 1 or not len(ids):
        return [(np.arange(len(ids)), ids)] * divisor
    rows: list[list[Column]] = [[] for _ in range(divisor)]
    texts: list[list[Ids]] = [[] for _ in range(divisor)]
    for start in range(0, len(ids), STEP):
        some = list(ids.unpack(start, start + STEP))
        remainders = np.fromiter(map(hash, some), np.int64, len(some)) % divisor
        order = np.argsort(remainders, kind="stable")
        bounds = np.searchsorted(remainders[order], np.arange(divisor + 1)).tolist()
        for turn, bound in enumerate(pairwise(bounds)):
            own = order[slice(*bound)]
            packed: tuple[Column, Ids] = (
                (start + own).astype(WIDE if len(ids) > MANY else NARROW),
                Ids.pack([some[row] for row in own.tolist()]),
            )
            if isinstance(ids.data, Stored):
                store = ids.data.stores[0]
                packed = store.put(load(packed[0])), packed[1].put(store)
            rows[turn].append(packed[0])
            texts[turn].append(packed[1])
    return [(join(of_turn), Ids.join(packed)) for of_turn, packed in zip(rows, texts, strict=True)]
