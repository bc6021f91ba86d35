"""Parquet: one row an example, columns as in JSON Lines (lists and structs included)."""

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.blocks import read_whole
from compatkit.readers.compression import is_compressed, knows_end

BATCH = 20_000


def read_parquet(stream: BinaryIO, name: str) -> Iterator[Records]:
    """Yield the records of a Parquet file; `lines` are the numbers of the rows, from 1.

    Args:
        stream: the bytes; held in memory where they were compressed from outside, or where nobody
            says how many there are.
        name: what messages call the file.

    Raises:
        DataError: not a Parquet file, or a damaged one.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    row = 1
    try:
        table = parquet.ParquetFile(open_ends(stream, name))
        refuse_repeated(table.schema_arrow.names, name)
        for batch in table.iter_batches(batch_size=BATCH):
            rows = batch.to_pylist()
            yield Records(rows, range(row, row + len(rows)), name)
            row += len(rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{name}: not a whole Parquet file: {what}. Write it again.") from error


def open_ends(stream: BinaryIO, name: str) -> BinaryIO:
    """Return bytes that can be read from their end; they are held where the stream's cannot."""
    if is_compressed(stream) or not knows_end(stream):
        return io.BytesIO(read_whole(stream, name))
    return cast("BinaryIO", _WithinFile(stream))


class _WithinFile(io.RawIOBase):
    """A file of which no more is asked than it holds: lengths in a damaged one may be anything."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = stream.seek(0, io.SEEK_END)
        stream.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(self._size - self._stream.tell(), 0)
        return self._stream.read(left if size is None or size < 0 else min(size, left))


def refuse_repeated(names: list[str], name: str) -> None:
    """Refuse a table that has two columns of one name.

    Raises:
        DataError: it has.
    """
    twice = [column for column in names if names.count(column) > 1]
    if twice:
        raise DataError(f"{name}: two columns are called {twice[0]!r}. Rename one.")
