"""Flips: every flipped example whole, as JSONL, CSV or Parquet.

One row an example: task, old, new, id, kind (`negative` or `positive`), scores, predictions,
references, input, the two records as they stand in their files (as JSON text in CSV and Parquet),
the answers as they were judged, slices, cause and, of files with likelihoods of choices, those of
the right one. In CSV a text that a spreadsheet would take for a formula begins with a single quote.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.reports.hostile import csv_line

ROW_GROUP = 50_000
NESTED = ("references", "old_record", "new_record", "slices", "confidence")
HEADER = (
    "task",
    "old",
    "new",
    "id",
    "kind",
    "old_score",
    "new_score",
    "old_prediction",
    "new_prediction",
    "references",
    "input",
    "old_record",
    "new_record",
    "old_answer",
    "new_answer",
    "slices",
    "cause",
    "confidence",
)


def flips_format(path: str | Path) -> Callable[[Sequence[Comparison]], Iterator[bytes]]:
    """Return what writes the format that the path's suffix names.

    Raises:
        ConfigError: a suffix that names no format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"{path}: --flips writes {', '.join(FORMATS)}; the suffix says which.")
    return FORMATS[suffix]


def render_flips(results: Sequence[Comparison], path: str | Path) -> Iterator[bytes]:
    """Yield the flipped examples in the format that the path's suffix names, a part at a time.

    Raises:
        ConfigError: a suffix that names no format.
    """
    return flips_format(path)(results)


def _rows(results: Sequence[Comparison]) -> Iterator[dict[str, Any]]:
    for comparison in results:
        names = {"task": comparison.task, "old": comparison.old, "new": comparison.new}
        for example in comparison.examples or ():
            yield {**names, **example.to_dict(whole=True)}


def _jsonl(results: Sequence[Comparison]) -> Iterator[bytes]:
    for row in _rows(results):
        yield json.dumps(_finite(row), default=str, allow_nan=False).encode("ascii") + b"\n"


def _csv(results: Sequence[Comparison]) -> Iterator[bytes]:
    yield csv_line(HEADER).encode("utf-8")
    for row in map(_flat, _rows(results)):
        yield csv_line(map(row.get, HEADER)).encode("utf-8")


class _Sink(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _parquet(results: Sequence[Comparison]) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    numbers = {"old_score", "new_score"}
    schema = pa.schema(
        [(name, pa.float64() if name in numbers else pa.string()) for name in HEADER]
    )
    sink, rows = _Sink(), map(_encodable, map(_flat, _rows(results)))
    with parquet.ParquetWriter(sink, schema) as writer:
        while part := list(islice(rows, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(part, schema=schema))
            yield sink.take()
    yield sink.take()


def _encodable(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose texts UTF-8 can hold: halves of pairs of surrogates as escapes."""
    return {
        key: cell.encode("utf-8", "backslashreplace").decode() if isinstance(cell, str) else cell
        for key, cell in row.items()
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    nested = {
        key: json.dumps(_finite(row[key]), ensure_ascii=False, default=str, allow_nan=False)
        for key in NESTED
        if key in row
    }
    return {**row, **nested}


def _finite(value: Any) -> Any:
    """Return a record as JSON knows it: NaN and infinity, which it does not, as texts."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


FORMATS: dict[str, Callable[[Sequence[Comparison]], Iterator[bytes]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
