"""evalplus: `SAMPLES_eval_results.json`, or `eval_results.json` in the folder of the samples.

A row is a solution of a `task_id`; several of one are its samples, in the order in which they were
completed. `base` is whether it passes the tests of the dataset, `plus` whether it passes these and
the added ones, as the tool's pass@k counts; a solution that ran out of time is wrong. A run of the
tests of the dataset alone has no `plus`. The hash of the dataset must be the same on both sides.
"""

import re
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
    plain_name,
    read_document,
    read_json_file,
    set_score,
)

PASS = "pass"  # noqa: S105 (a status)
STATUSES = (PASS, "fail", "timeout")
ENDING = re.compile(r"[._-]?eval_results\.json$")


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of results.

    Raises:
        DataError: a file that is damaged, or of an older shape.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    whole = expect(read_json_file(path), dict, str(path), "the file")
    rows = [row for _, row in _solutions(whole, str(path))]
    added = any(row.get("plus_status") is not None for row in rows)
    return Log(
        harness="evalplus",
        task=ENDING.sub("", plain_name(path)) or path.absolute().parent.name,
        path=path,
        metrics=("plus", "base") if added else ("base",),
        directions={"plus": False, "base": False},
        run=as_text(whole.get("date") or ""),
        conditions={"hash of the dataset": as_text(whole.get("hash"))},
        details={"several": len({row["task_id"] for row in rows}) < len(rows)},
    )


def _solutions(whole: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the place of each solution within its task, and the solution."""
    tasks = expect(whole.get("eval"), dict, name, "'eval'")
    for task, solutions in tasks.items():
        if isinstance(solutions, dict):
            raise DataError(
                f"{name}: {task} holds a table, as evalplus before 0.3 wrote it; a list of "
                "solutions was expected. Evaluate the samples again with a newer one."
            )
        for place, row in enumerate(expect(solutions, list, name, task)):
            solution = expect(row, dict, f"{name}: {task}", "a solution")
            if solution.get("task_id") != task:
                raise DataError(
                    f"{name}: a solution of {solution.get('task_id')!r:.60} is among those of "
                    f"{task}. Was it edited? Evaluate the samples again."
                )
            yield place, solution


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the solutions.

    Raises:
        DataError: one that is not as evalplus writes it.
    """
    name = str(log.path)
    whole = expect(read_document(stream, name), dict, name, "the file")
    dataset = as_text(whole.get("hash"))
    yield from batches(
        (
            (number, _record(row, place, dataset, log, f"{name}:{number}"))
            for number, (place, row) in enumerate(_solutions(whole, name), 1)
        ),
        name,
    )


def _record(
    row: Mapping[str, Any], place: int, dataset: str, log: Log, where: str
) -> dict[str, Any]:
    base, plus = (_passed(row.get(f"{tests}_status"), where) for tests in ("base", "plus"))
    record: dict[str, Any] = {
        "id": row["task_id"],
        "prediction": row.get("solution"),
        "item_hash": f"evalplus:{dataset}",
        "base_status": row.get("base_status"),
        "plus_status": row.get("plus_status"),
    }
    if log.details["several"]:
        record["sample"] = place
    if log.metric:
        both = None if base is None or plus is None else base and plus
        set_score(record, base if log.metric == "base" else both, log, where)
    return record


def _passed(status: Any, where: str) -> bool | None:
    if status is None:
        return None
    if status not in STATUSES:
        raise DataError(
            f"{where}: a status is {status!r:.40}; one of {', '.join(STATUSES)} was expected. "
            "Which version of evalplus wrote it? Evaluate the samples again."
        )
    return bool(status == PASS)
