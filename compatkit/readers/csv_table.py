"""CSV and TSV with a header line, quoted as RFC 4180 says, UTF-8.

    id,prediction,reference
    q1,Paris,Paris

CSV knows no null: an empty cell stands for it, so an empty prediction is 'no answer'.
A cell of a column `references` or `predictions` may hold a JSON list of texts.
"""

import csv
import io
import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.fields import Record
from compatkit.predictions.predictions import Records

BATCH = 20_000
# Delimiters that a file may have instead, likelier ones first; what to call them, what to do.
OTHERS = {",": "\t;", "\t": ",;"}
NAMES = {",": "comma", "\t": "tab"}
ADVICE = {
    ",": "Name it .csv or say --reader csv.",
    "\t": "Name it .tsv or say --reader tsv.",
    ";": "Write it again with commas, or with tabs as .tsv.",
}
LISTS = frozenset({"references", "predictions"})


def read_csv(stream: BinaryIO, name: str) -> Iterator[Records]:
    """Yield the records of a comma-separated file.

    Raises:
        DataError: with the line and what was found there.
    """
    return _read(stream, name, ",")


def read_tsv(stream: BinaryIO, name: str) -> Iterator[Records]:
    """Yield the records of a tab-separated file.

    Raises:
        DataError: with the line and what was found there.
    """
    return _read(stream, name, "\t")


def _read(stream: BinaryIO, name: str, delimiter: str) -> Iterator[Records]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    table = csv.reader(text, delimiter=delimiter, strict=True)
    rows: list[Record] = []
    lines: list[int] = []
    try:
        header = next(filter(_names_columns, table), [])
        _check_header(header, delimiter, f"{name}:{table.line_num}")
        for cells in table:
            if not cells:
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{name}:{table.line_num}: {len(cells)} cells; the header has {len(header)}. "
                    "Quote the cells that hold the delimiter or a line break."
                )
            rows.append(_record(header, cells, f"{name}:{table.line_num}"))
            lines.append(table.line_num)
            if len(rows) == BATCH:
                yield Records(rows, lines, name)
                rows, lines = [], []
    except csv.Error as error:
        raise DataError(
            f"{name}:{table.line_num}: not a table: {error}. Quote as RFC 4180 says: a cell "
            'that holds a quote as "a ""quoted"" word". If the file was cut off, write it again.'
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: after line {table.line_num}: byte {error.object[error.start]:#04x} is not "
            "UTF-8. Convert the file to UTF-8."
        ) from error
    finally:
        text.detach()
    yield Records(rows, lines, name)


def _names_columns(cells: list[str]) -> bool:
    return any(map(str.strip, cells))


def _check_header(cells: list[str], delimiter: str, where: str) -> None:
    """Refuse a column twice, and a header that another delimiter would split."""
    twice = [cell for cell in cells if cells.count(cell) > 1]
    if twice:
        raise DataError(f"{where}: two columns are called {twice[0]!r}. Rename one.")
    likely = [each for each in OTHERS[delimiter] if len(cells) == 1 and each in cells[0]]
    if likely:
        found, wanted = NAMES.get(likely[0], likely[0]), NAMES.get(delimiter, delimiter)
        raise DataError(
            f"{where}: the header is one cell, {cells[0][:60]!r}: the file looks like "
            f"{found}-separated; {wanted}-separated was expected. {ADVICE[likely[0]]}"
        )


def _record(header: list[str], cells: list[str], where: str) -> Record:
    record: dict[str, Any] = {key: cell or None for key, cell in zip(header, cells, strict=True)}
    for key in LISTS & record.keys():
        cell = record[key]
        if cell and cell.startswith("["):
            try:
                record[key] = json.loads(cell)
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"{where}: the cell of {key!r} begins like a JSON list and is none: {error}. "
                    f"Name the column in the singular for a text that begins with '['."
                ) from error
    return record
