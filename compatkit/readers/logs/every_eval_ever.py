"""every_eval_ever: `UUID_samples.jsonl`, its interchange of other harnesses' samples.

A file may hold several evaluations: each is a task. A row is `sample_id`, or its `sample_hash`
where it has no id; the hash, of input and reference, must agree. A row without a score is not
scored: a converter that wrote 0 for a metric it did not find cannot be told from a wrong answer.
"""

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
    plain_name,
    set_score,
)
from compatkit.readers.source import open_path, read_head

KEYS = (b'"evaluation_id"', b'"evaluation_name"', b'"model_id"')
JUDGEMENTS = ("score", "is_correct")


def find_logs(files: Sequence[Path]) -> list[Path]:
    """Return the JSON Lines files whose first rows name an evaluation and a model."""
    return [
        path
        for path in files
        if plain_name(path).endswith(".jsonl") and all(key in read_head(path) for key in KEYS)
    ]


def open_logs(files: Sequence[Path], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file and evaluation.

    Raises:
        DataError: a file that cannot be read.
    """
    return [log for path in files for log in _open_file(path)]


def _open_file(path: Path) -> list[Log]:
    groups: dict[tuple[str, str], Mapping[str, Any]] = {}
    with open_path(path).open() as stream:
        for batch in read_jsonl(stream, str(path), by_hand=False):
            for row in batch.rows:
                groups.setdefault(_group(row), row)
    return [
        Log(
            harness="every-eval-ever",
            task=task,
            path=path,
            metrics=tuple(name for name in JUDGEMENTS if name in _part(row, "evaluation")),
            model=model,
            run=str(row.get("evaluation_id", "")),
            conditions={"interaction": as_text(row.get("interaction_type"))},
            details={"group": (task, model)},
        )
        for (task, model), row in groups.items()
    ]


def _group(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("evaluation_name")), str(row.get("model_id"))


def _part(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = row.get(key)
    return part if isinstance(part, dict) else {}


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows of one evaluation.

    Raises:
        DataError: a line that is no sample.
    """
    name = str(log.path)
    for batch in read_jsonl(stream, name, by_hand=False):
        rows, lines = [], []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            if _group(row) == tuple(log.details["group"]):
                rows.append(_record(row, log, f"{name}:{line}"))
                lines.append(line)
        yield Records(rows, lines, name)


def _record(row: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    asked, answered = _part(row, "input"), _part(row, "output")
    key = row.get("sample_id", row.get("sample_hash"))
    if key is None:
        raise DataError(
            f"{where}: neither 'sample_id' nor 'sample_hash' says which sample this is."
        )
    raw = answered.get("raw")
    answer = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
    reference = asked.get("reference")
    references = reference if isinstance(reference, list) else [reference]
    record: dict[str, Any] = {
        "id": key,
        "prediction": None if answer in (None, []) else as_text(answer),
        "references": [as_text(each) for each in references if each is not None],
        "input": None if asked.get("raw") is None else as_text(asked["raw"]),
        "choices": asked.get("choices"),
    }
    if row.get("error"):
        record["error"] = as_text(row["error"])
    elif log.metric:
        set_score(record, _part(row, "evaluation").get(log.metric), log, where)
    return record
