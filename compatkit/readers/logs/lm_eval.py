"""lm-evaluation-harness: the folder that `--output_path` names, with `--log_samples`.

A task of a run is `samples_TASK_DATE.jsonl`, one line per document and filter; what was run is
in `results_DATE.json` beside it. Rows are joined by `doc_id` within a task and filter, never by
line, and `doc_hash` and `target_hash` must agree on both sides. The prompt may change.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.errors import DataError
from compatkit.predictions.predictions import Records
from compatkit.readers.decoding import BOM, decode_object
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    expect,
    plain_name,
    read_json_file,
    set_score,
)
from compatkit.readers.source import CHUNK, open_path, read_head

NAME = re.compile(r"samples_(.+)_(\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?)\.jsonl$")
FIRST_KEYS = re.compile(rb'\{"doc_id": ?\d+, ?"doc": ?')
FILTER = re.compile(rb'"filter": ?"((?:[^"\\]|\\.)*)"')
NO_FILTER = "none"
JUDGES_NOTHING = "bypass"
NO_RESULTS = (
    "{}: no file of results is beside it, so that its chat template, few-shot count and limit are "
    "not known"
)
FLAGS = {True, False, "True", "False"}


def find_logs(files: Sequence[Path]) -> list[Path]:
    """Return the files of samples, by their names or their first keys."""
    return [
        path
        for path in files
        if plain_name(path).endswith(".jsonl")
        and (NAME.search(plain_name(path)) or FIRST_KEYS.match(read_head(path).removeprefix(BOM)))
    ]


def open_logs(files: Sequence[Path], selection: LogSelection) -> list[Log]:
    """Return a log per file of samples.

    Raises:
        DataError: a file that cannot be read, or whose first line is no sample.
    """
    return [_open_log(path, whole=selection.unfinished == "refuse") for path in files]


def _open_log(path: Path, *, whole: bool) -> Log:
    named = NAME.search(plain_name(path))
    task, run = named.groups() if named else (Path(plain_name(path)).stem, "")
    results = _find_results(path, run)
    first = _first_row(path)
    listed = expect(first.get("metrics", []), list, f"{path}:1", "metrics")
    known = [str(each) for each in listed] or _guess_metrics(results, task)
    filters = _find_filters(path, results, task, first)
    scored = [each for each in known if not _refusal(each, first.get(each))]
    better = _part(results, "higher_is_better", task)
    config = _part(results, "config")
    total = _part(results, "n-samples", task).get("effective")
    return Log(
        harness="lm-eval",
        task=task,
        path=path,
        metrics=tuple(f"{metric},{each}" for each in filters for metric in scored),
        refused={
            f"{metric},{each}": reason
            for metric in known
            for each in filters
            if (reason := _refusal(metric, first.get(metric)))
        },
        lower_is_better=frozenset(
            f"{metric},{each}"
            for metric in known
            for each in filters
            if better.get(metric) is False
        ),
        model=str(results.get("model_name") or ""),
        run=run,
        conditions=_conditions(results, task, config),
        notes=() if results else (NO_RESULTS.format(path),),
        details={"filter": filters[0], "total": total if whole else None},
    )


def _first_row(path: Path) -> Mapping[str, Any]:
    line = _first_line(path).removeprefix(BOM)
    if not line.strip():
        raise DataError(f"{path}: the file holds no rows. Was it written to the end?")
    row = decode_object(line, str(path), 1, cut=not line.endswith(b"\n"))
    if "doc_id" not in row:
        raise DataError(
            f"{path}:1: no field 'doc_id', so that this is no log of lm-evaluation-harness. "
            "--reader jsonl reads plain JSON Lines."
        )
    return row


def _first_line(path: Path) -> bytes:
    first, end, _ = read_head(path).partition(b"\n")
    if end:
        return first + end
    with open_path(path).open() as stream:
        return stream.readline()


def _find_results(path: Path, run: str) -> Mapping[str, Any]:
    """Return what the file of results of the same run says; nothing where there is none."""
    if not run:
        return {}
    beside = sorted(path.absolute().parent.glob(f"*results_{run}.json"))
    found = read_json_file(beside[0]) if len(beside) == 1 else {}
    return found if isinstance(found, dict) else {}


def _part(results: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    part: Any = results
    for key in keys:
        part = part.get(key) if isinstance(part, dict) else None
    return part if isinstance(part, dict) else {}


def _aggregates(results: Mapping[str, Any], task: str) -> list[tuple[str, str]]:
    """Return metric and filter of each aggregate of a task, in the harness's order."""
    keys = [key.partition(",") for key in _part(results, "results", task)]
    return [(metric, each) for metric, comma, each in keys if comma and "_stderr" not in metric]


def _guess_metrics(results: Mapping[str, Any], task: str) -> list[str]:
    """Return the metrics of a log that is too old to name them in its rows."""
    return list(dict.fromkeys(metric for metric, _ in _aggregates(results, task)))


def _find_filters(
    path: Path, results: Mapping[str, Any], task: str, first: Mapping[str, Any]
) -> list[str]:
    if "filter" not in first:
        return [NO_FILTER]
    known = dict.fromkeys([as_text(first["filter"])])
    known |= dict.fromkeys(each for _, each in _aggregates(results, task))
    return list(known) if results else list(known | dict.fromkeys(_scan_filters(path)))


def _scan_filters(path: Path) -> Iterator[str]:
    """Yield the filters of all rows, without decoding them."""
    rest = b""
    with open_path(path).open() as stream:
        while chunk := stream.read(CHUNK):
            block = rest + chunk
            yield from {each.decode("utf-8", "replace") for each in FILTER.findall(block)}
            rest = block[-256:]


def _refusal(metric: str, value: Any) -> str:
    """Say why a metric cannot score an example; nothing where it can."""
    if metric == JUDGES_NOTHING:
        return "the run was made with --predict_only, which judges nothing"
    if isinstance(value, list | dict):
        return (
            "each row holds the parts of a score over the whole set, a list and no number, so that "
            "no example is right or wrong by it"
        )
    return ""


def _conditions(results: Mapping[str, Any], task: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return what two runs should have in common."""
    if not results:
        return {}
    task_config = _part(results, "configs", task)
    found = {
        "chat template": results.get("chat_template_sha"),
        "system instruction": results.get("system_instruction_sha"),
        "few-shot examples": _part(results, "n-shot").get(task),
        "few-shot as turns": results.get("fewshot_as_multiturn"),
        "few-shot seed": config.get("fewshot_seed"),
        "limit": config.get("limit"),
        "generation": task_config.get("generation_kwargs"),
        "version of the task": _part(results, "versions").get(task),
        "lm_eval": results.get("lm_eval_version"),
    }
    return {name: "none" if value is None else as_text(value) for name, value in found.items()}


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows of one filter.

    Raises:
        DataError: a line that is no sample, a document twice, or fewer rows than were run.
    """
    name = str(log.path)
    metric, _, wanted = log.metric.rpartition(",")
    wanted = wanted or log.details["filter"]
    count = 0
    unnamed: set[object] = set()
    for batch in read_jsonl(stream, name, by_hand=False):
        rows, lines = [], []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            if "filter" in row:
                if row["filter"] != wanted:
                    continue
            else:
                _refuse_unnamed(row.get("doc_id"), unnamed, f"{name}:{line}")
            rows.append(_record(row, metric, log, f"{name}:{line}"))
            lines.append(line)
        count += len(rows)
        yield Records(rows, lines, name)
    total = log.details["total"]
    if isinstance(total, int) and count < total:
        raise DataError(
            f"{name}: {count:,} rows of the filter {wanted!r}; its file of results says that "
            f"{total:,} documents were run. Was it cut off? --unfinished keep takes what is there."
        )


def _refuse_unnamed(doc_id: object, seen: set[object], where: str) -> None:
    """Refuse a document twice in a log that does not say by which filter."""
    if doc_id in seen:
        raise DataError(
            f"{where}: doc_id {doc_id!r} occurs twice, and no row names its filter: lm-eval before "
            "0.4.6 wrote one row per filter without its name. Run it again with a newer one."
        )
    seen.add(doc_id)


def _record(row: Mapping[str, Any], metric: str, log: Log, where: str) -> dict[str, Any]:
    if "doc_id" not in row:
        raise DataError(f"{where}: no field 'doc_id'. Is this a log of lm-evaluation-harness?")
    arguments = row.get("arguments")
    choices = _choices(row.get("filtered_resps"), arguments)
    record: dict[str, Any] = {
        "id": row["doc_id"],
        "prediction": _prediction(row, metric, choices),
        "reference": _reference(as_text(row.get("target")), choices),
        "input": _argument(arguments, 0, 0),
        "doc": row.get("doc"),
    }
    hashes = [row[key] for key in ("doc_hash", "target_hash") if key in row]
    if hashes:
        record["item_hash"] = "lm-eval:" + "+".join(map(str, hashes))
    if metric:
        set_score(record, row.get(metric), log, where)
    return record


def _argument(arguments: Any, request: int, part: int) -> str | None:
    """Return an argument of a request: 0 is the prompt, 1 what the model was to go on with."""
    try:
        if isinstance(arguments, dict):
            value = arguments[f"gen_args_{request}"][f"arg_{part}"]
        else:
            value = arguments[request][part]
    except (KeyError, IndexError, TypeError):
        return None
    return value if isinstance(value, str) else None


def _choices(answers: Any, arguments: Any) -> list[str]:
    """Return the texts to choose from; none where two are alike or the answers are texts."""
    if not isinstance(answers, list) or len(answers) == 1 or _likelihoods(answers) is None:
        return []
    texts = [_argument(arguments, number, 1) for number in range(len(answers))]
    known = [text for text in texts if text is not None]
    return known if len(set(known)) == len(answers) else []


def _reference(target: str, choices: list[str]) -> str:
    """Return the accepted answer: a choice's text where the target is its index."""
    texts = [each.strip() for each in choices]
    is_index = target.isdecimal() and target not in texts and int(target) < len(texts)
    return texts[int(target)] if is_index else target


def _prediction(row: Mapping[str, Any], metric: str, choices: list[str]) -> str | None:
    """Return the answer: the filtered text, or the choice of the highest log-likelihood."""
    answers = row.get("filtered_resps")
    if not isinstance(answers, list) or not answers:
        return None
    likelihoods = _likelihoods(answers)
    if likelihoods is None:
        answer = answers[0] if len(answers) == 1 else answers
        while isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        return None if answer is None else as_text(answer)
    if len(answers) == 1:
        return str(answers[0][1])  # whether the continuation is what the model would have said
    if metric == "acc_norm" and choices:
        likelihoods = [
            value / max(len(text.strip()), 1)
            for value, text in zip(likelihoods, choices, strict=True)
        ]
    best = max(range(len(likelihoods)), key=likelihoods.__getitem__)
    return choices[best].strip() if choices else str(best)


def _likelihoods(answers: list[Any]) -> list[float] | None:
    """Return the log-likelihood of each choice; None where the answers are texts."""
    try:
        if all(
            isinstance(each, list) and len(each) == 2 and each[1] in FLAGS  # noqa: PLR2004
            for each in answers
        ):
            return [float(each[0]) for each in answers]
    except (TypeError, ValueError):
        pass
    return None
