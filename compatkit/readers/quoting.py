"""Quoting: whether the quotes of a table stand around its cells or belong to its texts.

A file does not say. It is read the one way that gives every row as many cells as the header
has; where both ways do, and give other cells, the user must say.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator

from compatkit.errors import DataError
from compatkit.readers import QUOTED, UNQUOTED

QUOTE = '"'
ESCAPED = re.compile(r'""|\\"')
SHOWN = 60


def find_quoting(
    lines: Iterable[str], delimiter: str, width: int, where: Callable[[int], str]
) -> str:
    """Return the way in which a table is to be read, as soon as that is known.

    A header in quotes says it, and so do cells in quotes each of which holds a doubled quote,
    as those writers make them that quote only what must be quoted.

    Args:
        lines: the lines, with their line breaks, from the first one that may hold a quote.
        delimiter: what stands between two cells.
        width: the number of the header's cells; 0 where the lines begin with the header.
        where: the place of one of the lines, counted from 1, for messages.

    Raises:
        DataError: both ways fit every line and give other cells; or only the way without
            quoting fits, and cells look as if their quotes were escaped.
    """
    plain = _Unquoted(delimiter, width)
    watched = plain.watch(lines)
    table = csv.reader(watched, delimiter=delimiter, strict=True)
    rows, fault = 0, ""
    try:
        for cells in table:
            rows += bool(cells)
            if cells and plain.width and len(cells) != plain.width:
                fault = f"{where(table.line_num)} has {len(cells)}"
            if fault or plain.decided:
                break
    except csv.Error as error:
        fault = f"{where(table.line_num)} is no row: {error}"
    for _ in watched if fault else ():
        if plain.decided:
            break
    if plain.decided or not (fault or rows != plain.rows or plain.bare):
        return QUOTED
    if fault and not plain.escaped:
        return UNQUOTED
    raise DataError(_either_way(plain, rows, where, fault))


def _either_way(plain: "_Unquoted", rows: int, where: Callable[[int], str], fault: str) -> str:
    if fault:
        line, cell = plain.escaped[0]
        return (
            f"{where(line)}: the cell {cell:.{SHOWN}} looks like a text in quotes, and with cells "
            f"in quotes {fault}, where the header has {plain.width} cells. Say --quoting unquoted "
            "if all quotes belong to the texts; or else write the file again, whole, with each "
            'quote in a text as "".'
        )
    what = (
        f"the cell {plain.bare[0][1]:.{SHOWN}} may stand in quotes, or hold them itself"
        if rows == plain.rows
        else f"with cells in quotes the file has fewer rows than without, by {plain.rows - rows:,}"
    )
    return (
        f"{where((plain.bare or plain.opened)[0][0])}: {what}, and each way every row has "
        f"{plain.width} cells. Say --quoting quoted if quotes stand around cells, --quoting "
        "unquoted if they belong to the texts."
    )


class _Unquoted:
    """What a table is if its quotes belong to its texts.

    Attributes:
        width: the number of the header's cells, 0 until that is known.
        rows: the number of lines that are not blank.
        decided: the table cannot be this: the header is in quotes, or a line has another number
            of cells.
        opened: the first line with a cell that begins with a quote, and the cell.
        bare: the first that stands in quotes and holds nothing that needs them.
        escaped: the first that stands in quotes and holds others, each of them doubled or after
            a backslash.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        self.rows = 0
        self.decided = False
        self.opened: list[tuple[int, str]] = []
        self.bare: list[tuple[int, str]] = []
        self.escaped: list[tuple[int, str]] = []

    def watch(self, lines: Iterable[str]) -> Iterator[str]:
        """Pass lines on, and look at each."""
        for number, line in enumerate(lines, 1):
            text = line.rstrip("\r\n")
            if text:
                self._see(number, text)
            yield line

    def _see(self, number: int, line: str) -> None:
        self.rows += 1
        if not self.width and line.strip(self.delimiter + " "):
            self.width = line.count(self.delimiter) + 1
            self.decided = line.startswith(QUOTE) or self.delimiter + QUOTE in line
            return
        if self.width and line.count(self.delimiter) + 1 != self.width:
            self.decided = True
        elif QUOTE in line:
            for cell in line.split(self.delimiter):
                if cell.startswith(QUOTE):
                    self._see_cell(number, cell)

    def _see_cell(self, number: int, cell: str) -> None:
        place = [(number, cell)]
        self.opened = self.opened or place
        inside = cell[1:-1]
        whole = len(cell) > 1 and cell.endswith(QUOTE)
        if not whole or (inside and QUOTE * 2 not in inside):
            self.bare = self.bare or place
        unescaped = ESCAPED.sub("", inside)
        if whole and unescaped != inside and QUOTE not in unescaped:
            self.escaped = self.escaped or place
