"""The oracle of the fuzz: may a gate without any negative flip pass? It imports no compatkit.

The old model is right on every example, so that a pass means: the file can be read, holds every
example, each with the reference that it had, and each answer equals one of its references.
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
# What a byte's loss leaves of `predictions`, and is a documented name of the same role.
ANSWER_NAMES = ("prediction", "predictions", "pred", "predict")


def may_pass(name: str, data: bytes, old: Sequence[Row]) -> bool:
    """Tell whether one way to read the decompressed bytes of a file leads to a pass."""
    kind = name.split(".")[1]
    try:
        ways = list(READINGS[kind](data))
    except (ValueError, RecursionError, OSError):
        return False
    return any(_is_right(rows, old) for rows in ways)


def _is_right(rows: Sequence[Any], old: Sequence[Row]) -> bool:
    wanted = {str(row["id"]): _texts(row["reference"]) for row in old}
    held = set()
    for row in rows:
        if not isinstance(row, dict) or "id" not in row:
            return False
        named = [name for name in ANSWER_NAMES if name in row]
        prediction = row[named[0]] if named else None
        name = str(row["id"])
        reference = row["reference"] if "reference" in row else row.get("references")
        accepted = _texts(reference)
        answers = prediction if isinstance(prediction, list) else [prediction]
        if name not in wanted or wanted[name] != accepted:
            return False
        if not answers or None in answers or not set(map(_text, answers)) <= accepted:
            return False
        if isinstance(row.get("error"), str) and row["error"] and not _is_number(row["error"]):
            return False
        held.add(name)
    return held == wanted.keys()


def _is_number(text: str) -> bool:
    """Tell a measure of how wrong an answer is from what says that there is none."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _texts(value: Any) -> set[str]:
    return set(map(_text, value if isinstance(value, list) else [value]))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_no_repeats)


def _read_json(data: bytes) -> Iterator[list[Any]]:
    rows = _loads(data.decode("utf-8-sig"))
    yield rows if isinstance(rows, list) else []


def _read_jsonl(data: bytes) -> Iterator[list[Any]]:
    yield [_loads(line) for line in data.decode("utf-8-sig").split("\n") if line.strip()]


def _read_table(data: bytes, delimiter: str) -> Iterator[list[Any]]:
    text = data.decode("utf-8-sig")
    for table in (_split_plain(text, delimiter), _split_quoted(text, delimiter)):
        rows = [cells for cells in table if cells != [""]]
        while rows and not any(cell.strip() for cell in rows[0]):
            rows = rows[1:]
        if rows and all(len(cells) == len(rows[0]) for cells in rows):
            yield [_record(rows[0], cells) for cells in rows[1:]]


def _record(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    record: dict[str, Any] = {key: cell or None for key, cell in zip(header, cells, strict=True)}
    for key in {"references", "predictions"} & record.keys():
        if str(record[key]).startswith("["):
            record[key] = json.loads(record[key])
    return record


def _split_plain(text: str, delimiter: str) -> Iterable[list[str]]:
    return [line.split(delimiter) for line in re.split("\r\n|\n|\r", text)]


def _split_quoted(text: str, delimiter: str) -> list[list[str]]:
    """Split by hand, letter by letter; a quote that is out of place makes no rows."""
    rows, cells, cell, state = [], [], "", "start"
    for letter in f"{text}\n":
        ends = letter in (delimiter, "\n", "\r")
        if state == "quoted":
            state = "closing" if letter == '"' else "quoted"
            cell += letter if letter != '"' else ""
        elif state == "closing" and letter == '"':
            state, cell = "quoted", cell + '"'
        elif ends:
            cells.append(cell)
            cell, state = "", "start"
            if letter != delimiter:
                rows.append(cells)
                cells = []
        elif state == "closing":
            return []
        elif state == "start" and letter == '"':
            state = "quoted"
        else:
            state, cell = "plain", cell + letter
    return rows if state == "start" else []


def _read_parquet(data: bytes) -> Iterator[list[Any]]:
    from pyarrow import parquet  # noqa: PLC0415

    table = parquet.read_table(io.BytesIO(data))
    if len(set(table.column_names)) == len(table.column_names):
        yield table.to_pylist()


READINGS: Mapping[str, Callable[[bytes], Iterator[list[Any]]]] = {
    "csv": lambda data: _read_table(data, ","),
    "json": _read_json,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
    "tsv": lambda data: _read_table(data, "\t"),
}
