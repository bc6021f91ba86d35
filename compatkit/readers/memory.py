"""Rows that are in memory already: lists of mappings, frames, tables of Arrow, `datasets.Dataset`.

A frame of polars, and whatever else offers Arrow's stream of columns, is read as columns.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from compatkit.errors import DataError
from compatkit.predictions.fields import Columns, Record
from compatkit.predictions.records import Records

BATCH = 20_000
PLAIN = {str, int, float, bool, type(None), list, dict}


def is_frame(data: Any) -> bool:
    """Tell a pandas frame, without importing pandas."""
    return hasattr(data, "iloc") and hasattr(data, "columns")


def is_dataset(data: Any) -> bool:
    """Tell a `datasets.Dataset`, without importing datasets."""
    return all(hasattr(data, name) for name in ("column_names", "with_format", "iter"))


def is_arrow(data: Any) -> bool:
    """Tell what offers its columns by Arrow's interface, such as a frame of polars."""
    return hasattr(data, "__arrow_c_stream__")


def read_memory(data: Any, name: str) -> Iterator[Records]:
    """Yield the records of a frame, a dataset or a sequence of mappings.

    What pandas counts as missing (NaN, None, NA) is null; arrays are lists.

    Raises:
        DataError: an item is no mapping, or two columns have one name.
    """
    if isinstance(data, Columns):
        yield from _column_rows(data, name)
        return
    if not is_frame(data) and (is_dataset(data) or is_arrow(data)):
        parts = _of_dataset(data) if is_dataset(data) else _of_arrow(data, name)
        yield from _number_columns(parts, name)
        return
    rows: Iterable[list[Record]]
    rows = _frame_rows(data, name) if is_frame(data) else _list_rows(data)
    start = 1
    for batch in rows:
        for number, row in enumerate(batch, start):
            if not isinstance(row, Mapping):
                raise DataError(
                    f"{name}:{number}: this row is a {type(row).__name__}; a mapping such as "
                    '{"id": ..., "prediction": ..., "reference": ...} was expected.'
                )
        plain = {type(value) for row in batch for value in row.values()} <= PLAIN
        records = batch if plain else [_plain_row(row) for row in batch]
        yield Records(records, range(start, start + len(batch)), name)
        start += len(batch)


def _column_rows(columns: Columns, name: str) -> Iterator[Records]:
    for start in range(0, len(columns), BATCH):
        rows = columns[start : start + BATCH]
        yield Records(rows, range(start + 1, start + 1 + len(rows)), name)


def _plain_row(row: Record) -> Record:
    """Make lists and numbers of what NumPy holds."""
    return {
        key: value.tolist() if hasattr(value, "tolist") else value for key, value in row.items()
    }


def _list_rows(data: Sequence[Record]) -> Iterator[list[Record]]:
    rows = list(data)
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _frame_rows(frame: Any, name: str) -> Iterator[list[Record]]:
    columns = [str(column) for column in frame.columns]
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise DataError(f"{name}: two columns are called {twice[0]!r}. Rename one.")
    for start in range(0, len(frame), BATCH):
        part = frame.iloc[start : start + BATCH].astype(object).set_axis(columns, axis=1)
        yield part.where(part.notna(), None).to_dict("records")


def _of_dataset(dataset: Any) -> Iterator[dict[str, list[Any]]]:
    yield from dataset.with_format(None).iter(batch_size=BATCH)


def _of_arrow(data: Any, name: str) -> Iterator[dict[str, list[Any]]]:
    import pyarrow as pa  # noqa: PLC0415

    table = pa.table(data)
    names = table.column_names
    twice = [column for column in names if names.count(column) > 1]
    if twice:
        raise DataError(f"{name}: two columns are called {twice[0]!r}. Rename one.")
    for start in range(0, len(table), BATCH):
        part = table.slice(start, BATCH)
        yield {column: part[column].to_pylist() for column in names}


def _number_columns(parts: Iterator[dict[str, list[Any]]], name: str) -> Iterator[Records]:
    start = 1
    for part in parts:
        rows = Columns(part)
        yield Records(rows, range(start, start + len(rows)), name)
        start += len(rows)


def digest_memory(data: Any, name: str) -> str:
    """Return a SHA-256 over the rows, written as JSON with sorted keys.

    A row that JSON cannot hold counts as Python writes it.

    Raises:
        DataError: a row is no mapping, or cannot be written at all.
    """
    import msgspec  # noqa: PLC0415

    digest = hashlib.sha256()
    encode = msgspec.json.Encoder(order="deterministic", enc_hook=_plain).encode
    for batch in read_memory(data, name):
        for line, row in zip(batch.lines, batch.rows, strict=True):
            try:
                digest.update(encode(row))
            except (TypeError, ValueError, RecursionError):
                digest.update(_written(row, name, line))
    return digest.hexdigest()


def _written(row: Record, name: str, line: int) -> bytes:
    try:
        return ascii(row).encode()
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{name}:{line}: nested too deeply, or a number too long, to be a prediction ({error})."
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if hasattr(value, "tolist") else str(value)
