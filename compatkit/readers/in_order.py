"""In order: what comes in any order, in the order in which it is wanted.

Where the two are one order, nothing waits. Else some thousands wait in memory, and more of them in
a temporary file, so that a file of many rows is read once whatever is wanted of it first.
"""

import pickle
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from compatkit.stored import Store

WAITING = 10_000  # that wait in memory
SHARES = 256  # that those in a file are divided into, each of numbers that follow each other

Item = TypeVar("Item")


def put_in_order(
    numbered: Iterable[tuple[int, Item]], size: int, most: int | None = None
) -> Iterator[Item]:
    """Yield items in the order of their numbers.

    Args:
        numbered: each number from 0 to size - 1, with its item, in any order.
        size: how many there are.
        most: how many wait in memory; some thousands if not given.

    Raises:
        NoRoomError: there is no room for a temporary file.

    >>> list(put_in_order([(1, "b"), (0, "a"), (2, "c")], 3))
    ['a', 'b', 'c']
    """
    most = WAITING if most is None else most
    shares = _Shares(max(most, -(-size // SHARES)))
    waiting: dict[int, Item] = {}
    number = 0
    for key, item in numbered:
        waiting[key] = item
        while number in waiting:
            yield waiting.pop(number)
            number += 1
        if len(waiting) > most:
            shares.put(waiting)
            waiting.clear()
    for start in range(number - number % shares.width, size, shares.width):
        held: dict[int, Item] = shares.take(start // shares.width) | waiting
        yield from (
            held[key] for key in range(max(start, number), start + shares.width) if key < size
        )


class _Shares:
    """Numbered items in a temporary file, those of some numbers that follow each other together."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._store: Store | None = None
        self._pieces: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def put(self, items: Mapping[int, Any]) -> None:
        """Add items to the shares that their numbers belong to."""
        self._store = Store() if self._store is None else self._store
        shares: dict[int, dict[int, Any]] = defaultdict(dict)
        for number, item in items.items():
            shares[number // self.width][number] = item
        for share, some in shares.items():
            data = pickle.dumps(some, pickle.HIGHEST_PROTOCOL)
            self._pieces[share].append((self._store.append(data), len(data)))

    def take(self, share: int) -> dict[int, Any]:
        """Return the items of a share, once."""
        items: dict[int, Any] = {}
        for offset, size in self._pieces.pop(share, ()):
            data = np.empty(size, np.uint8)
            self._store.read(data, offset)  # type: ignore[union-attr]
            items |= pickle.loads(data.data)  # noqa: S301 (our own)
        return items
