"""Flips: every flipped example whole, as JSONL, CSV or Parquet.

One row an example: task, old, new, id, kind (`negative` or `positive`), scores, predictions,
references, input, the two records as they stand in their files (as JSON text in CSV and Parquet),
the answers as they were judged, slices and cause. In CSV a text that a spreadsheet would take for a
formula begins with a single quote.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.reports.hostile import csv_line

NESTED = ("references", "old_record", "new_record", "slices")
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
)


def flips_format(path: str | Path) -> Callable[[Sequence[Comparison]], bytes]:
    """Return what writes the format that the path's suffix names.

    Raises:
        ConfigError: a suffix that names no format.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ConfigError(f"{path}: --flips writes {', '.join(FORMATS)}; the suffix says which.")
    return FORMATS[suffix]


def render_flips(results: Sequence[Comparison], path: str | Path) -> bytes:
    """Return the flipped examples in the format that the path's suffix names.

    Raises:
        ConfigError: a suffix that names no format.
    """
    return flips_format(path)(results)


def _rows(results: Sequence[Comparison]) -> Iterator[dict[str, Any]]:
    for comparison in results:
        names = {"task": comparison.task, "old": comparison.old, "new": comparison.new}
        for example in comparison.examples or ():
            yield {**names, **example.to_dict(whole=True)}


def _jsonl(results: Sequence[Comparison]) -> bytes:
    lines = (json.dumps(_finite(row), default=str, allow_nan=False) for row in _rows(results))
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _csv(results: Sequence[Comparison]) -> bytes:
    rows = map(_flat, _rows(results))
    lines = [csv_line(HEADER), *(csv_line(map(row.get, HEADER)) for row in rows)]
    return "".join(lines).encode("utf-8")


def _parquet(results: Sequence[Comparison]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    numbers = {"old_score", "new_score"}
    schema = pa.schema(
        [(name, pa.float64() if name in numbers else pa.string()) for name in HEADER]
    )
    rows = [
        {
            key: cell.encode("utf-8", "backslashreplace").decode()
            if isinstance(cell, str)
            else cell
            for key, cell in _flat(row).items()
        }
        for row in _rows(results)
    ]
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    nested = {
        key: json.dumps(_finite(row[key]), ensure_ascii=False, default=str, allow_nan=False)
        for key in NESTED
    }
    return {**row, **nested}


def _finite(value: Any) -> Any:
    """Return a record as JSON knows it: NaN and infinity, which it does not, as texts."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


FORMATS: dict[str, Callable[[Sequence[Comparison]], bytes]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
