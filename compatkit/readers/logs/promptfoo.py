"""promptfoo: what `promptfoo eval -o` writes, as `.json` or `.jsonl`.

A row is joined by the variables and description of its test case, never by `testIdx`, which is
a place in the file and counts on with each repeat. Repeats are samples of one example. Where one
file holds several providers, prompts, or settings of one provider, each is a task. An error of the
run, and one of the judge, is no wrong answer. The prompt may change; a changed assertion is a
changed reference.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.keys import Once
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    expect,
    part,
    plain_name,
    read_document,
    set_score,
)
from compatkit.readers.logs.promptfoo_grades import (
    Row,
    case_of,
    judge_failed,
    list_metrics,
    read_metric,
    run_failed,
    state_directions,
    threw_error,
)
from compatkit.readers.logs.promptfoo_types import Document
from compatkit.readers.source import open_path

STRIPPED = "[prompt stripped]"
SHOWN = 60

Group = tuple[str, str, str]


def leave_aside(logs: Sequence[Place]) -> list[Place]:
    """Return the `.jsonl` of runs that were written in both ways."""
    whole = {_stem(path) for path in logs if plain_name(path).endswith(".json")}
    return [path for path in logs if plain_name(path).endswith(".jsonl") and _stem(path) in whole]


def _stem(path: Place) -> Place:
    return path.parent / path.name.partition(".json")[0]


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file, provider and prompt.

    Raises:
        DataError: a file that is damaged, or holds no results.
    """
    return [log for path in files for log in _open_file(path)]


def _open_file(path: Place) -> list[Log]:
    with open_path(path).open() as stream:
        whole, rows = _load(stream, path)
    groups: dict[Group, list[Row]] = {}
    for _, row in rows:
        groups.setdefault(_group(row), []).append(row)
    stem = path.name.partition(".json")[0]
    logs = []
    for group, names in zip(sorted(groups), _name_groups(sorted(groups)), strict=True):
        threw = sum(map(threw_error, groups[group]))
        logs.append(
            Log(
                harness="promptfoo",
                task=" ".join([stem, *names]),
                part=" ".join(names),
                path=path,
                metrics=tuple(list_metrics(groups[group])),
                directions=state_directions(groups[group]),
                run=as_text(whole.get("evalId", "")),
                conditions=_conditions(whole, group),
                notes=(f"{path}: {threw} rows whose assertion threw an error count as failed",)
                if threw
                else (),
                details={"group": group},
            )
        )
    return logs


def _name_groups(groups: Sequence[Group]) -> list[list[str]]:
    """Return what each task is called: what tells it from the others of its file."""
    several = [len({group[part] for group in groups}) > 1 for part in (0, 1)]
    pairs = Counter(group[:2] for group in groups)
    return [
        [
            *(name for name, many in zip(group, several, strict=False) if many),
            *([f"#{group[2]}"] if pairs[group[:2]] > 1 else []),
        ]
        for group in groups
    ]


def _load(stream: BinaryIO, path: Place) -> tuple[Row, list[tuple[int, Row]]]:
    """Return what the file says of the run, and its rows with their places."""
    name = str(path)
    if plain_name(path).endswith(".jsonl"):
        lines = [
            pair
            for batch in read_jsonl(stream, name, by_hand=False)
            for pair in zip(batch.lines, batch.rows, strict=True)
        ]
        return {}, [(line, _check(row, f"{name}:{line}")) for line, row in lines]
    whole = expect(read_document(stream, name, kind=Document), dict, name, "the log")
    results = whole.get("results")
    rows = results.get("results") if isinstance(results, dict) else results
    listed = expect(rows, list, name, "results.results")
    if not listed:
        raise DataError(f"{name}: holds no results. Did the evaluation run to its end?")
    return whole, [
        (number, _check(row, f"{name}:{number}")) for number, row in enumerate(listed, 1)
    ]


def _check(row: Any, where: str) -> Row:
    """Return a result whose parts are what promptfoo writes: one that is not would be unread."""
    result: Row = expect(row, dict, where, "the result")
    for key in ("namedScores", "response", "gradingResult", "testCase"):
        if type(result.get(key)) is not dict:
            part(result, key, where)
    return result


def _group(row: Row) -> Group:
    """Return provider, prompt and column: one provider may stand there with several settings."""
    provider, prompt = row.get("provider"), row.get("prompt")
    if isinstance(provider, dict):
        provider = provider.get("label") or provider.get("id")
    label = prompt.get("label") if isinstance(prompt, dict) else None
    column = as_text(row.get("promptIdx", ""))
    return as_text(provider), column if label is None else as_text(label), column


def _conditions(whole: Row, group: Group) -> dict[str, str]:
    meta = whole.get("metadata")
    version = meta.get("promptfooVersion") if isinstance(meta, dict) else None
    conditions = {"prompt": f"{_digest(group[1])} {group[1]}"}
    return conditions | ({"promptfoo": str(version)} if version else {})


def _digest(value: Any) -> str:
    return hashlib.sha256(as_text(value).encode("utf-8", "replace")).hexdigest()[:8]


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows of one provider and prompt.

    Raises:
        DataError: a row that is not as promptfoo writes it.
    """
    name = str(log.path)
    _, rows = _load(stream, log.path)
    group = tuple(log.details["group"])
    mine = [(line, row) for line, row in rows if _group(row) == group]
    ids = _name_examples(mine, name)
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


def _name_examples(numbered: Sequence[tuple[int, Row]], name: str) -> list[str]:
    """Return the id of each row: its variables, and its assertions where these alone differ."""
    rows = [row for _, row in numbered]
    cases = [case_of(row) for row in rows]
    asked = [{"vars": case.get("vars"), "description": case.get("description")} for case in cases]
    names = [f"{as_text(case['vars'])[:SHOWN]} #{_digest(case)}" for case in asked]
    ids = names if len(set(names)) == len(names) else _tell_by_assertions(names, cases)
    prompts = Once("the test without variables")
    rows_of = Counter(ids)
    for (line, row), case, example in zip(numbered, asked, ids, strict=True):
        if rows_of[example] > 1 and not case["vars"] and not case["description"]:
            _refuse_stripped(prompts, row, example, f"{name}:{line}")
    return ids


def _tell_by_assertions(names: Sequence[str], cases: Sequence[Row]) -> list[str]:
    """Add what was asserted to the names of tests that are told apart by it alone."""
    asserted = [_digest(case.get("assert")) for case in cases]
    kinds = Counter(test for test, _ in dict.fromkeys(zip(names, asserted, strict=True)))
    return [
        f"{test} {digest}" if kinds[test] > 1 else test
        for test, digest in zip(names, asserted, strict=True)
    ]


def _refuse_stripped(prompts: Once, row: Row, example: str, where: str) -> None:
    """Refuse tests whose variables the file does not hold: they cannot be told from repeats."""
    raw = row["prompt"].get("raw") if isinstance(row.get("prompt"), dict) else None
    if not raw or raw == STRIPPED:
        raise DataError(
            f"{where}: the file holds neither the variables nor the prompts of its tests, so that "
            "tests cannot be told from repeats of one. Was it written with PROMPTFOO_STRIP_TEST_"
            "VARS? Run it again without."
        )
    prompts.put(example, raw, f"{where} (was it written with PROMPTFOO_STRIP_TEST_VARS?)")


def _record(row: Row, example: str, log: Log, where: str) -> dict[str, Any]:
    response, prompt = row.get("response"), row.get("prompt")
    output = response.get("output") if isinstance(response, dict) else None
    case = case_of(row)
    record: dict[str, Any] = {
        "id": example,
        "prediction": None if output is None else as_text(output),
        "reference": _reference(case.get("assert")),
        "input": prompt.get("raw") if isinstance(prompt, dict) else None,
        "item_hash": f"promptfoo:{_digest(example)}",
        "vars": row.get("vars"),
        "metadata": case.get("metadata"),
    }
    if isinstance(response, dict) and "finishReason" in response:
        record["finish_reason"] = response["finishReason"]
    if run_failed(row):
        record["error"] = as_text(row.get("error") or "an error without a message")
    elif log.metric:
        failed = judge_failed(row, log.metric)
        if failed:
            record["unscored"] = f"the judge failed: {failed:.80}"
        else:
            set_score(record, read_metric(row, log.metric), log, where)
    return record


def _reference(asserted: Any) -> str:
    """Return what was asserted: the text itself where the answer is to equal it."""
    if isinstance(asserted, list) and len(asserted) == 1 and isinstance(asserted[0], dict):
        only = asserted[0]
        plain = only.keys() <= {"type", "value", "metric"}
        if plain and only.get("type") == "equals" and isinstance(only.get("value"), str):
            return str(only["value"])
    return as_text(asserted)
