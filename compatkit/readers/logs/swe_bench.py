"""SWE-bench: the report of a run, `MODEL.RUN_ID.json`, of schema 2.

A report holds lists of instances and no texts: what was submitted, and what was resolved,
unresolved, without a patch, or failed. An empty patch is wrong. An instance whose evaluation
failed, or whose environment did (`infra_failure_ids`), is an error and no wrong answer; SWE-bench's
own rate counts it as not resolved, as `--errors wrong` does. Instances that were not submitted, or
not run, are no rows, so that a run of fewer instances lacks them. Lists that contradict each other,
or the counts beside them, are refused.
"""

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
    read_document,
    read_json_file,
)

SCHEMA = 2
RESOLVED = "resolved"
NO_PATCH = "empty_patch"
FAILED = "error"
OUTCOMES = (RESOLVED, "unresolved", NO_PATCH, FAILED)
ENVIRONMENT = "infra_failure"
DOUBTED = "ambiguous_failure"


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per report.

    Raises:
        DataError: a file that is damaged, or of another schema.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    report = _check(read_json_file(path), str(path))
    name = str(path)
    not_run = set(_ids(report, "submitted", name)) - _outcomes(report, name).keys()
    instances = {
        "were not submitted, and are no rows": _ids(report, "incomplete", name, required=False),
        "were submitted and not run, and are no rows": not_run,
        "failed for a reason that may be the environment's, and count as wrong": _ids(
            report, DOUBTED, name, required=False
        ),
    }
    return Log(
        harness="swe-bench",
        task="SWE-bench",
        path=path,
        metrics=(RESOLVED,),
        directions={RESOLVED: False},
        conditions={"instances of the dataset": as_text(report.get("total_instances"))},
        notes=tuple(
            f"{path}: {len(ids):,} instances {what}" for what, ids in instances.items() if ids
        ),
    )


def _check(report: Any, name: str) -> Mapping[str, Any]:
    """Return the report, once it is known to be of the schema that is read."""
    table: Mapping[str, Any] = expect(report, dict, name, "the report")
    if table.get("schema_version") != SCHEMA:
        raise DataError(
            f"{name}: schema_version is {table.get('schema_version')!r:.40}; {SCHEMA} was "
            "expected, as the harness writes it since 2024. Make the report again."
        )
    return table


def _ids(report: Mapping[str, Any], key: str, name: str, *, required: bool = True) -> list[str]:
    """Return a list of instances, held to its count."""
    listed = report.get(f"{key}_ids")
    if listed is None and not required:
        return []
    ids = [
        expect(value, str, name, f"an instance of {key}_ids")
        for value in expect(listed, list, name, f"{key}_ids")
    ]
    count = report.get(f"{key}_instances")
    if count not in (None, len(ids)) or len(set(ids)) < len(ids):
        raise DataError(
            f"{name}: {key}_ids holds {len(set(ids)):,} instances, {len(ids):,} entries, and "
            f"{key}_instances says {count!r:.20}. Was it edited or merged? Make the report again."
        )
    return ids


def _outcomes(report: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the outcome of each instance that was run."""
    submitted = set(_ids(report, "submitted", name))
    outcomes: dict[str, str] = {}
    for outcome in OUTCOMES:
        for instance in _ids(report, outcome, name):
            before = outcomes.setdefault(instance, outcome)
            if before != outcome:
                raise DataError(
                    f"{name}: {instance} is in {before}_ids and in {outcome}_ids. One outcome was "
                    "expected: make the report again."
                )
            if instance not in submitted:
                raise DataError(
                    f"{name}: {instance} is in {outcome}_ids and not in submitted_ids. Was the "
                    "report edited or merged? Make it again."
                )
    return outcomes


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield a row per instance that was submitted.

    Raises:
        DataError: lists that contradict each other.
    """
    name = str(log.path)
    report = _check(read_document(stream, name), name)
    outcomes = _outcomes(report, name)
    environment = set(_ids(report, ENVIRONMENT, name, required=False))
    reasons = report.get("failure_reasons")
    reasons = reasons if isinstance(reasons, dict) else {}
    yield from batches(
        (
            (number, _record(instance, outcomes[instance], environment, reasons))
            for number, instance in enumerate(sorted(outcomes), 1)
        ),
        name,
    )


def _record(
    instance: str, outcome: str, environment: set[str], reasons: Mapping[str, Any]
) -> dict[str, Any]:
    record: dict[str, Any] = {"id": instance, "repository": instance.rpartition("-")[0]}
    if outcome != RESOLVED and (outcome == FAILED or instance in environment):
        record["error"] = as_text(reasons.get(instance) or "its evaluation failed")
    else:
        record["score"] = float(outcome == RESOLVED)
    return record
