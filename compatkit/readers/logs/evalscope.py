"""EvalScope: the reviews of a run, `reviews/MODEL/BENCHMARK_SUBSET.jsonl`.

A row is `index`, a place in a subset of the dataset: what was asked and the target must agree on
both sides. Repeats of one sample share `sample_score.group_id`, and are its samples. The scores are
those of `sample_score.score.value`; a row that lacks one, as where the judge failed, is not scored
and not wrong.
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
    part,
    plain_name,
    set_score,
)
from compatkit.readers.source import open_path

FINE = (None, "success")


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of reviews.

    Raises:
        DataError: a file that cannot be read.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    metrics: dict[str, None] = {}
    groups: Counter[str] = Counter()
    with open_path(path).open() as stream:
        for batch in read_jsonl(stream, str(path), by_hand=False):
            for row, line in zip(batch.rows, batch.lines, strict=True):
                where = f"{path}:{line}"
                score = _score(row, where)
                main = score.get("main_score_name")
                named = part(score, "value", where)
                metrics |= dict.fromkeys([main] if main in named else []) | dict.fromkeys(named)
                groups[_example(row, where)] += 1
    return Log(
        harness="evalscope",
        task=plain_name(path).removesuffix(".jsonl"),
        path=path,
        metrics=tuple(metrics),
        model=path.absolute().parent.name,
        lines=True,
        details={"several": max(groups.values(), default=1) > 1},
    )


def _score(row: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    return part(part(row, "sample_score", where), "score", where)


def _example(row: Mapping[str, Any], where: str) -> str:
    """Return the example of a row: the group of its repeats, or its own index."""
    group = part(row, "sample_score", where).get("group_id")
    name = row.get("index") if group is None else group
    if name is None:
        raise DataError(f"{where}: no field 'index'. Is this a review of EvalScope, and whole?")
    return as_text(name)


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the reviews.

    Raises:
        DataError: a line that is none.
    """
    name = str(log.path)
    for batch in read_jsonl(stream, name, by_hand=False):
        rows = [
            _record(row, log, f"{name}:{line}")
            for row, line in zip(batch.rows, batch.lines, strict=True)
        ]
        yield Records(rows, batch.lines, name)


def _record(row: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    sample, score = part(row, "sample_score", where), _score(row, where)
    target = row.get("target")
    references = target if isinstance(target, list) else [target]
    answer = score.get("extracted_prediction")
    record: dict[str, Any] = {
        "id": _example(row, where),
        "prediction": score.get("prediction") if answer is None else answer,
        "references": [as_text(text) for text in references if text is not None],
        "input": _asked(row, where),
        "metadata": sample.get("sample_metadata"),
    }
    if log.details["several"]:
        place = sample.get("generation_index")
        record["sample"] = as_text(row.get("index") if place is None else place)
    status = score.get("status")
    value = part(score, "value", where).get(log.metric)
    if value is None and status not in FINE:
        record["unscored"] = f"the judgement is {as_text(status)}"
    elif log.metric:
        set_score(record, value, log, where)
    return record


def _asked(row: Mapping[str, Any], where: str) -> str | None:
    """Return what was asked: all that was said before the first answer, or the older `input`."""
    messages = expect(row.get("messages") or [], list, where, "'messages'")
    asked: list[Any] = []
    for message in messages:
        if isinstance(message, dict) and message.get("role") == "assistant":
            break
        asked.append(message.get("content") if isinstance(message, dict) else message)
    text = row.get("input") if not asked else asked[0] if len(asked) == 1 else asked
    return None if text is None else as_text(text)
