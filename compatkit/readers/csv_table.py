"""CSV and TSV with a header line, UTF-8.

    id,prediction,reference
    q1,Paris,Paris

Cells may stand in quotes, as RFC 4180 says, or quotes be characters like all others, as the
media type of TSV says: `compatkit.readers.quoting` finds out. CSV knows no null: an empty cell
stands for it, so an empty prediction is 'no answer'. A cell of a column `references` or
`predictions` may hold a JSON list of texts.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import Record
from compatkit.predictions.records import Records
from compatkit.readers import QUOTED, QUOTING, UNQUOTED
from compatkit.readers.blocks import BOM, LARGEST_LINE, read_blocks
from compatkit.readers.quoting import find_quoting

BATCH = 20_000
# Delimiters that a file may have instead, likelier ones first; what to call them, what to do.
OTHERS = {",": "\t;|", "\t": ",;|"}
NAMES = {",": "comma", "\t": "tab"}
ADVICE = {
    ",": "Name it .csv or say --reader csv.",
    "\t": "Name it .tsv or say --reader tsv.",
    ";": "Write it again with commas, or with tabs as .tsv.",
    "|": "Write it again with commas, or with tabs as .tsv.",
}
LISTS = frozenset({"references", "predictions"})
BELONG = "its quotes belong to the texts, since not every row has the header's cells otherwise"


def read_csv(stream: BinaryIO, name: str, *, quoting: str | None = None) -> Iterator[Records]:
    """Yield the records of a comma-separated file.

    Args:
        stream: the decompressed bytes.
        name: what messages call the file.
        quoting: `quoted` or `unquoted`; without it the file decides, where it can.

    Raises:
        DataError: with the line and what was found there.
    """
    return _Table(stream, name, ",", quoting).batches()


def read_tsv(stream: BinaryIO, name: str, *, quoting: str | None = None) -> Iterator[Records]:
    """Yield the records of a tab-separated file; see `read_csv`.

    Raises:
        DataError: with the line and what was found there.
    """
    return _Table(stream, name, "\t", quoting).batches()


class _Table:
    """A table while it is read."""

    def __init__(self, stream: BinaryIO, name: str, delimiter: str, quoting: str | None) -> None:
        if quoting is not None and quoting not in QUOTING:
            raise ConfigError(
                f"--quoting is {quoting!r}; one of {', '.join(QUOTING)} was expected."
            )
        self.stream = stream
        self.name = name
        self.delimiter = delimiter
        self.quoting = quoting  # None until a quote is met
        self.notes: tuple[str, ...] = ()
        self.header: list[str] = []
        self.lines_before = 0
        self.table = csv.reader(())

    @property
    def line(self) -> int:
        """The number of lines that were read."""
        return self.lines_before + self.table.line_num

    def batches(self) -> Iterator[Records]:
        """Yield the records."""
        csv.field_size_limit(LARGEST_LINE)
        rows: list[Record] = []
        lines: list[int] = []
        table = self._rows()
        try:
            self.header = next(filter(_names_columns, table), [])
            _check_header(self.header, self.delimiter, f"{self.name}:{self.line}")
            for cells in table:
                if not cells:
                    continue
                if len(cells) != len(self.header):
                    raise DataError(
                        f"{self.name}:{self.line}: {len(cells)} cells; the header has "
                        f"{len(self.header)}. Quote the cells that hold the delimiter or a line "
                        "break."
                    )
                rows.append(_record(self.header, cells, self.name, self.line))
                lines.append(self.line)
                if len(rows) == BATCH:
                    yield Records(rows, lines, self.name, self.notes)
                    rows, lines = [], []
        except csv.Error as error:
            raise DataError(
                f"{self.name}:{self.line}: not a table: {error}. Quote as RFC 4180 says: a cell "
                'that holds a quote as "a ""quoted"" word". If the file was cut off, write it '
                "again."
            ) from error
        yield Records(rows, lines, self.name, self.notes)

    def _rows(self) -> Iterator[list[str]]:
        """Yield the cells of each row, the header's too."""
        texts = self._texts()
        for text in texts:
            # Up to the first quote both ways to read a table are one.
            ahead = [text] if self.quoting is None else chain([text], texts)
            self.lines_before = self.line
            self.table = csv.reader(
                _split_lines(ahead),
                delimiter=self.delimiter,
                strict=True,
                quoting=csv.QUOTE_NONE if self.quoting == UNQUOTED else csv.QUOTE_MINIMAL,
            )
            yield from self.table

    def _texts(self) -> Iterator[str]:
        start = self.stream.tell()
        for block in read_blocks(self.stream, self.name, returns=True):
            if self.quoting is None and b'"' in block:
                self._find_quoting(start)
            text = _text(block, start)
            try:
                yield text.decode("utf-8")
            except UnicodeDecodeError as error:
                before = sum(1 for _ in _split_lines([f"{text[: error.start].decode()}x"]))
                raise DataError(
                    f"{self.name}:{self.line + before}: byte {text[error.start]:#04x} is not "
                    "UTF-8. Convert the file to UTF-8."
                ) from error
            start += len(block)

    def _find_quoting(self, start: int) -> None:
        """Read ahead from the block that begins at a byte, until it is known how to read it."""
        reached = self.stream.tell()
        self.stream.seek(start)
        blocks = read_blocks(self.stream, self.name, returns=True)
        ahead = chain((_text(next(blocks), start),), blocks)
        before = self.line
        self.quoting = find_quoting(
            _split_lines(text.decode("utf-8", "replace") for text in ahead),
            self.delimiter,
            len(self.header),
            lambda line: f"{self.name}:{before + line}",
        )
        self.notes = (BELONG,) if self.quoting != QUOTED else ()
        self.stream.seek(reached)


def _text(block: bytes, start: int) -> bytes:
    """Return a block without the byte order mark of a file's first one."""
    return block if start else block.removeprefix(BOM)


def _split_lines(texts: Iterable[str]) -> Iterator[str]:
    r"""Yield lines with their breaks: \n, \r\n, \r."""
    return chain.from_iterable(io.StringIO(text, newline="") for text in texts)


def _names_columns(cells: list[str]) -> bool:
    return any(map(str.strip, cells))


def _check_header(cells: list[str], delimiter: str, where: str) -> None:
    """Refuse a column twice, and a header that another delimiter would split."""
    twice = [cell for cell in cells if cells.count(cell) > 1]
    if twice:
        raise DataError(f"{where}: two columns are called {twice[0]!r}. Rename one.")
    likely = [other for other in OTHERS[delimiter] if len(cells) == 1 and other in cells[0]]
    if likely:
        separator, wanted = NAMES.get(likely[0], likely[0]), NAMES.get(delimiter, delimiter)
        raise DataError(
            f"{where}: the header is one cell, {cells[0][:60]!r}: the file looks like "
            f"{separator}-separated; {wanted}-separated was expected. {ADVICE[likely[0]]}"
        )


def _record(header: list[str], cells: list[str], name: str, line: int) -> Record:
    record: dict[str, Any] = {key: cell or None for key, cell in zip(header, cells, strict=True)}
    for key in LISTS & record.keys():
        cell = record[key]
        if cell and cell.startswith("["):
            try:
                record[key] = json.loads(cell)
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"{name}:{line}: the cell of {key!r} begins like a JSON list and is none: "
                    f"{error}. Name the column in the singular for a text that begins with '['."
                ) from error
    return record
