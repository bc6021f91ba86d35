"""NeMo Evaluator: a bundle's folder with `results.jsonl`, beside `eval-*.json`.

A row is `problem_idx`; repeats are samples. `reward` is the score: a row without one is not
scored, and one whose error is of the infrastructure or the system is an error, and no wrong answer.
Prompt and expected answer must agree, since a problem's number is a place in a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    expect,
    part,
    plain_name,
    read_json_file,
    set_score,
)

RESULTS = "results.jsonl"
NOT_THE_MODEL = {"infra_error", "system"}


def leave_aside(logs: Sequence[Place]) -> list[Place]:
    """Return what is beside results: `trajectories.jsonl`, the steps of a bundle's problems."""
    bundles = {path.parent for path in logs if plain_name(path) == RESULTS}
    return [path for path in logs if plain_name(path) != RESULTS and path.parent in bundles]


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of results.

    Raises:
        DataError: a bundle that is damaged.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    folder = path.absolute().parent
    bundles = [file for file in folder.glob("eval-*") if plain_name(file).endswith(".json")]
    bundles.sort(key=str)
    bundle = read_json_file(bundles[0]) if len(bundles) == 1 else {}
    name = str(bundles[0]) if bundles else str(path)
    bundle = expect(bundle, dict, name, "the bundle")
    benchmark, config = (part(bundle, key, name) for key in ("benchmark", "config"))
    conditions = {
        "hash of the configuration": bundle.get("config_hash"),
        "version": bundle.get("sdk_version"),
        "samples": benchmark.get("samples"),
        "repeats": benchmark.get("repeats"),
    }
    return Log(
        harness="nemo-evaluator",
        task=str(benchmark.get("name") or path.absolute().parent.name),
        path=path,
        metrics=("reward",),
        directions={"reward": False},
        model=as_text(config.get("model", "")),
        run=as_text(bundle.get("run_id", "")),
        conditions={
            name: as_text(value) for name, value in conditions.items() if value is not None
        },
        details={"repeats": (benchmark.get("repeats") or 1) > 1},
    )


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows.

    Raises:
        DataError: a line that is no result.
    """
    name = str(log.path)
    for batch in read_jsonl(stream, name, by_hand=False):
        rows = [
            _record(row, log, f"{name}:{line}")
            for row, line in zip(batch.rows, batch.lines, strict=True)
        ]
        yield Records(rows, batch.lines, name)


def _record(row: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    if "problem_idx" not in row:
        raise DataError(f"{where}: no field 'problem_idx'. Is this a bundle of NeMo Evaluator?")
    response = row.get("model_response", row.get("extracted_answer"))
    details, about = part(row, "scoring_details", where), part(row, "metadata", where)
    expected = row.get("expected_answer")
    record: dict[str, Any] = {
        "id": row["problem_idx"],
        "prediction": None if response is None else as_text(response),
        "references": [] if expected is None else [as_text(expected)],
        "input": None if row.get("prompt") is None else as_text(row["prompt"]),
        "category": details.get("category", about.get("category")),
        "metadata": row.get("metadata"),
    }
    if row.get("repeat") is not None:
        record["sample"] = row["repeat"]
    if details.get("error_category") in NOT_THE_MODEL:
        record["error"] = str(details["error_category"])
    elif log.metric:
        set_score(record, row.get("reward"), log, where)
    return record
