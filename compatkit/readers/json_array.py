"""A JSON array of objects.

    [{"id": "q1", "prediction": "Paris", "reference": "Paris"}]

The whole file is held in memory; for large files JSON Lines is the better kind.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.blocks import read_whole
from compatkit.readers.decoding import BOM, decode_json, repeats_a_key

BATCH = 20_000


def read_json(stream: BinaryIO, name: str) -> Iterator[Records]:
    """Yield the records of a JSON array; `lines` are the numbers of the items, from 1.

    Args:
        stream: the decompressed bytes.
        name: what messages call the file.

    Raises:
        DataError: no JSON, no array, or an item that is no object.
    """
    rows = _decode(read_whole(stream, name).removeprefix(BOM), name)
    if not isinstance(rows, list):
        raise DataError(
            f"{name}: a JSON {type(rows).__name__}; an array of objects was expected. "
            "For one object a line pass --reader jsonl."
        )
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataError(
                f"{name}:{number}: item {number} is a {type(row).__name__}; an object was expected."
            )
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        yield Records(batch, range(start + 1, start + 1 + len(batch)), name)


def _decode(raw: bytes, name: str) -> Any:
    import msgspec  # noqa: PLC0415

    if not raw.strip():
        return []
    try:
        rows = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_json(raw, name, cut=not raw.rstrip().endswith(b"]"))
    if isinstance(rows, list) and set(map(type, rows)) == {dict} and repeats_a_key(raw, rows):
        return decode_json(raw, name)
    return rows
