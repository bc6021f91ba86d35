"""Arrow: one row an example, as `.arrow` and `.feather` files hold them."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.parquet import BATCH, open_ends, refuse_repeated
from compatkit.readers.source import ARROW_FILE, ARROW_STREAM

if TYPE_CHECKING:
    import pyarrow as pa

END = ARROW_STREAM + bytes(4)  # the last message of a stream


def read_arrow(stream: BinaryIO, name: str) -> Iterator[Records]:
    """Yield the records of Arrow's file or stream format; `lines` are the rows' numbers, from 1.

    Feather is the file format; `datasets` saves streams.

    Args:
        stream: the bytes; held in memory where they were compressed from outside, or where nobody
            says how many there are.
        name: what messages call the file.

    Raises:
        DataError: not such a file, or a damaged one, or a stream without its end.
    """
    import pyarrow as pa  # noqa: PLC0415

    row = 1
    try:
        for batch in _read_batches(open_ends(stream, name), name):
            batch.validate(full=True)  # places that a file names may lie beyond it
            for start in range(0, len(batch), BATCH):
                rows = batch.slice(start, BATCH).to_pylist()
                yield Records(rows, range(row, row + len(rows)), name)
                row += len(rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{name}: not a whole Arrow file: {what}. Write it again.") from error


def _read_batches(stream: BinaryIO, name: str) -> "Iterator[pa.RecordBatch]":
    from pyarrow import ipc  # noqa: PLC0415

    start = stream.read(len(ARROW_FILE))
    stream.seek(0)
    if start == ARROW_FILE:
        reader = ipc.open_file(stream)
        refuse_repeated(reader.schema.names, name)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
        return
    if not start.startswith(ARROW_STREAM):
        raise ValueError(f"it begins with {start!r}")
    batches = ipc.open_stream(stream)
    refuse_repeated(batches.schema.names, name)
    yield from batches
    _refuse_no_end(stream)


def _refuse_no_end(stream: BinaryIO) -> None:
    """Refuse a stream that was cut between two messages, or that another one follows."""
    at = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - len(END), 0))
    if at != size or stream.read() != END:
        raise ValueError("the stream does not end where the file does")
