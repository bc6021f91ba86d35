"""Stored: columns of numbers in a temporary file, read in parts.

The file has no name: the system frees it with the last process that holds it, however that ends.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from compatkit.arrays import IntArray
from compatkit.errors import CompatkitError

MEGA = 1_000_000
STEP = 1 << 18  # rows that are read at a time
ZEROS = -1  # in the place of an offset: a part of zeros, of which nothing is written


class NoRoomError(CompatkitError):
    """A temporary file cannot be made, or cannot grow.

    Attributes:
        where: the folder of temporary files, as messages begin.
        reason: what the system says.
        written: bytes that the file has.
    """

    def __init__(self, error: OSError, written: int = 0) -> None:
        """Make the message of what the system says."""
        import tempfile  # noqa: PLC0415  (start-up time)

        self.where, self.reason, self.written = "temporary files", error.strerror or error, written
        with suppress(OSError):
            self.where = tempfile.gettempdir()
        super().__init__(
            f"{self.where}: no room for a temporary file: {self.reason}. {written / MEGA:,.0f} MB "
            "were written. Name a folder with more room by the variable TMPDIR."
        )


@contextmanager
def refuse_no_room() -> Iterator[None]:
    """Say of an error of the system that a temporary file has no room.

    Raises:
        NoRoomError: there was such an error.
    """
    try:
        yield
    except OSError as error:
        raise NoRoomError(error) from error


class Store:
    """A temporary file that columns are put into.

    Args:
        descriptor: of a file that another process made; a new one is made if not given.
    """

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int | None = None) -> None:
        """Open the file.

        Raises:
            NoRoomError: no folder for temporary files.
        """
        if descriptor is None:
            import tempfile  # noqa: PLC0415  (start-up time)

            with refuse_no_room(), tempfile.TemporaryFile(buffering=0) as file:
                descriptor = os.dup(file.fileno())
        self.descriptor = descriptor

    def __del__(self) -> None:
        """Let go of the file."""
        with suppress(AttributeError, OSError):
            os.close(self.descriptor)

    def put(self, column: NDArray[Any]) -> "Stored":
        """Write a column behind all others; one of zeros takes no room.

        Raises:
            NoRoomError: the disk is full.
        """
        offset = ZEROS
        if column.any():
            offset = self.append(np.ascontiguousarray(column).view(np.uint8))
        return Stored((self,), column.dtype, (offset,), np.array([0, len(column)]), (0,))

    def append(self, content: Any) -> int:
        """Write bytes behind all others, and return where they begin.

        Raises:
            NoRoomError: the disk is full.
        """
        start = position = os.lseek(self.descriptor, 0, os.SEEK_END)
        data = memoryview(content)
        try:
            while data:
                written = os.pwrite(self.descriptor, data, position)
                position += written
                data = data[written:]
        except OSError as error:
            raise NoRoomError(error, position) from error
        return start

    def read(self, target: NDArray[Any], offset: int) -> None:
        """Fill a column with what was put at an offset."""
        data = target.view(np.uint8).data
        while data:
            count = os.preadv(self.descriptor, [data], offset)
            if not count:
                raise EOFError("a temporary file was cut while it was read")
            data, offset = data[count:], offset + count

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the whole content, for a process that does not hold the file."""
        size = os.fstat(self.descriptor).st_size
        return _restore, (os.pread(self.descriptor, size, 0),)


def hold(descriptor: int) -> Store:
    """Return a store whose file this process holds already."""
    return Store(os.dup(descriptor))


def _restore(content: bytes) -> Store:
    store = Store()
    store.append(content)
    return store


class Stored(Struct, frozen=True, eq=False):
    """A column of numbers in files; a slice of it, or the whole, is read as an array.

    Attributes:
        stores: the file of each part of the column.
        kind: of the numbers there.
        offsets: where each part begins; `ZEROS` where nothing is written of it.
        starts: shape (parts + 1,), the first row of each part, and the number of rows.
        shifts: what is added to the numbers of each part.
    """

    stores: tuple[Store, ...]
    kind: np.dtype[Any]
    offsets: tuple[int, ...]
    starts: IntArray
    shifts: tuple[int, ...]

    @classmethod
    def join(cls, columns: Sequence["Stored"], shifts: Sequence[int] | None = None) -> "Stored":
        """Put columns of one kind behind each other; nothing is read.

        Args:
            columns: at least one.
            shifts: what is added to the numbers of each.
        """
        more = [0] * len(columns) if shifts is None else shifts
        sizes = [size for column in columns for size in np.diff(column.starts).tolist()]
        return cls(
            tuple(store for column in columns for store in column.stores),
            columns[0].kind,
            tuple(offset for column in columns for offset in column.offsets),
            np.cumsum([0, *sizes]),
            tuple(
                own + shift
                for column, shift in zip(columns, more, strict=True)
                for own in column.shifts
            ),
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of the numbers as they are read."""
        return np.dtype(np.int64) if any(self.shifts) else self.kind

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.starts[-1])

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Read consecutive rows."""
        start, stop, _ = rows.indices(len(self))
        read = np.zeros(max(stop - start, 0), self.dtype)
        if not len(read):
            return read
        first = int(np.searchsorted(self.starts, start, "right")) - 1
        for part in range(first, len(self.offsets)):
            low, high = (int(row) for row in self.starts[part : part + 2])
            if low >= stop:
                break
            inner = slice(max(low, start), min(high, stop))
            self._fill(read[inner.start - start : inner.stop - start], part, inner.start - low)
        return read

    def _fill(self, target: NDArray[Any], part: int, skipped: int) -> None:
        """Read rows of one part, without the first ones."""
        if self.offsets[part] != ZEROS and len(target):
            own = target if target.dtype == self.kind else np.empty(len(target), self.kind)
            self.stores[part].read(own, self.offsets[part] + skipped * self.kind.itemsize)
            if own is not target:
                target[:] = own
        if self.shifts[part]:
            target += self.shifts[part]

    def any(self) -> bool:
        """Whether a number is not 0."""
        return any(offset != ZEROS for offset in self.offsets) or any(self.shifts)


Column = NDArray[Any] | Stored


def join(columns: Sequence[Column]) -> Column:
    """Put columns behind each other; one of zeros takes no memory until it is written to."""
    stored = [column for column in columns if isinstance(column, Stored)]
    if stored:
        return Stored.join(stored)
    if not any(column.any() for column in columns):
        return np.zeros(sum(map(len, columns)), columns[0].dtype)
    return np.concatenate([load(column) for column in columns])


def load(column: Column) -> NDArray[Any]:
    """Return the whole column."""
    return column[:] if isinstance(column, Stored) else column


def read_parts(*columns: Column) -> Iterator[tuple[slice, list[NDArray[Any]]]]:
    """Yield the rows of columns of one length, some at a time: which they are, and their numbers.

    What is done so for millions of rows needs memory for some thousands, wherever they lie.
    """
    size = len(columns[0])
    for start in range(0, size, STEP):
        rows = slice(start, min(start + STEP, size))
        yield rows, [column[rows] for column in columns]


def take(column: Column, rows: IntArray) -> NDArray[Any]:
    """Return some rows, in the order given."""
    if not isinstance(column, Stored):
        return column[rows]
    taken = np.zeros(len(rows), column.dtype)
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    for start in range(0, len(column) if len(rows) else 0, STEP):
        low, high = np.searchsorted(ordered, [start, start + STEP])
        if low < high:
            taken[order[low:high]] = column[start : start + STEP][ordered[low:high] - start]
    return taken


def look_up(table: NDArray[Any], rows: Column) -> NDArray[Any]:
    """Return the numbers of a table at some places, part by part."""
    looked = np.empty(len(rows), table.dtype)
    for part, (places,) in read_parts(rows):
        looked[part] = table[places]
    return looked


def narrow(numbers: IntArray) -> IntArray:
    """Return whole numbers in half of the memory where none is too large for it."""
    return numbers.astype(find_kind(numbers), copy=False)


def find_kind(*columns: Column) -> np.dtype[Any]:
    """Return the kind of whole numbers that holds those of all columns in the least memory."""
    most = np.iinfo(np.int32).max
    few = all(
        -most <= part.min(initial=0) and part.max(initial=0) <= most
        for column in columns
        for _, (part,) in read_parts(column)
    )
    return np.dtype(np.int32 if few else np.int64)
