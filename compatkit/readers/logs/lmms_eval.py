"""lmms-eval: the folder that `--output_path` names, with `--log_samples`.

A task of a run is `DATE_samples_TASK.jsonl`, and what was run is in `DATE_results.json` beside it.
A row is `doc_id`, which must be there once; input and target must agree on both sides. `doc_hash`
is not trusted: it is of a document without its images and sounds, so that many share one. A metric
whose value is a table, as where a whole set is scored at the end, is read by the parts of it that
are numbers: `mme_score.score`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.directions import less_is_better
from compatkit.readers.logs.lm_eval_results import Results, describe, part, read_total, refuse_cut
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    expect,
    find_beside,
    plain_name,
    read_json_file,
    set_score,
    stated,
)
from compatkit.readers.logs.signs import LMMS_EVAL_NAME
from compatkit.readers.source import open_path

NAME = re.compile(LMMS_EVAL_NAME)
OF_A_ROW = {
    *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "doc_hash", "input"),
    *("input_media", "token_counts", "prompt_hash", "target_hash", "filter", "metrics"),
}
ALL = "none"  # the filter that is in no row
PAIR = 2  # a log-likelihood, and whether the continuation is the likeliest one


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:
    """Return a log per file of samples.

    Raises:
        DataError: a file that cannot be read.
    """
    return [_open_log(path, whole=selection.unfinished == "refuse") for path in files]


def _open_log(path: Place, *, whole: bool) -> Log:
    named = NAME.match(plain_name(path))
    run, task = named.groups() if named else ("", plain_name(path).removesuffix(".jsonl"))
    results = _find_results(path, run)
    metrics, refused = _list_metrics(path)
    better = part(results, "higher_is_better", task)
    total = read_total(results, task) if whole else None
    return Log(
        harness="lmms-eval",
        task=task,
        path=path,
        metrics=tuple(metrics),
        refused=refused,
        directions=_directions(metrics, better, str(results.path)),
        model=as_text(results.get("model_name") or ""),
        run=run,
        conditions=describe(results, task),
        notes=() if results else (f"{path}: no file of results of its run is beside it",),
        lines=True,
        details={"total": total},
    )


def _find_results(path: Place, run: str) -> Results:
    file = find_beside(path, f"{run}_results.json") if run else None
    if file is None:
        return Results({}, path)
    return Results(expect(read_json_file(file), dict, str(file), "the file of results"), file)


def _list_metrics(path: Place) -> tuple[dict[str, None], dict[str, str]]:
    """Return the metrics of all rows, and those that cannot be read, with the reason."""
    metrics: dict[str, None] = {}
    refused: dict[str, str] = {}
    with open_path(path).open() as stream:
        for batch in read_jsonl(stream, str(path), by_hand=False):
            for row in batch.rows:
                for name in row.keys() - OF_A_ROW:
                    parts = [key for key, value in _parts(name, row[name]) if _is_number(value)]
                    metrics |= dict.fromkeys(parts)
                    if not parts and row[name] is not None:
                        refused[name] = "its value is no number, but what a whole set is scored by"
    listed = dict.fromkeys(sorted(metrics))
    return listed, {name: why for name, why in refused.items() if name not in metrics}


def _parts(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{name}.{key}", number) for key, number in value.items() if key[-2:] != "id"]
    return [(name, value)]


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _directions(
    metrics: Mapping[str, None], better: Mapping[str, Any], where: str
) -> dict[str, bool]:
    """Return of which metrics less is better: as the results state, or as the part's name says."""
    directions: dict[str, bool] = {}
    for metric in metrics:
        more = stated(better.get(metric), where, f"higher_is_better of {metric}")
        less = less_is_better(metric.rpartition(".")[2]) if more is None else not more
        directions |= {} if less is None else {metric: less}
    return directions


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows.

    Raises:
        DataError: a line that is no sample, or another number of rows than were run.
    """
    name = str(log.path)
    count = 0
    for batch in read_jsonl(stream, name, by_hand=False):
        rows = [
            _record(row, log, f"{name}:{line}")
            for row, line in zip(batch.rows, batch.lines, strict=True)
        ]
        count += len(rows)
        yield Records(rows, batch.lines, name)
    refuse_cut(log.path, ALL, count, log.details["total"])


def _record(row: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    if row.get("doc_id") is None:
        raise DataError(f"{where}: no field 'doc_id'. Is this a log of lmms-eval, and whole?")
    record: dict[str, Any] = {
        "id": row["doc_id"],
        "prediction": _answer(row.get("filtered_resps")),
        "reference": as_text(row.get("target")),
        "input": None if row.get("input") is None else as_text(row["input"]),
    }
    if log.metric:
        set_score(record, _value(row, log.metric, where), log, where)
    return record


def _value(row: Mapping[str, Any], metric: str, where: str) -> Any:
    if metric in row or "." not in metric:
        return row.get(metric)
    name, _, key = metric.rpartition(".")
    value = row.get(name)
    return None if value is None else expect(value, dict, where, repr(name)).get(key)


def _answer(answers: Any) -> str | None:
    """Return the text that was answered, or the number of the likeliest choice."""
    while isinstance(answers, list) and len(answers) == 1:
        answers = answers[0]
    if answers is None or answers == []:
        return None
    if isinstance(answers, list) and all(
        isinstance(choice, list) and len(choice) == PAIR and isinstance(choice[0], int | float)
        for choice in answers
    ):
        return str(max(range(len(answers)), key=lambda number: answers[number][0]))
    return as_text(answers)
