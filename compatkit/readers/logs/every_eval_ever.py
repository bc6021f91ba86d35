"""every_eval_ever: `UUID_samples.jsonl`, its interchange of other harnesses' samples.

A file may hold several evaluations, and several results of one: each is a task. A row is
`sample_id`, or its `sample_hash` where it has no id; the hash, of input and reference, must agree.
Which way a score points is in the aggregate file, `UUID.json`, beside it. A row without a score
is not scored: a converter that wrote 0 for a metric it did not find cannot be told from a wrong
answer.
"""

from collections import Counter
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
    find_beside,
    part,
    plain_name,
    read_json_file,
    set_score,
    stated,
)
from compatkit.readers.source import open_path

JUDGEMENTS = ("score", "is_correct")

Group = tuple[str, str, str]


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file and evaluation.

    Raises:
        DataError: a file that cannot be read.
    """
    return [log for path in files for log in _open_file(path)]


def _open_file(path: Place) -> list[Log]:
    groups: dict[Group, Mapping[str, Any]] = {}
    metrics: dict[Group, dict[str, None]] = {}
    with open_path(path).open() as stream:
        for batch in read_jsonl(stream, str(path), by_hand=False):
            for row, line in zip(batch.rows, batch.lines, strict=True):
                group = _group(row)
                groups.setdefault(group, row)
                listed = metrics.setdefault(group, {})
                listed |= dict.fromkeys(part(row, "evaluation", f"{path}:{line}"))
    results = _read_results(path)
    pairs = Counter(group[:2] for group in groups)
    logs = []
    for group, row in groups.items():
        about = results.get(group[2]) or results.get(group[0], {})
        config = part(about, "metric_config", f"{path}: its file of results")
        named = _name_result(group, row, config) if pairs[group[:2]] > 1 else ""
        lower = stated(config.get("lower_is_better"), str(path), "lower_is_better")
        logs.append(
            Log(
                harness="every-eval-ever",
                task=" ".join(filter(None, (group[0], named))),
                path=path,
                metrics=tuple(name for name in JUDGEMENTS if name in metrics[group]),
                directions={"is_correct": False} | ({} if lower is None else {"score": lower}),
                model=group[1],
                run=str(row.get("evaluation_id", "")),
                conditions={"interaction": as_text(row.get("interaction_type"))},
                details={"group": group},
            )
        )
    return logs


def _read_results(path: Place) -> dict[str, Mapping[str, Any]]:
    """Return the aggregate results by their ids, and by name where a name has one."""
    name = plain_name(path)
    ending = "_samples.jsonl"
    about = f"{name.removesuffix(ending)}.json" if name.endswith(ending) else ""
    file = find_beside(path, about) if about else None
    whole = {} if file is None else read_json_file(file)
    listed = expect(whole, dict, str(file), "the file").get("evaluation_results") or []
    results = expect(listed, list, str(file), "evaluation_results")
    for result in results:
        expect(result, dict, str(file), "a result")
    names = Counter(str(result.get("evaluation_name")) for result in results)
    by_key: dict[str, Mapping[str, Any]] = {}
    for result in results:
        name = str(result.get("evaluation_name"))
        if names[name] == 1:
            by_key[name] = result
        if "evaluation_result_id" in result:
            by_key[str(result["evaluation_result_id"])] = result
    return by_key


def _name_result(group: Group, row: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return what tells a result from the others of its evaluation, in every run of it."""
    name = config.get("metric_name") or config.get("metric_id")
    return str(name or group[2].removeprefix(str(row.get("evaluation_id"))).lstrip("#/:"))


def _group(row: Mapping[str, Any]) -> Group:
    """Return evaluation, model and result of a row."""
    keys = ("evaluation_name", "model_id")
    name, model = (str(row.get(key)) for key in keys)
    return name, model, str(row.get("evaluation_result_id") or "")


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
    asked, answered = part(row, "input", where), part(row, "output", where)
    key = row.get("sample_id", row.get("sample_hash"))
    if key is None:
        raise DataError(
            f"{where}: neither 'sample_id' nor 'sample_hash' says which sample this is. "
            "Was the file converted from one without ids?"
        )
    raw = answered.get("raw", _last_answer(row.get("messages")))
    answer = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
    accepted = asked.get("reference")
    references = accepted if isinstance(accepted, list) else [accepted]
    record: dict[str, Any] = {
        "id": key,
        "prediction": None if answer in (None, []) else as_text(answer),
        "references": [as_text(reference) for reference in references if reference is not None],
        "input": None if asked.get("raw") is None else as_text(asked["raw"]),
        "choices": asked.get("choices"),
    }
    if row.get("error"):
        record["error"] = as_text(row["error"])
    elif log.metric:
        set_score(record, part(row, "evaluation", where).get(log.metric), log, where)
    return record


def _last_answer(messages: Any) -> Any:
    """Return what the model said last in a conversation, which has no other output."""
    answers = [
        message["content"]
        for message in messages or []
        if isinstance(message, dict)
        and message.get("role") == "assistant"
        and message.get("content")
    ]
    return answers[-1] if answers else None
