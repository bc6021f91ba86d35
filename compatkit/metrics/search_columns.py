"""Search columns: the slices that each feature cuts examples into, to be searched."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.predictions.features import FREE_TEXT, MOST_VALUES, Feature

FEW_NUMBERS = 10  # distinct numbers up to which each is a slice of its own
CUTS = (0.25, 0.5, 0.75)
NONE = "(none)"
ENDS = 40  # characters at the beginning and at the end of a long value, in words
ALIKE = "it has one value alone"


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds for the examples of a slice: a field's value, or the range that it lies in.

    Attributes:
        field: the feature's name: a field, or what the texts tell.
        value: the value; None where it is a range.
        above: the number that the feature is above; None for none.
        up_to: the number that it is at most; None for none.
    """

    field: str
    value: str | None = None
    above: float | None = None
    up_to: float | None = None

    def __str__(self) -> str:
        """Return the condition in words.

        >>> str(Condition("lang", "de")), str(Condition("length", above=10, up_to=20))
        ('lang = de', 'length > 10 and <= 20')
        """
        field = _shorten(self.field)
        if self.value is not None:
            return f"{field} = {_shorten(self.value)}"
        ends = ((">", self.above), ("<=", self.up_to))
        return f"{field} {' and '.join(f'{sign} {end:g}' for sign, end in ends if end is not None)}"


def _shorten(text: str) -> str:
    """Return a text without its middle, as a system prompt may be a field of few values."""
    left_out = len(text) - 2 * ENDS
    return text if left_out <= ENDS else f"{text[:ENDS]}...({left_out:,} more)...{text[-ENDS:]}"


class SearchColumn(Struct, frozen=True):
    """A feature as it is searched.

    Attributes:
        name: the feature's.
        codes: shape (N,), the cell of each example.
        conditions: one for each slice.
        members: shape (slices, cells), which cells make up each.
    """

    name: str
    codes: IntArray
    conditions: tuple[Condition, ...]
    members: BoolArray


def make_columns(
    features: Mapping[str, Feature],
) -> tuple[list[SearchColumn], dict[str, str]]:
    """Cut examples by each feature; say why others cut none.

    A feature of few values has a slice for each. Numbers of more than `FEW_NUMBERS` values are cut
    at their quartiles, and each range between two cuts is a slice. No flip is looked at.
    """
    columns, aside = [], {}
    for name, feature in features.items():
        column = _make_column(name, feature)
        if column is None:
            aside[name] = FREE_TEXT
        elif len(column.conditions) < 2:  # noqa: PLR2004
            aside[name] = ALIKE
        else:
            columns.append(column)
    return columns, aside


def _make_column(name: str, feature: Feature) -> SearchColumn | None:
    numbers = feature.numbers
    if numbers is not None:
        values = np.unique(numbers[~np.isnan(numbers)])
        if len(values) > FEW_NUMBERS:
            return _cut_numbers(name, numbers)
        if feature.codes is None:
            texts = tuple(f"{value:g}" for value in values.tolist())
            codes = np.where(np.isnan(numbers), -1, np.searchsorted(values, numbers))
            return _by_value(name, codes, texts)
    if feature.codes is None:
        return None
    held = np.unique(feature.codes[feature.codes >= 0]).tolist()
    if len(held) > MOST_VALUES:
        return None
    texts = tuple(sorted(feature.texts[code] for code in held))
    place = {text: code for code, text in enumerate(texts)}
    turned = np.array([*(place.get(text, -1) for text in feature.texts), -1], np.int64)
    return _by_value(name, turned[feature.codes], texts)


def _by_value(name: str, codes: IntArray, texts: tuple[str, ...]) -> SearchColumn:
    lacks = bool((codes < 0).any())
    cells = (*texts, NONE) if lacks else texts
    return SearchColumn(
        name,
        np.where(codes < 0, len(texts), codes),
        tuple(Condition(name, text) for text in cells),
        np.eye(len(cells), dtype=np.bool_),
    )


def _cut_numbers(name: str, numbers: FloatArray) -> SearchColumn:
    lacks = np.isnan(numbers)
    ordered = np.sort(numbers[~lacks])
    # A cut at the largest number would part nothing: it is made below it.
    below = ordered[ordered < ordered[-1]][-1]
    cuts = ordered[[int(np.ceil(cut * len(ordered))) - 1 for cut in CUTS]]
    cuts = np.unique(np.minimum(cuts, below))
    cells = len(cuts) + 1
    ends = [None, *cuts.tolist(), None]
    ranges = [
        (first, last)
        for first in range(cells)
        for last in range(first, cells)
        if last - first + 1 < cells
    ]
    conditions = [
        Condition(name, above=ends[first], up_to=ends[last + 1]) for first, last in ranges
    ]
    members = [[first <= cell <= last for cell in range(cells)] + [False] for first, last in ranges]
    if lacks.any():
        conditions.append(Condition(name, NONE))
        members.append([False] * cells + [True])
    codes = np.where(lacks, cells, np.searchsorted(cuts, numbers, side="left"))
    table = np.array(members, np.bool_).reshape(len(conditions), cells + 1)
    return SearchColumn(name, codes, tuple(conditions), table)
