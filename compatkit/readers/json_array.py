"""A JSON array of objects, or a document that holds rows.

    [{"id": "q1", "prediction": "Paris", "reference": "Paris"}]

Where in a document the rows stand is said by a path; see `compatkit.predictions.nested`. The whole
file is held in memory; for large files JSON Lines is the better kind.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.fields import MISSING, Record
from compatkit.predictions.nested import describe_rows, find_fault, find_rows, list_places, to_rows
from compatkit.predictions.records import Records
from compatkit.readers.blocks import read_json_text
from compatkit.readers.decoding import decode_json, repeats_a_key

BATCH = 20_000


def read_json(stream: BinaryIO, name: str, *, rows: str | None = None) -> Iterator[Records]:
    """Yield the records of a JSON array; `lines` are the numbers of the items, from 1.

    Args:
        stream: the decompressed bytes.
        name: what messages call the file.
        rows: where the rows stand; None where the file is an array of them.

    Raises:
        DataError: no JSON, no array, no rows where they should be, or an item that is no object.
    """
    document = _decode(read_json_text(stream, name), name)
    listed, notes = (document, ()) if rows is None else _find(document, rows, name)
    if not isinstance(listed, list):
        places = list_places(listed)
        hint = f" It holds rows: say --rows {' or '.join(places)}." if places else ""
        raise DataError(
            f"{name}: a JSON {type(listed).__name__}; an array of objects was expected. "
            f"For one object a line pass --reader jsonl.{hint}"
        )
    for number, row in enumerate(listed, 1):
        if not isinstance(row, dict):
            raise DataError(
                f"{name}:{number}: item {number} is a {type(row).__name__}; an object was expected."
            )
    for start in range(0, len(listed), BATCH):
        batch = listed[start : start + BATCH]
        yield Records(batch, range(start + 1, start + 1 + len(batch)), name, notes)


def _find(document: Any, path: str, name: str) -> tuple[list[Record], tuple[str, ...]]:
    """Return the rows at a path, with how they stand there."""
    value = find_rows(document, path)
    rows = None if value is MISSING else to_rows(value)
    if rows is None:
        places = list_places(document)
        hint = f" Rows stand at {', '.join(places)}." if places else ""
        if fault := find_fault(value):
            raise DataError(f"{name}: --rows is {path!r}, and the table there is none: {fault}.")
        kind = "nothing" if value is MISSING else f"a {type(value).__name__} that is no rows"
        raise DataError(
            f"{name}: --rows is {path!r}, and {kind} stands there; a list of objects, an object "
            f"from ids to rows, or a table of columns and data was expected.{hint}"
        )
    return rows, (f"rows are read from {path!r}, {describe_rows(value)}",)


def _decode(raw: bytes, name: str) -> Any:
    import msgspec  # noqa: PLC0415

    if not raw.strip():
        return []
    try:
        rows = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        end = b"]" if raw.lstrip().startswith(b"[") else b"}"
        return decode_json(raw, name, cut=not raw.rstrip().endswith(end))
    whole = rows if isinstance(rows, list) else [rows]
    if set(map(type, whole)) == {dict} and repeats_a_key(raw, whole):
        return decode_json(raw, name)
    return rows
