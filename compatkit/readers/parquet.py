"""Parquet: one row an example, columns as in JSON Lines (lists and structs included)."""

import io
from collections.abc import Iterator
from typing import BinaryIO

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

    held = is_compressed(stream) or not knows_end(stream)
    seekable = io.BytesIO(read_whole(stream, name)) if held else stream
    row = 1
    try:
        table = parquet.ParquetFile(seekable)
        _refuse_repeated(table.schema_arrow.names, name)
        for batch in table.iter_batches(batch_size=BATCH):
            rows = batch.to_pylist()
            yield Records(rows, range(row, row + len(rows)), name)
            row += len(rows)
    except (pa.ArrowException, OSError, ValueError) as error:
        what = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{name}: not a whole Parquet file: {what}. Write it again.") from error


def _refuse_repeated(names: list[str], name: str) -> None:
    twice = [column for column in names if names.count(column) > 1]
    if twice:
        raise DataError(f"{name}: two columns are called {twice[0]!r}. Rename one.")
