"""Slice search: where, on one half of the examples, broken answers gather.

What is carried over from here is a guess, however it is made: it is tested on the other half.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from msgspec import Struct

from compatkit.arrays import BoolArray, FloatArray
from compatkit.metrics.search_columns import Condition, SearchColumn

LEAST_SIZE = 20.0  # examples of a slice, or groups of examples
LEAST_BROKEN = 4.0
LARGEST = 0.75  # share of the examples: what most of them have in common is no place
MOST_CARRIED = 6
LEAST_RATIO = 2.0  # log-likelihood ratio: two standard errors
LEAST_EVIDENCE = -4.0  # log-likelihood ratio less the logarithm of how many slices were looked at
LEAST_GAIN = 2.0  # how many standard errors a pair of fields breaks more than one of them alone
LEAST_APART = 2.0  # the same, of a slice without the examples of those before it
MOST_RANKED = 300


class Evidence(Struct, frozen=True):
    """The examples that are searched: shape (n,) each.

    Attributes:
        broken: the share of each that broke, times its weight.
        right: the share that was right before, times its weight.
        weights: what each counts: 1, or its part of its group.
    """

    broken: FloatArray
    right: FloatArray
    weights: FloatArray


class Candidate(Struct, frozen=True):
    """A slice that may be carried over.

    Attributes:
        columns: the numbers of its one or two columns.
        slices: the number of its slice in each.
        evidence: by which it is ranked.
    """

    columns: tuple[int, ...]
    slices: tuple[int, ...]
    evidence: float

    def conditions(self, columns: Sequence[SearchColumn]) -> tuple[Condition, ...]:
        """Return what holds for its examples."""
        pairs = zip(self.columns, self.slices, strict=True)
        return tuple(columns[column].conditions[place] for column, place in pairs)

    def holds(self, columns: Sequence[SearchColumn]) -> BoolArray:
        """Return which examples it holds."""
        pairs = zip(self.columns, self.slices, strict=True)
        masks = [columns[column].members[place][columns[column].codes] for column, place in pairs]
        return np.asarray(np.logical_and.reduce(masks))


class _Sums(Struct, frozen=True):
    """Sums over the examples of slices, or of all."""

    weights: FloatArray
    broken: FloatArray
    right: FloatArray

    def less(self, other: "_Sums") -> "_Sums":
        return _Sums(
            self.weights - other.weights, self.broken - other.broken, self.right - other.right
        )


def search(columns: Sequence[SearchColumn], rows: Evidence) -> tuple[list[Candidate], int]:
    """Find the slices to be tested, as the page "Found slices" of the documentation has it.

    Args:
        columns: the features of the examples that are searched.
        rows: what became of these.

    Returns:
        The slices that are carried over, best first, and how many were looked at.
    """
    if not columns:
        return [], 0
    whole = _Sums(*(np.array(c.sum()) for c in (rows.weights, rows.broken, rows.right)))
    singles = [_sum_slices(rows, column) for column in columns]
    ranked: list[Candidate] = []
    looked = sum(len(column.conditions) for column in columns)
    for number, sums in enumerate(singles):
        evidence = _judge(sums, whole, np.array(True))
        ranked += _rank([number], evidence - np.log(looked))
    pairs = list(combinations(range(len(columns)), 2))
    crossed = sum(len(columns[a].conditions) * len(columns[b].conditions) for a, b in pairs)
    for a, b in pairs:
        sums = _sum_pairs(rows, columns[a], columns[b])
        first = _Sums(*(c[:, None] for c in _fields(singles[a])))
        second = _Sums(*(c[None, :] for c in _fields(singles[b])))
        gain = LEAST_GAIN**2 / 2.0
        fits = np.array(True)
        for part in (first, second):
            fits = fits & (_compare(sums, part.less(sums)) >= gain)
        evidence = _judge(sums, whole, fits)
        ranked += _rank([a, b], evidence - np.log(looked + crossed))
    ranked.sort(key=lambda c: (-round(c.evidence, 9), len(c.columns), c.columns, c.slices))
    return _tell_apart(ranked[:MOST_RANKED], columns, rows), looked + crossed


def _fields(sums: _Sums) -> tuple[FloatArray, FloatArray, FloatArray]:
    return sums.weights, sums.broken, sums.right


def _sum_slices(rows: Evidence, column: SearchColumn) -> _Sums:
    members, cells = column.members.astype(np.float64), column.members.shape[1]
    parts = (rows.weights, rows.broken, rows.right)
    return _Sums(*(np.asarray(members @ np.bincount(column.codes, c, cells)) for c in parts))


def _sum_pairs(rows: Evidence, first: SearchColumn, second: SearchColumn) -> _Sums:
    """Return the sums of every pair of slices, shape (slices of one, slices of the other)."""
    shape = first.members.shape[1], second.members.shape[1]
    codes = first.codes * shape[1] + second.codes
    left, right = first.members.astype(np.float64), second.members.T.astype(np.float64)
    sums = (
        np.bincount(codes, column, shape[0] * shape[1]).reshape(shape)
        for column in (rows.weights, rows.broken, rows.right)
    )
    return _Sums(*(left @ cells @ right for cells in sums))


def _judge(sums: _Sums, whole: _Sums, fits: BoolArray) -> FloatArray:
    """Return the evidence of each slice that fits, and is neither too small nor most of all."""
    ratio = _compare(sums, whole.less(sums))
    sized = (sums.weights >= LEAST_SIZE) & (sums.weights <= LARGEST * whole.weights)
    kept = fits & sized & (sums.broken >= LEAST_BROKEN) & (ratio >= LEAST_RATIO)
    return np.where(kept, ratio, -np.inf)


def _compare(inside: _Sums, outside: _Sums) -> FloatArray:
    """Return the evidence that more breaks inside: of all answers, and of those that were right.

    Where the old model is right more often, more can break, and that alone is no place: the smaller
    of both counts.
    """
    of_all = _compare_rates(inside.broken, inside.weights, outside.broken, outside.weights)
    of_right = _compare_rates(inside.broken, inside.right, outside.broken, outside.right)
    return np.minimum(of_all, of_right)


def _compare_rates(
    count: FloatArray, total: FloatArray, other: FloatArray, rest: FloatArray
) -> FloatArray:
    """Return the log-likelihood ratio of two rates against one; 0 where the first is not above."""
    ratio = (
        _log_likelihood(count, total)
        + _log_likelihood(other, rest)
        - _log_likelihood(count + other, total + rest)
    )
    return np.where(count * rest > other * total, np.maximum(ratio, 0.0), 0.0)


def _log_likelihood(count: FloatArray, total: FloatArray) -> FloatArray:
    kept = np.maximum(total - count, 0.0)
    count = np.maximum(count, 0.0)
    safe = np.maximum(total, 1e-300)
    first = np.where(count > 0, count * np.log(np.maximum(count, 1e-300) / safe), 0.0)
    second = np.where(kept > 0, kept * np.log(np.maximum(kept, 1e-300) / safe), 0.0)
    return np.asarray(first + second)


def _rank(columns: Sequence[int], evidence: FloatArray) -> Iterator[Candidate]:
    for place in np.argwhere(evidence >= LEAST_EVIDENCE).tolist():
        yield Candidate(tuple(columns), tuple(place), float(evidence[tuple(place)]))


def _tell_apart(
    ranked: Sequence[Candidate], columns: Sequence[SearchColumn], rows: Evidence
) -> list[Candidate]:
    """Keep those that still break more without the examples of the ones before them."""
    free: BoolArray = np.ones(len(rows.weights), np.bool_)
    kept: list[Candidate] = []
    for candidate in ranked:
        inside = candidate.holds(columns)
        if kept and not _stands_alone(inside & free, free & ~inside, rows):
            continue
        kept.append(candidate)
        free &= ~inside
        if len(kept) == MOST_CARRIED:
            break
    return kept


def _stands_alone(inside: BoolArray, outside: BoolArray, rows: Evidence) -> bool:
    sides = [
        _Sums(*(np.array(c[mask].sum()) for c in (rows.weights, rows.broken, rows.right)))
        for mask in (inside, outside)
    ]
    enough = sides[0].broken >= LEAST_BROKEN
    return bool(enough and _compare(sides[0], sides[1]) >= LEAST_APART**2 / 2.0)
