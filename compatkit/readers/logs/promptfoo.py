"""promptfoo: what `promptfoo eval -o` writes, as `.json` or `.jsonl`.

A row is joined by the variables and description of its test case, never by `testIdx`, which is
a place in the file and counts on with each repeat. Repeats are samples of one example. Where one
file holds several providers or prompts, each is a task. `failureReason` 2 is an error of the run,
and no wrong answer. The prompt may change; a changed assertion is a changed reference.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.predictions import Records
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    decode_whole,
    expect,
    plain_name,
    set_score,
)
from compatkit.readers.source import open_path, read_head

JSON_LOG = re.compile(rb'\{\s*"evalId"\s*:')
ERROR = 2  # of failureReason: 0 none, 1 an assertion, 2 the run
SHOWN = 60

Row = Mapping[str, Any]


def find_logs(files: Sequence[Path]) -> list[Path]:
    """Return the files that begin as promptfoo's; of a run written in both ways, the `.json`."""
    whole = [path for path in files if JSON_LOG.match(read_head(path))]
    lines = [
        path
        for path in files
        if plain_name(path).endswith(".jsonl")
        and all(key in read_head(path) for key in (b'"promptIdx"', b'"testCase"', b'"provider"'))
    ]
    twins = {path.parent / path.name.partition(".json")[0] for path in whole}
    return whole + [
        path for path in lines if path.parent / path.name.partition(".json")[0] not in twins
    ]


def open_logs(files: Sequence[Path], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file, provider and prompt.

    Raises:
        DataError: a file that is damaged, or holds no results.
    """
    return [log for path in files for log in _open_file(path)]


def _open_file(path: Path) -> list[Log]:
    with open_path(path).open() as stream:
        whole, rows = _load(stream, path)
    groups = {_group(row): row for _, row in reversed(rows)}
    several = [len({group[part] for group in groups}) > 1 for part in (0, 1)]
    stem = path.name.partition(".json")[0]
    logs = []
    for group, row in sorted(groups.items()):
        named = [name for name, many in zip(group, several, strict=True) if many]
        scores = row.get("namedScores")
        logs.append(
            Log(
                harness="promptfoo",
                task=" ".join([stem, *named]),
                path=path,
                metrics=("success", "score", *(scores if isinstance(scores, dict) else ())),
                run=as_text(whole.get("evalId", "")),
                conditions=_conditions(whole, group),
                details={"group": group},
            )
        )
    return logs


def _load(stream: BinaryIO, path: Path) -> tuple[Row, list[tuple[int, Row]]]:
    """Return what the file says of the run, and its rows with their places."""
    name = str(path)
    if plain_name(path).endswith(".jsonl"):
        lines = [
            pair
            for batch in read_jsonl(stream, name, by_hand=False)
            for pair in zip(batch.lines, batch.rows, strict=True)
        ]
        return {}, [(line, expect(row, dict, f"{name}:{line}", "the row")) for line, row in lines]
    whole = expect(decode_whole(stream.read(), name), dict, name, "the log")
    results = whole.get("results")
    rows = results.get("results") if isinstance(results, dict) else results
    listed = expect(rows, list, name, "results.results")
    if not listed:
        raise DataError(f"{name}: holds no results. Did the evaluation run to its end?")
    return whole, [
        (number, expect(row, dict, f"{name}:{number}", "the result"))
        for number, row in enumerate(listed, 1)
    ]


def _group(row: Row) -> tuple[str, str]:
    """Return provider and prompt of a row."""
    provider, prompt = row.get("provider"), row.get("prompt")
    if isinstance(provider, dict):
        provider = provider.get("label") or provider.get("id")
    label = prompt.get("label") if isinstance(prompt, dict) else None
    return as_text(provider), as_text(label if label is not None else row.get("promptIdx"))


def _conditions(whole: Row, group: tuple[str, str]) -> dict[str, str]:
    meta = whole.get("metadata")
    version = meta.get("promptfooVersion") if isinstance(meta, dict) else None
    found = {"prompt": f"{_digest(group[1])} {group[1]}"}
    return found | ({"promptfoo": str(version)} if version else {})


def _digest(value: Any) -> str:
    return hashlib.sha256(as_text(value).encode("utf-8", "replace")).hexdigest()[:8]


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows of one provider and prompt.

    Raises:
        DataError: a row that is not as promptfoo writes it.
    """
    name = str(log.path)
    _, rows = _load(stream, log.path)
    mine = [(line, row) for line, row in rows if _group(row) == tuple(log.details["group"])]
    ids = _name_examples([row for _, row in mine])
    repeated = len(set(ids)) < len(ids)
    seen: Counter[str] = Counter()
    numbered = []
    for (line, row), example in zip(mine, ids, strict=True):
        record = _record(row, example, log, f"{name}:{line}")
        if repeated:
            record["sample"] = seen[example]
            seen[example] += 1
        numbered.append((line, record))
    yield from batches(numbered, name)


def _name_examples(rows: Sequence[Row]) -> list[str]:
    """Return the id of each row: its variables, and its assertions where these alone differ."""
    cases = [row.get("testCase") if isinstance(row.get("testCase"), dict) else row for row in rows]
    asked = [
        {"vars": case.get("vars"), "description": case.get("description")}  # type: ignore[union-attr]
        for case in cases
    ]
    names = [f"{as_text(each['vars'])[:SHOWN]} #{_digest(each)}" for each in asked]
    asserted = [_digest(case.get("assert")) for case in cases]  # type: ignore[union-attr]
    kinds = Counter(name for name, _ in dict.fromkeys(zip(names, asserted, strict=True)))
    return [
        f"{name} {digest}" if kinds[name] > 1 else name
        for name, digest in zip(names, asserted, strict=True)
    ]


def _record(row: Row, example: str, log: Log, where: str) -> dict[str, Any]:
    response, prompt = row.get("response"), row.get("prompt")
    output = response.get("output") if isinstance(response, dict) else None
    case = row.get("testCase")
    record: dict[str, Any] = {
        "id": example,
        "prediction": None if output is None else as_text(output),
        "reference": _reference(case.get("assert") if isinstance(case, dict) else None),
        "input": prompt.get("raw") if isinstance(prompt, dict) else None,
        "item_hash": f"promptfoo:{_digest(example)}",
        "vars": row.get("vars"),
        "metadata": case.get("metadata") if isinstance(case, dict) else None,
    }
    if _failed(row):
        record["error"] = as_text(row.get("error") or "an error without a message")
    elif log.metric:
        named = row.get("namedScores")
        value = row.get(log.metric) if log.metric in {"success", "score"} else None
        if value is None and isinstance(named, dict):
            value = named.get(log.metric)
        set_score(record, value, log, where)
    return record


def _failed(row: Row) -> bool:
    """Tell an error of the run; `error` also holds why an assertion failed."""
    reason = row.get("failureReason")
    if reason is None:
        return bool(row.get("error")) and not row.get("gradingResult")
    return bool(reason == ERROR)


def _reference(asserted: Any) -> str:
    """Return what was asserted: the text itself where the answer is to equal it."""
    if isinstance(asserted, list) and len(asserted) == 1 and isinstance(asserted[0], dict):
        only = asserted[0]
        if only.get("type") == "equals" and isinstance(only.get("value"), str):
            return str(only["value"])
    return as_text(asserted)
