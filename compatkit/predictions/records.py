"""Records: the rows of a file as they stand in it."""

from collections.abc import Sequence

from msgspec import Struct

from compatkit.predictions.fields import Record


class Records(Struct, frozen=True):
    """A batch of records in file order.

    Attributes:
        rows: one mapping per record.
        lines: for each record, the number of its line (or row, from 1) in `name`.
        name: what messages call the file.
        notes: sentences about the whole file, for the report.
    """

    rows: Sequence[Record]
    lines: Sequence[int]
    name: str
    notes: tuple[str, ...] = ()
