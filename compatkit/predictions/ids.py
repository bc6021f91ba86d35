"""Ids: those of many rows, packed: a list of texts takes some sixty bytes more for each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import IntArray

BATCH = 4096  # ids that are unpacked at a time
NARROW = 2**32  # bytes up to which an end takes four


@dataclass(frozen=True, slots=True, eq=False)
class Ids(Sequence[str]):
    """A sequence of texts.

    Attributes:
        data: the texts, one behind the other, in UTF-8; lone surrogates as they stand.
        ends: shape (N,), where each ends.
    """

    data: bytes
    ends: NDArray[np.unsignedinteger]

    @classmethod
    def pack(cls, texts: Iterable[str]) -> "Ids":
        """Pack texts."""
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
        ends = [part.ends + np.int64(start) for part, start in zip(parts, starts, strict=False)]
        return cls(
            b"".join(part.data for part in parts),
            _narrow(np.concatenate([np.zeros(0, np.int64), *ends])),
        )

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
        start = int(self.ends[row - 1]) if row else 0
        return _decode(self.data[start : int(self.ends[row])])

    def take(self, rows: IntArray) -> "Ids":
        """Return some, in the order given."""
        return Ids.pack([self[row] for row in rows.tolist()])

    def __iter__(self) -> Iterator[str]:
        """Unpack them, some thousands at a time."""
        start = 0
        for first in range(0, len(self), BATCH):
            ends = self.ends[first : first + BATCH].tolist()
            data = self.data[start : ends[-1]]
            text = data.decode("ascii") if data.isascii() else None
            last = 0
            for end in (end - start for end in ends):
                yield _decode(data[last:end]) if text is None else text[last:end]
                last = end
            start = ends[-1]

    def __eq__(self, other: object) -> bool:
        """Whether they are the same texts in the same order."""
        if isinstance(other, Ids):
            return self is other or (
                self.data == other.data and np.array_equal(self.ends, other.ends)
            )
        return isinstance(other, list) and list(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Show them as a list."""
        return repr(list(self))

    def are_distinct(self) -> bool:
        """Whether no two are equal."""
        hashes = np.sort(np.fromiter(map(hash, self), np.int64, len(self)))
        return not (hashes[1:] == hashes[:-1]).any() or len(set(self)) == len(self)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _narrow(ends: IntArray) -> NDArray[np.unsignedinteger]:
    return ends.astype(np.uint64 if len(ends) and ends[-1] >= NARROW else np.uint32)
