"""Nested rows: where in a JSON document the rows stand.

    {"run": {...}, "results": {"tests": [{"id": 1, ...}, ...]}}      results.tests
    {"q1": {"prediction": ...}, "q2": {...}}                         .
    {"columns": ["id", "prediction"], "data": [[1, "a"], ...]}       .

Rows are a list of objects, an object from ids to rows, or what pandas writes as `split`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compatkit.arrays import as_index
from compatkit.predictions.fields import LONE, MISSING, NO_ROWS_HINT, Record, get_path

ROOT = "."  # the document itself
DEEPEST = 4
SHOWN = 5


def find_rows(document: Any, path: str) -> Any:
    """Return what stands at a path of keys and, in lists, numbers; `MISSING` for nothing.

    >>> find_rows({"results": [{"tests": []}]}, "results.0.tests")
    []
    """
    if path == ROOT:
        return document
    if isinstance(document, Mapping):
        value = get_path(document, path)
        if value is not MISSING:
            return value
    first, _, rest = path.partition(".")
    value = MISSING
    if isinstance(document, Mapping):
        value = document.get(first, MISSING)
    elif isinstance(document, list):
        index = as_index(first)
        value = document[index] if index is not None and index < len(document) else MISSING
    return find_rows(value, rest) if rest and value is not MISSING else value


def to_rows(value: Any) -> list[Record] | None:
    """Make rows of a list of objects, an object from ids to rows, or a split table; None of others.

    >>> to_rows({"q1": {"prediction": "a"}, "q2": {"prediction": "b"}})
    [{'id': 'q1', 'prediction': 'a'}, {'id': 'q2', 'prediction': 'b'}]
    >>> to_rows({"columns": ["id", "prediction"], "data": [[1, "a"]]})
    [{'id': 1, 'prediction': 'a'}]
    >>> to_rows({"q1": "a", "q2": None})
    [{'id': 'q1', 'value': 'a'}, {'id': 'q2', 'value': None}]
    """
    if isinstance(value, list):
        return value if value and all(isinstance(row, dict) for row in value) else None
    if not isinstance(value, dict) or not value:
        return None
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return _of_split(value)
    rows = [row for key, item in value.items() for row in _of_id(key, item)]
    return rows if all(row is not None for row in rows) else None


def find_fault(value: Any) -> str:
    """Say why a table of columns and data is none; nothing where it is one, or no table at all.

    >>> find_fault({"columns": ["id", "prediction"], "data": [[1, "a"], [2]]})
    'its row 2 has 1 cells for 2 columns'
    """
    if not (isinstance(value, Mapping) and isinstance(value.get("columns"), list)):
        return ""
    columns, data = [str(column) for column in value["columns"]], value.get("data")
    if not isinstance(data, list):
        return ""
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        return f"two of its columns are called {twice!r}"
    if isinstance(value.get("nrows"), int) and value["nrows"] != len(data):
        return f"it has {len(data):,} rows, and its nrows says {value['nrows']:,}; was it cut?"
    for number, cells in enumerate(data, 1):
        size = len(cells) if isinstance(cells, list) else 0
        if size != len(columns):
            return f"its row {number} has {size} cells for {len(columns)} columns"
    return ""


def describe_rows(value: Any) -> str:
    """Say how rows stand there."""
    if isinstance(value, list):
        return "a list"
    return "a table of columns and data" if "columns" in value else "an object from ids to rows"


def list_places(document: Any) -> list[str]:
    """Return the paths of a document that hold rows, as messages propose them."""
    places = list(_walk(document, "", 0))
    lists = [(path, rows) for path, rows in places if not isinstance(rows, dict)]
    return [f"{path} ({len(rows):,})" for path, rows in lists or places][:SHOWN]


def propose_rows(rows: Sequence[Record]) -> str:
    """Return the end of a message where a file of one row may be a document that holds rows."""
    places = list_places(dict(rows[0])) if len(rows) == 1 else []
    return f" {NO_ROWS_HINT}: {', '.join(places)}." if places else ""


def _walk(
    value: Any, path: str, depth: int
) -> Iterator[tuple[str, Sequence[Any] | dict[str, Any]]]:
    """Yield each path that holds a list of objects, a split table, or an object of objects."""
    if isinstance(value, list):
        if _is_list_of_rows(value):
            yield path, value
    elif isinstance(value, dict) and isinstance(value.get("columns"), list) and "data" in value:
        yield path or ROOT, value["data"]
    elif isinstance(value, dict) and depth < DEEPEST:
        if len(value) > 1 and all(isinstance(item, dict) for item in value.values()):
            yield path or ROOT, value
        if len(value) > 1 and all(map(_is_list_of_rows, value.values())):  # ids to samples
            yield path or ROOT, list(value.values())
            return
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}" if path else str(key), depth + 1)


def _is_list_of_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _of_split(table: Mapping[str, Any]) -> list[Record] | None:
    columns = [str(column) for column in table["columns"]]
    index = table.get("index")
    if find_fault(table):
        return None
    rows = [dict(zip(columns, cells, strict=True)) for cells in table["data"]]
    if isinstance(index, list) and len(index) == len(rows) and "index" not in columns:
        rows = [{"index": key, **row} for key, row in zip(index, rows, strict=True)]
    return list(rows)


def _of_id(key: str, item: Any) -> Iterator[Record]:
    """Yield the row of an id, or a row for each of its samples."""
    if isinstance(item, dict):
        yield {"id": key, **item}
    elif isinstance(item, list) and item and all(isinstance(row, dict) for row in item):
        for number, row in enumerate(item):
            yield {"id": key, "sample": number, **row}
    else:
        yield {"id": key, LONE: item}
