"""deepeval: the file of a test run, `test_run_DATE.json` or `.latest_run_full.json`.

A row is known by its input and expected output, since the name of a case is its place unless a
person named it; cases that share both are samples of one example. `success` is whether every metric
passed, as the tool counts; a metric's own name is whether it passed, at its own threshold and in
its own direction, and `NAME.score` its score, of which only you know whether more is better. Where
a metric failed to judge, a case that no other metric fails is not scored, and not wrong.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    expect,
    part,
    read_document,
    read_json_file,
    set_score,
)

WRAPPED = "testRunData"
SUCCESS = "success"
SCORE = ".score"
SHOWN = 60


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file.

    Raises:
        DataError: a file that is damaged, or holds conversations alone.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    run, cases = _load(read_json_file(path), str(path))
    metrics: dict[str, None] = {SUCCESS: None}
    for number, case in enumerate(cases, 1):
        for metric in _judgements(case, f"{path}:{number}"):
            name = as_text(metric.get("name"))
            metrics |= {name: None, f"{name}{SCORE}": None}
    talks = len(expect(run.get("conversationalTestCases") or [], list, str(path), "conversations"))
    keys = Counter(map(_key, cases))
    return Log(
        harness="deepeval",
        task=as_text(run.get("datasetAlias") or run.get("testFile") or "test run"),
        path=path,
        metrics=tuple(metrics),
        directions={name: False for name in metrics if not name.endswith(SCORE)},
        conditions={"hyperparameters": as_text(run.get("hyperparameters"))},
        notes=(f"{path}: {talks:,} conversations are no rows",) if talks else (),
        details={"several": max(keys.values(), default=1) > 1},
    )


def _load(whole: Any, name: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    run: Mapping[str, Any] = expect(whole, dict, name, "the file")
    run = part(run, WRAPPED, name) if WRAPPED in run else run
    listed = expect(run.get("testCases"), list, name, "testCases")
    if not listed:
        raise DataError(f"{name}: holds no test cases. Did the run come to its end?")
    return run, [
        expect(case, dict, f"{name}:{number}", "the test case")
        for number, case in enumerate(listed, 1)
    ]


def _judgements(case: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    listed = expect(case.get("metricsData") or [], list, where, "metricsData")
    return [expect(metric, dict, where, "a metric") for metric in listed]


def _key(case: Mapping[str, Any]) -> str:
    """Return what a case is known by: its input and expected output."""
    asked = as_text([case.get("input"), case.get("expectedOutput")])
    digest = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{as_text(case.get('input'))[:SHOWN]} #{digest}"


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the test cases.

    Raises:
        DataError: one that is not as deepeval writes it, or one metric twice.
    """
    name = str(log.path)
    _, cases = _load(read_document(stream, name), name)
    seen: Counter[str] = Counter()
    numbered = []
    for number, case in enumerate(cases, 1):
        record = _record(case, log, f"{name}:{number}")
        if log.details["several"]:
            record["sample"] = seen[record["id"]]
            seen[record["id"]] += 1
        numbered.append((number, record))
    yield from batches(numbered, name)


def _record(case: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    expected, answer = case.get("expectedOutput"), case.get("actualOutput")
    record: dict[str, Any] = {
        "id": _key(case),
        "prediction": None if answer is None else as_text(answer),
        "references": [] if expected is None else [as_text(expected)],
        "input": expect(case.get("input"), str, where, "'input'"),
        "metadata": case.get("metadata"),
        "tags": case.get("tags"),
    }
    if log.metric:
        metrics = _judgements(case, where)
        failed = _failure(case, metrics, log.metric)
        if failed:
            record["unscored"] = f"a metric failed: {failed:.80}"
        else:
            set_score(record, _value(case, metrics, log.metric, where), log, where)
    return record


def _value(
    case: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]], metric: str, where: str
) -> Any:
    if metric == SUCCESS:
        return case.get(SUCCESS)
    name = metric.removesuffix(SCORE)
    mine = [judged for judged in metrics if judged.get("name") == name]
    if len(mine) > 1:
        raise DataError(
            f"{where}: the metric {name} occurs {len(mine)} times, and which one counts is not "
            "said. --metric takes another; give each metric a name of its own."
        )
    return mine[0].get("score" if metric != name else SUCCESS) if mine else None


def _failure(case: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Say why nothing judged a case; empty where something did."""
    name = metric.removesuffix(SCORE)
    if metric != SUCCESS:
        metrics = [judged for judged in metrics if judged.get("name") == name]
    errors = [as_text(judged["error"]) for judged in metrics if judged.get("error")]
    decided = any(
        judged.get(SUCCESS) is False and not judged.get("error") and not judged.get("flaky")
        for judged in metrics
    )
    right = metric == SUCCESS and case.get(SUCCESS) is True
    return errors[0] if errors and not decided and not right else ""
