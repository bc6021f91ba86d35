"""Inspect: `.eval` and `.json` logs, a file or the folder of several.

A row is joined by the sample's id within its task; epochs are samples of one example. Input and
target must agree on both sides: ids that Inspect made itself change where a dataset is shuffled.
C, I, P and N are 1, 0, 0.5 and 0; NaN is not scored, and not wrong; a sample that failed is an
error, but where the run was made to score it (`score_on_error`). A `.json` log is held in memory,
and of its samples what is read here alone.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.blocks import read_json_text
from compatkit.readers.decoding import check_utf8, decode_json
from compatkit.readers.logs.inspect_scores import (
    A_LIST,
    ScoresSeen,
    accuracies,
    find_score,
    number_of,
)
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    batches,
    counted,
    expect,
    is_missing,
    items,
    part,
    set_score,
    state_conditions,
)
from compatkit.readers.logs.zip_members import ZipMembers, open_zip
from compatkit.readers.source import open_path

if TYPE_CHECKING:
    from compatkit.readers.logs.inspect_types import Header, Output, Sample

VERSION = 2
SAMPLE = re.compile(r"^samples/.*(_epoch_\d+\.json|/sample\.json)$", re.DOTALL)
CONSTANT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\b(?:NaN|Infinity)\b', re.DOTALL)
ATTACHMENT = "attachment://"


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:
    """Return a log per file.

    Raises:
        DataError: a file that is damaged, or of a version that is not known.
    """
    return [_open_log(path, whole=selection.unfinished == "refuse") for path in files]


def _open_log(path: Place, *, whole: bool) -> Log:
    header, scores, started = _read_header(path)
    if header.version != VERSION:
        raise DataError(
            f"{path}: an Inspect log of version {header.version}; version {VERSION} is read. "
            "`inspect log convert` of a newer inspect_ai rewrites it."
        )
    run = header.eval
    config, task_args = (part(run, key, str(path)) for key in ("config", "task_args"))
    results = part({"results": header.results}, "results", str(path))
    return Log(
        harness="inspect",
        task=str(run.get("task", path.stem)),
        variant=", ".join(f"{k}={as_text(v)}" for k, v in sorted(task_args.items())),
        path=path,
        metrics=tuple(scores.order(header.results)),
        refused=dict.fromkeys(scores.lists, A_LIST),
        directions=dict.fromkeys(scores.letters | accuracies(header), False),
        model=str(run.get("model", "")),
        run=str(run.get("created", "")),
        unfinished=_say_unfinished(header, started=started),
        conditions=_conditions(header, str(path)),
        metric_notes=scores.describe(),
        details={
            "epochs": config.get("epochs") or 1,
            "score_on_error": bool(config.get("score_on_error")),
            "total": counted(results.get("total_samples"), str(path), "total_samples")
            if whole
            else None,
        },
    )


def _read_header(path: Place) -> tuple["Header", ScoresSeen, bool]:
    """Return the header, what scores the samples have, and whether the run only began."""
    from compatkit.readers.logs import inspect_types as types  # noqa: PLC0415

    name = str(path)
    with open_path(path).open() as stream:
        if path.suffix != ".eval":
            whole: types.HeaderAndScores = _decode(
                read_json_text(stream, name), types.HeaderAndScores, name
            )
            return whole, ScoresSeen.of(whole.samples or []), False
        with open_zip(stream, name) as members:
            if "header.json" in members.names:
                header = _decode(members.read("header.json"), types.Header, name)
                return header, ScoresSeen.of(_summaries(members, name)), False
            if "_journal/start.json" not in members.names:
                raise DataError(f"{name}: holds no header.json; this is no log of Inspect.")
            begun = _decode(members.read("_journal/start.json"), types.Header, name)
            return begun, ScoresSeen.of(_summaries(members, name)), True


def _summaries(members: ZipMembers, name: str) -> Iterator[Any]:
    from compatkit.readers.logs import inspect_types as types  # noqa: PLC0415

    if "summaries.json" in members.names:
        yield from _decode(members.read("summaries.json"), list[types.Summary], name)
        return
    for member in filter(SAMPLE.match, members.names):
        yield _decode(members.read(member), types.Summary, f"{name}: {member}")


def _decode(raw: bytes, kind: Any, name: str) -> Any:
    """Decode a JSON text to a type, skipping what the type does not name; NaN becomes a text.

    Raises:
        DataError: no JSON, or not as Inspect writes it.
    """
    import msgspec  # noqa: PLC0415

    check_utf8(raw, name)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise DataError(f"{name}: not as Inspect writes it: {error}.") from error
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return msgspec.json.decode(CONSTANT.sub(_quote, raw), type=kind)
    except msgspec.ValidationError as error:
        raise DataError(f"{name}: not as Inspect writes it: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        decode_json(raw, name, cut=not raw.rstrip().endswith((b"}", b"]")))
        raise DataError(f"{name}: no JSON that can be read: {error}. Copy it again.") from error


def _quote(match: re.Match[bytes]) -> bytes:
    text = match.group()
    return text if text.startswith(b'"') else b'"' + text + b'"'


def _say_unfinished(header: "Header", *, started: bool) -> str:
    if started or header.status == "started":
        return "the run did not come to its end (status started)"
    if header.invalidated:
        return "the run was invalidated"
    if header.status == "success":
        return ""
    error = header.error.get("message", "") if isinstance(header.error, dict) else ""
    return f"the status of the run is {header.status}" + (f" ({error:.80})" if error else "")


def _conditions(header: "Header", where: str) -> dict[str, str]:
    """Return what two runs should have in common."""
    run, plan = header.eval, part({"plan": header.plan}, "plan", where)
    config, dataset = (part(run, key, where) for key in ("config", "dataset"))
    steps = items(plan, "steps", where)
    solvers = ", ".join(str(step.get("solver")) for step in steps if isinstance(step, dict))
    return state_conditions(
        {
            "prompts and solvers": f"{solvers} (SHA-256 {_digest(steps)})",
            "generation": plan.get("config"),
            "limit": config.get("limit"),
            "epochs": config.get("epochs") or 1,
            "dataset": dataset.get("name"),
            "shuffling": dataset.get("shuffled"),
            "version of the task": run.get("task_version"),
            "arguments of the task": run.get("task_args"),
        }
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(as_text(value).encode("utf-8", "replace")).hexdigest()[:8]


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the samples of a log.

    Raises:
        DataError: it is damaged, or was made without samples.
    """
    name = str(log.path)
    rows = 0
    for batch in batches(_numbered(stream, log, name), name):
        rows += len(batch.rows)
        yield batch
    if not rows:
        raise DataError(
            f"{name}: holds no samples. Run it again without --no-log-samples, and to its end."
        )
    total = log.details["total"]
    if total is not None and rows != total:
        raise DataError(
            f"{name}: {rows:,} samples; its results are of {total:,}. Was it cut or edited? Copy "
            "the file again; --unfinished keep takes what is there."
        )


def _numbered(stream: BinaryIO, log: Log, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    from compatkit.readers.logs import inspect_types as types  # noqa: PLC0415

    if log.path.suffix != ".eval":
        whole = _decode(read_json_text(stream, name), types.Samples, name)
        for number, sample in enumerate(whole.samples or [], 1):
            yield number, _record(sample, log, f"{name}:{number}")
        return
    with open_zip(stream, name) as members:
        for number, member in enumerate(filter(SAMPLE.match, members.names), 1):
            sample = _decode(members.read(member), types.Sample, f"{name}: {member}")
            yield number, _record(sample, log, f"{name}: {member}")


def _record(sample: "Sample", log: Log, where: str) -> dict[str, Any]:
    attachments = _Attachments(sample)
    record: dict[str, Any] = {
        "id": sample.id,
        "prediction": _completion(sample.output, attachments),
        "references": sample.target if sample.target is not None else [],
        "input": attachments.resolve(sample.input),
        "metadata": sample.metadata or {},
    }
    if log.details["epochs"] > 1:
        record["sample"] = sample.epoch
    if sample.choices:
        record["choices"] = sample.choices
    if sample.output is not None and sample.output.choices:
        record["stop_reason"] = sample.output.choices[0].stop_reason
    if sample.invalidation:
        record["error"] = f"invalidated: {as_text(sample.invalidation)}"
    if sample.error and not (log.details["score_on_error"] and sample.scores):
        message = sample.error.get("message") if isinstance(sample.error, dict) else sample.error
        record["error"] = str(message) or "an error without a message"
    if log.metric and "error" not in record:
        _set_score(record, sample, log, where)
    return record


def _set_score(record: dict[str, Any], sample: "Sample", log: Log, where: str) -> None:
    scores = sample.scores or {}
    name, key = find_score(scores, log.metric)
    if name not in scores:
        record["unscored"] = f"no score called {log.metric}"
        return
    value = scores[name].value
    if key and (isinstance(value, dict) or not is_missing(value)):
        value = expect(value, dict, where, f"the score {name}, of which {key} is asked,").get(key)
    if scores[name].answer is not None:
        record["answer"] = scores[name].answer
    set_score(record, number_of(value), log, where)


class _Attachments:
    """Long texts of a sample, which stand elsewhere in it."""

    def __init__(self, sample: "Sample") -> None:
        self._raw = sample.attachments
        self._texts: dict[str, str] | None = None

    def resolve(self, value: Any) -> Any:
        """Return a value with the texts that it names, at any depth."""
        if isinstance(value, str):
            return self._text(value) if value.startswith(ATTACHMENT) else value
        if isinstance(value, list):
            return [self.resolve(part) for part in value]
        if isinstance(value, dict):
            # A message's own id is drawn anew in each run.
            return {key: self.resolve(part) for key, part in value.items() if key != "id"}
        return value

    def _text(self, name: str) -> str:
        if self._texts is None:
            import msgspec  # noqa: PLC0415

            self._texts = msgspec.json.decode(self._raw) if bytes(self._raw) else {}
        return self._texts.get(name.removeprefix(ATTACHMENT), name)


def _completion(output: "Output | None", attachments: _Attachments) -> str | None:
    """Return the text of the first answer; None where there is none."""
    if output is None or (not output.choices and output.completion is None):
        return None
    if isinstance(output.completion, str):
        return str(attachments.resolve(output.completion))
    message = output.choices[0].message if output.choices else None
    content = attachments.resolve(message.content) if message is not None else None
    if isinstance(content, list):
        parts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return "".join(map(str, parts))
    return content if isinstance(content, str) else None
