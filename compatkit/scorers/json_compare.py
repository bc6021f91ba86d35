"""JSON compare: whether two values are equal, and how much of them is."""

from collections import Counter
from decimal import Decimal
from typing import Any

from msgspec import Struct

from compatkit.scorers.json_text import write_json

LONGEST_MATCHED = 200
"""Elements up to which two lists without order are matched one by one, where numbers may differ:
that takes a comparison for each pair of them."""


class Comparer(Struct, frozen=True):
    """How two values are compared.

    Attributes:
        unordered: lists are equal whatever the order of their elements.
        tolerance: the largest absolute difference of two numbers that counts as equal; two lists
            without order of more than 200 elements are compared without it.
    """

    unordered: bool = False
    tolerance: Decimal = Decimal(0)

    def equal(self, one: Any, other: Any) -> bool:
        """Tell whether two values are equal.

        >>> Comparer().equal({"a": Decimal("1.0")}, {"a": Decimal(1)})
        True
        >>> Comparer().equal(True, Decimal(1))
        False
        """
        if type(one) is not type(other):
            return False
        if isinstance(one, Decimal):
            return bool(abs(one - other) <= self.tolerance)
        if isinstance(one, dict):
            return one.keys() == other.keys() and all(self.equal(one[k], other[k]) for k in one)
        if isinstance(one, list) and self.unordered:
            return len(one) == len(other) and self._match(one, other) == len(one)
        if isinstance(one, list):
            return len(one) == len(other) and all(map(self.equal, one, other))
        same: bool = one == other
        return same

    def share(self, one: Any, other: Any) -> float:
        """Return the share of leaves that both have at one place, of those that either has.

        >>> Comparer().share({"a": "x", "b": "y"}, {"a": "x", "b": "z", "c": "w"})
        0.25
        """
        shared = self._shared(one, other)
        return shared / (count_leaves(one) + count_leaves(other) - shared)

    def _shared(self, one: Any, other: Any) -> int:
        if type(one) is type(other) and one and other:
            if isinstance(one, dict):
                return sum(self._shared(one[key], other[key]) for key in one.keys() & other.keys())
            if isinstance(one, list) and self.unordered:
                return self._match(one, other, leaves=True)
            if isinstance(one, list):
                return sum(map(self._shared, one, other))
        return int(self.equal(one, other))

    def _match(self, one: list[Any], other: list[Any], *, leaves: bool = False) -> int:
        """Count the elements, or their leaves, that can be paired with an equal one."""
        left, right = ([sort_lists(item) for item in side] for side in (one, other))
        texts = [Counter(map(write_json, side)) for side in (left, right)]
        common = texts[0] & texts[1]
        paired = {write_json(item): count_leaves(item) for item in left} if leaves else {}
        count = sum(times * paired.get(text, 1) for text, times in common.items())
        sizes = len(left), len(right)
        if not (self.tolerance and all(sizes)) or max(sizes) > LONGEST_MATCHED:
            return count
        return self._match_near(one, other, leaves=leaves)

    def _match_near(self, one: list[Any], other: list[Any], *, leaves: bool) -> int:
        """Pair elements that are equal but for the tolerance so that most are paired."""
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

        gain = [
            [self.equal(left, right) * (count_leaves(left) if leaves else 1) for right in other]
            for left in one
        ]
        rows, columns = linear_sum_assignment(gain, maximize=True)
        return sum(gain[row][column] for row, column in zip(rows, columns, strict=True))


def without_numbers(value: Any) -> Any:
    """Return a value in which every number is 0.

    >>> without_numbers({"a": [Decimal("1.5"), "x"]})
    {'a': [Decimal('0'), 'x']}
    """
    if isinstance(value, dict):
        return {key: without_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(without_numbers, value))
    return Decimal(0) if isinstance(value, Decimal) else value


def count_leaves(value: Any) -> int:
    """Count what is neither object nor list, or is empty."""
    if not isinstance(value, dict | list) or not value:
        return 1
    return sum(map(count_leaves, value.values() if isinstance(value, dict) else value))


def sort_lists(value: Any) -> Any:
    """Return a value with every list in one order, equal lists in the same."""
    if isinstance(value, dict):
        return {key: sort_lists(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(sort_lists, value), key=write_json)
    return value
