"""Ids: those of many rows, packed: a list of texts takes some sixty bytes more for each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import IntArray
from compatkit.stored import STEP, Column, Store, Stored

BATCH = 4096  # ids that are unpacked at a time
TAKEN = 1 << 14  # ids of which some are taken at a time
LARGE = 1 << 22  # bytes of texts that are compared at a time
CLOSE = 4  # ids among which one is wanted, so that all are unpacked
WORD = 8  # bytes that are compared at a time
SHORT = 8 * WORD  # bytes of a text up to which texts are sorted as numbers
NARROW = 2**32  # bytes up to which an end takes four


@dataclass(frozen=True, slots=True, eq=False)
class Ids(Sequence[str]):
    """A sequence of texts.

    Attributes:
        data: the texts, one behind the other, in UTF-8; lone surrogates as they stand. In memory,
            or in a temporary file.
        ends: shape (N,), where each ends.
    """

    data: bytes | Stored
    ends: Column

    @classmethod
    def pack(cls, texts: Iterable[str]) -> "Ids":
        """Pack texts, in memory."""
        texts = texts if isinstance(texts, list) else list(texts)
        joined = "".join(texts)
        data = joined.encode("utf-8", "surrogatepass")
        sizes = map(len, texts if len(data) == len(joined) else map(_encode, texts))
        ends = np.cumsum(np.fromiter(sizes, np.int64, len(texts)))
        return cls(data, _narrow(ends))

    @classmethod
    def join(cls, parts: Sequence["Ids"]) -> "Ids":
        """Put several behind each other."""
        if len(parts) == 1:
            return parts[0]
        starts = np.cumsum([0, *(len(part.data) for part in parts)])
        if parts and all(part.is_stored for part in parts):
            return cls(
                Stored.join([part.data for part in parts if isinstance(part.data, Stored)]),
                Stored.join(
                    [part.ends for part in parts if isinstance(part.ends, Stored)],
                    starts[:-1].tolist(),
                ),
            )
        ends = [part.ends[:] + np.int64(start) for part, start in zip(parts, starts, strict=False)]
        return cls(
            b"".join(part.read(0, len(part.data)) for part in parts),
            _narrow(np.concatenate([np.zeros(0, np.int64), *ends])),
        )

    def put(self, store: Store) -> "Ids":
        """Return the same texts in a temporary file.

        Raises:
            OSError: the disk is full.
        """
        data = np.frombuffer(self.read(0, len(self.data)), np.uint8)
        return Ids(store.put(data), store.put(self.ends[:]))

    @property
    def is_stored(self) -> bool:
        """Whether they lie in a temporary file."""
        return isinstance(self.data, Stored)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> "Ids": ...

    def __getitem__(self, index: int | slice) -> "str | Ids":
        """Return one, or some."""
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        row = range(len(self))[index]
        ends: list[int] = self.ends[max(row - 1, 0) : row + 1].tolist()
        return _decode(self.read(ends[0] if row else 0, ends[-1]))

    def take(self, rows: IntArray) -> "Ids":
        """Return some, in the order given; from a temporary file into the same, if in its order."""
        if not isinstance(self.data, Stored):
            return _take(self.data, self.ends[:], rows)
        if (rows[1:] < rows[:-1]).any():
            return Ids.pack([self[row] for row in rows.tolist()])
        parts = []
        for first in range(0, len(self), TAKEN):
            wanted = rows[slice(*np.searchsorted(rows, [first, first + TAKEN]))]
            if len(wanted):
                texts = list(self.unpack(first, first + TAKEN))
                some = Ids.pack([texts[row] for row in (wanted - first).tolist()])
                parts.append(some.put(self.data.stores[0]))
        return Ids.join(parts)

    def __iter__(self) -> Iterator[str]:
        """Unpack them, some thousands at a time."""
        return self.unpack(0, len(self))

    def unpack(self, begin: int, stop: int) -> Iterator[str]:
        """Unpack some that follow each other."""
        start = self.ends[begin - 1 : begin].tolist()[0] if begin else 0
        for first in range(begin, min(stop, len(self)), BATCH):
            ends = self.ends[first : min(first + BATCH, stop)].tolist()
            data = self.read(start, ends[-1])
            text = data.decode("ascii") if data.isascii() else None
            last = 0
            for end in (end - start for end in ends):
                yield _decode(data[last:end]) if text is None else text[last:end]
                last = end
            start = ends[-1]

    def index(self, value: str, start: int = 0, stop: int | None = None) -> int:
        """Return the first place of a text, among all of them or some."""
        stop = len(self) if stop is None else stop
        for row, text in enumerate(self):
            if text == value and start <= row < stop:
                return row
        raise ValueError(f"{value!r} is none of them")

    def __eq__(self, other: object) -> bool:
        """Whether they are the same texts in the same order."""
        if isinstance(other, Ids):
            return self is other or self._is_like(other)
        return isinstance(other, list) and list(self) == other

    def _is_like(self, other: "Ids") -> bool:
        if len(self) != len(other) or len(self.data) != len(other.data):
            return False
        rows = (slice(first, first + STEP) for first in range(0, len(self), STEP))
        data = range(0, len(self.data), LARGE)
        return all(np.array_equal(self.ends[some], other.ends[some]) for some in rows) and all(
            self.read(start, start + LARGE) == other.read(start, start + LARGE) for start in data
        )

    def read(self, start: int, end: int) -> bytes:
        """Return some bytes of the texts."""
        data = self.data[start:end]
        return data if isinstance(data, bytes) else data.tobytes()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Show them as a list."""
        return repr(list(self))

    def order(self) -> IntArray:
        """Return their places in ascending order, as Python sorts texts.

        UTF-8 is in the order of the characters, so that eight bytes at a time are compared as one
        number, the last ones first; a text that ends before another, of which it is the beginning,
        comes first.

        >>> Ids.pack(["b", "a", "aa"]).order().tolist()
        [1, 2, 0]
        """
        ends = self.ends[:].astype(np.int64)
        sizes = np.diff(ends, prepend=0)
        longest = int(sizes.max(initial=0))
        if longest > SHORT:
            texts = list(self)
            return np.array(sorted(range(len(texts)), key=texts.__getitem__), np.int64)
        data = np.frombuffer(self.read(0, len(self.data)), np.uint8)
        order = np.argsort(sizes, kind="stable")
        for first in reversed(range(0, longest, WORD)):
            keys = np.zeros(len(sizes), np.uint64)
            for place in range(first, first + WORD):
                inside = sizes > place
                keys <<= np.uint64(8)
                keys[inside] |= data[(ends - sizes)[inside] + place]
            order = order[np.argsort(keys[order], kind="stable")]
        return order

    def are_distinct(self) -> bool:
        """Whether no two are equal."""
        hashes = np.fromiter(map(hash, self), np.int64, len(self))
        hashes.sort()
        alike = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
        if not alike:
            return True
        seen: set[str] = set()
        for text in self:
            if hash(text) in alike:
                if text in seen:
                    return False
                seen.add(text)
        return True


def pick_texts(texts: Sequence[str], rows: IntArray) -> list[str]:
    """Return some texts, in the order given; of ids those that are close together at once."""
    if not len(rows) or not isinstance(texts, Ids):
        return [texts[row] for row in rows.tolist()]
    first, last = int(rows.min()), int(rows.max())
    if last - first > CLOSE * len(rows):
        return [texts[row] for row in rows.tolist()]
    unpacked = list(texts.unpack(first, last + 1))
    return [unpacked[row] for row in (rows - first).tolist()]


def _take(data: bytes, ends: NDArray[np.unsignedinteger], rows: IntArray) -> Ids:
    """Return some texts, in the order given, some thousands at a time."""
    whole = np.frombuffer(data, np.uint8)
    texts, stops = [], np.zeros(len(rows), np.int64)
    last = 0
    for first in range(0, len(rows), TAKEN):
        wanted = rows[first : first + TAKEN]
        starts = np.where(wanted > 0, ends[wanted - 1], 0).astype(np.int64)
        sizes = ends[wanted].astype(np.int64) - starts
        after = np.cumsum(sizes)
        shift = np.repeat(starts - (after - sizes), sizes)
        texts.append(whole[np.arange(len(shift)) + shift].tobytes())
        stops[first : first + TAKEN] = after + last
        last += len(shift)
    return Ids(b"".join(texts), _narrow(stops))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _narrow(ends: IntArray) -> NDArray[np.unsignedinteger]:
    return ends.astype(np.uint64 if len(ends) and ends[-1] >= NARROW else np.uint32)
