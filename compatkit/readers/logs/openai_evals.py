"""openai/evals: the record file of a run, JSON Lines of events.

Events of a sample may come in any order, and the final report first. A row is a `sample_id`; its
answer is what its `match` event judged, else what was sampled last. Where a model grades, what was
sampled last is the grader's, and the answer what was sampled before it. The score is the `correct`
of its `match` events, or a number of its `metrics` events. A run without its final report did not
end.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, BinaryIO

from msgspec import Struct, field

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    part,
    set_score,
    state_conditions,
)
from compatkit.readers.source import open_path

CORRECT = "correct"
VERDICT = "choice"  # of a grading model, in its `metrics` event
GRADER = "modelgraded"  # in the class of an eval that a model grades


class _Example(Struct):
    """What the events of one sample say."""

    line: int
    sampled: list[tuple[int, Any, Any]] = field(default_factory=list)
    judged: Any = None
    picked: Any = None
    graded: bool = False
    expected: Any = None
    error: Any = None
    correct: list[Any] = field(default_factory=list)
    metrics: dict[str, list[Any]] = field(default_factory=dict)


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file.

    Raises:
        DataError: a file that cannot be read.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    with open_path(path).open() as stream:
        spec, examples, ended = _read_events(stream, str(path))
    names = dict.fromkeys(name for example in examples.values() for name in example.metrics)
    judged = any(example.correct for example in examples.values())
    config = part(spec, "run_config", str(path))
    models = spec.get("completion_fns") or spec.get("model_name") or ""
    kind = config.get("eval_spec")
    conditions = {
        "limit": config.get("max_samples"),
        "seed": config.get("seed"),
        "arguments of the eval": kind.get("args") if isinstance(kind, dict) else None,
    }
    return Log(
        harness="openai-evals",
        task=str(spec.get("eval_name") or path.stem),
        path=path,
        metrics=(*([CORRECT] if judged else []), *(name for name in names if name != CORRECT)),
        model=as_text(models),
        run=str(spec.get("created_at", "")),
        unfinished=""
        if ended
        else "the run has no final report, so that it did not come to its end",
        directions={CORRECT: False},
        details={"graded": isinstance(kind, dict) and GRADER in as_text(kind.get("cls", ""))},
        notes=_describe(path, examples),
        conditions=state_conditions(conditions),
    )


def _describe(path: Place, examples: Mapping[str, _Example]) -> tuple[str, ...]:
    """Say where a sample holds several answers, of which one is taken."""
    several = sum(len(example.sampled) > 1 and not example.graded for example in examples.values())
    if not several:
        return ()
    return (f"{path}: {several} samples with several answers, of which the last is taken",)


def _read_events(
    stream: BinaryIO, name: str
) -> tuple[Mapping[str, Any], dict[str, _Example], bool]:
    """Return the specification, the samples in order, and whether there is a final report."""
    spec: Mapping[str, Any] = {}
    examples: dict[str, _Example] = {}
    ended = False
    for batch in read_jsonl(stream, name, by_hand=False):
        for row, line in zip(batch.rows, batch.lines, strict=True):
            if "spec" in row and isinstance(row["spec"], dict):
                spec = row["spec"]
            ended = ended or "final_report" in row
            if row.get("sample_id") is not None:
                example = examples.setdefault(str(row["sample_id"]), _Example(line))
                _add(example, row, f"{name}:{line}")
    return spec, examples, ended


def _add(example: _Example, event: Mapping[str, Any], where: str) -> None:
    data = part(event, "data", where)
    kind = event.get("type")
    if kind == "sampling":
        number = event.get("event_id")
        place = number if isinstance(number, int) else len(example.sampled)
        example.sampled.append((place, data.get("prompt"), data.get("sampled")))
    elif kind == "match":
        example.correct.append(data.get("correct"))
        example.expected = data.get("expected")
        example.judged = data.get("sampled", example.judged)
        example.picked = data.get("picked")
    elif kind == "metrics":
        example.graded = example.graded or VERDICT in data
        for metric, value in data.items():
            if value is None or isinstance(value, bool | int | float):
                example.metrics.setdefault(metric, []).append(value)
    elif kind == "error":
        example.error = data or "an error without a message"


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the samples of a run.

    Raises:
        DataError: several events judge one sample, and not alike.
    """
    name = str(log.path)
    _, examples, _ = _read_events(stream, name)
    if not examples:
        raise DataError(f"{name}: holds no samples. Did the evaluation run to its end?")
    yield from batches(
        (
            (example.line, _record(key, example, log, f"{name}:{example.line}"))
            for key, example in examples.items()
        ),
        name,
    )


def _read_texts(example: _Example, *, graded: bool) -> tuple[Any, Any]:
    """Return what the model that is evaluated was asked and answered, as far as is written."""
    sampled = sorted(example.sampled, key=itemgetter(0))
    answers = [answer for _, _, answer in sampled]
    if graded:  # the last is the grader's
        answers = answers[:-1]
        answer = answers if len(answers) > 1 else next(iter(answers), None)
    elif example.judged is not None:
        answer = example.judged
    else:
        answer = answers[-1] if answers else example.picked
    while isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    return (sampled[0][1] if answers else None), answer


def _record(key: str, example: _Example, log: Log, where: str) -> dict[str, Any]:
    prompt, sampled = _read_texts(example, graded=log.details["graded"] or example.graded)
    record: dict[str, Any] = {
        "id": key,
        "prediction": None if sampled is None else as_text(sampled),
        "references": [],
        "input": None if prompt is None else as_text(prompt),
    }
    if example.expected is not None:
        expected = example.expected if isinstance(example.expected, list) else [example.expected]
        record["references"] = [as_text(reference) for reference in expected]
    if example.error is not None:
        record["error"] = as_text(example.error)
    elif log.metric:
        values = example.metrics.get(log.metric, [])
        values = example.correct if log.metric == CORRECT and example.correct else values
        if len(set(map(str, values))) > 1:
            raise DataError(
                f"{where}: {len(values)} events judge {key!r} by {log.metric}, and not alike. "
                "--metric chooses another metric, and --scorer scores the answers anew."
            )
        set_score(record, values[0] if values else None, log, where)
    return record
