"""lm-evaluation-harness: the folder that `--output_path` names, with `--log_samples`.

A task of a run is `samples_TASK_DATE.jsonl`, one line per document and filter; what was run is
in `results_DATE.json` beside it or above. Versions up to 0.4.2 wrote `ARGUMENTS_TASK.jsonl`, a
JSON array, and `results.json`; those of mid-2024 `samples_TASK_DATE.json`. Rows are joined by
`doc_id` within a task and filter, never by line, and `doc_hash` and `target_hash` must agree on
both sides. The prompt may change.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, BinaryIO

from compatkit.arrays import as_float
from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.compression import CHUNK
from compatkit.readers.json_array import read_json
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.lm_eval_results import (
    Results,
    aggregates,
    describe,
    find_results,
    name_task,
    part,
    read_total,
    refuse_cut,
)
from compatkit.readers.logs.lm_eval_rows import read_row
from compatkit.readers.logs.log import Log, LogSelection, as_text, expect, plain_name, stated
from compatkit.readers.logs.signs import LM_EVAL_NAME
from compatkit.readers.source import open_path, read_head

NAME = re.compile(LM_EVAL_NAME)
FILTER = re.compile(rb'"filter": ?"((?:[^"\\]|\\.)*)"')
METRICS = re.compile(rb'"metrics": ?\[([^\[\]{}]*)\]')
TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')
NO_FILTER = "none"
JUDGES_NOTHING = "bypass"
NO_RESULTS = (
    "{}: no file of results of its run was found beside it or above, so that its chat template, "
    "few-shot count and limit are not known, nor how many documents were run"
)
OF_A_ROW = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"}
# These count all documents of a task as run although `--samples` named some.
COUNT_ALL = re.compile(r"0\.4\.(9|10|11)(\.|$)")
ALIKE = 1e-9


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:
    """Return a log per file of samples.

    Raises:
        DataError: a file that cannot be read, or whose first line is no sample.
    """
    return [_open_log(path, whole=selection.unfinished == "refuse") for path in files]


def _open_log(path: Place, *, whole: bool) -> Log:
    named = NAME.search(plain_name(path))
    task, run = named.groups() if named else (name_task(path), "")
    results = find_results(path, task, run)
    first = _first_row(path)
    filters, names = _list_metrics(path, results, task, first)
    refused = {metric: reason for metric in names if (reason := _refusal(metric, first))}
    better = part(results, "higher_is_better", task)
    total = read_total(results, task) if whole else None
    notes = () if results else (NO_RESULTS.format(path),)
    if whole and _is_subset(path, results, task, total):
        notes = (f"{path}: made with --samples; the mean over its rows is that of its results",)
        total = None
    pairs = [(metric, f"{metric},{name}") for name in filters for metric in names]
    return Log(
        harness="lm-eval",
        task=task,
        path=path,
        metrics=tuple(pair for metric, pair in pairs if metric not in refused),
        refused={pair: refused[metric] for metric, pair in pairs if metric in refused},
        directions={
            pair: not more
            for metric, pair in pairs
            if (
                more := stated(
                    better.get(metric), str(results.path), f"higher_is_better of {metric}"
                )
            )
            is not None
        },
        model=as_text(results.get("model_name") or ""),
        run=run,
        conditions=describe(results, task),
        notes=notes,
        lines=not _is_array(path),
        details={"filter": filters[0], "total": total},
    )


def _batches(stream: BinaryIO, name: str, *, array: bool) -> Iterator[Records]:
    return read_json(stream, name) if array else read_jsonl(stream, name, by_hand=False)


def _is_array(path: Place) -> bool:
    return read_head(path).lstrip().startswith(b"[")


def _first_row(path: Place) -> Mapping[str, Any]:
    if _is_array(path):
        with open_path(path).open() as stream:
            batch = next(read_json(stream, str(path)), None)
    else:
        batch = next(read_jsonl(BytesIO(_first_line(path)), str(path), by_hand=False), None)
    if batch is None or not batch.rows:
        raise DataError(f"{path}: the file holds no rows. Was it written to the end?")
    row = batch.rows[0]
    if "doc_id" not in row:
        raise DataError(
            f"{path}:1: no field 'doc_id', so that this is no log of lm-evaluation-harness. "
            "--reader jsonl reads plain JSON Lines."
        )
    return row


def _first_line(path: Place) -> bytes:
    first, end, _ = read_head(path).lstrip().partition(b"\n")
    if end:
        return first + end
    with open_path(path).open() as stream:
        return next(filter(bytes.strip, stream), b"")


def _list_metrics(
    path: Place, results: Results, task: str, first: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Return the filters and the metrics of all rows, the ones to take first at the head.

    Results list them all, and filters in their order, whatever the order of the rows is; without
    any, those of the first row come first, and the rows are searched without decoding them.
    """
    listed = expect(first.get("metrics", []), list, f"{path}:1", "metrics")
    metrics = dict.fromkeys(map(str, listed))
    pairs = [] if JUDGES_NOTHING in metrics else list(aggregates(results, task))
    metrics |= dict.fromkeys(metric for metric, _ in pairs)
    filters: dict[str, None] = {}
    if "filter" in first:
        filters = dict.fromkeys([*(name for _, name in pairs), as_text(first["filter"])])
    if not results and filters:
        found_filters, found_metrics = _scan(path)
        filters |= found_filters
        metrics |= found_metrics
    if not metrics:  # a log that is too old to name them, and no results
        metrics |= {key: None for key in first if key not in OF_A_ROW and not _is_hash(key)}
    return list(filters) or [NO_FILTER], list(metrics)


def _is_hash(key: str) -> bool:
    return key.endswith("_hash")


def _scan(path: Place) -> tuple[dict[str, None], dict[str, None]]:
    """Return the filters and metrics of all rows."""
    filters: dict[str, None] = {}
    metrics: dict[str, None] = {}
    rest = b""
    with open_path(path).open() as stream:
        while chunk := stream.read(CHUNK):
            block = rest + chunk
            filters |= dict.fromkeys(map(_plain, set(FILTER.findall(block))))
            lists = set(METRICS.findall(block))
            metrics |= dict.fromkeys(
                _plain(text) for listed in lists for text in TEXT.findall(listed)
            )
            rest = block[-1024:]
    return filters, metrics


def _plain(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _refusal(metric: str, first: Mapping[str, Any]) -> str:
    """Say why a metric cannot score an example; nothing where it can."""
    if metric == JUDGES_NOTHING:
        return "the run was made with --predict_only, which judges nothing"
    if isinstance(first.get(metric), list | dict):
        return (
            "each row holds the parts of a score over the whole set, a list and no number, so that "
            "no example is right or wrong by it"
        )
    return ""


def _is_subset(path: Place, results: Results, task: str, total: int | None) -> bool:
    """Tell a run of some documents (`--samples`) by a version that counts all of them as run.

    A file that was cut off ends with an earlier document than the last; this one has gaps, and
    each mean over its rows is the one in its results.
    """
    version = as_text(results.get("lm_eval_version") or "")
    if not COUNT_ALL.match(version) or total is None:
        return False
    means = aggregates(results, task)
    sums: dict[tuple[str, str], list[float]] = {}
    ids: set[int] = set()
    with open_path(path).open() as stream:
        for batch in _batches(stream, str(path), array=_is_array(path)):
            for row in batch.rows:
                ids.add(row["doc_id"])
                for metric in row.get("metrics", []):
                    if isinstance(row.get(metric), int | float):
                        key = metric, as_text(row.get("filter"))
                        sums.setdefault(key, []).append(as_float(row[metric]))
    gaps = bool(ids) and len(ids) < total and max(ids) >= len(ids)
    return (
        gaps
        and bool(sums)
        and all(
            isinstance(means.get(key), int | float)
            and abs(sum(values) / len(values) - means[key]) < ALIKE
            for key, values in sums.items()
        )
    )


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows of one filter.

    Raises:
        DataError: a line that is no sample, a document twice, or fewer rows than were run.
    """
    name = str(log.path)
    metric, _, wanted = log.metric.rpartition(",")
    wanted = wanted or log.details["filter"]
    count = 0
    unnamed: set[object] = set()
    named = False
    for batch in _batches(stream, name, array=_is_array(log.path)):
        rows, lines = [], []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            if "filter" in row:
                named = True
                if row["filter"] != wanted:
                    continue
            else:
                _refuse_unnamed(row.get("doc_id"), unnamed, f"{name}:{line}")
            if named and unnamed:
                raise DataError(
                    f"{name}:{line}: some rows name their filter and some do not, so that it is "
                    "not known to which filter these belong. Was the file written by two versions?"
                )
            rows.append(read_row(row, metric, log, f"{name}:{line}"))
            lines.append(line)
        count += len(rows)
        yield Records(rows, lines, name)
    refuse_cut(log.path, wanted, count, log.details["total"])


def _refuse_unnamed(doc_id: object, seen: set[object], where: str) -> None:
    """Refuse a document twice in a log that does not say by which filter."""
    if doc_id in seen:
        raise DataError(
            f"{where}: doc_id {doc_id!r} occurs twice, and no row names its filter: lm-eval before "
            "0.4.6 wrote one row per filter without its name. Run it again with a newer one, or "
            "leave the task out: --skip-tasks."
        )
    seen.add(doc_id)
