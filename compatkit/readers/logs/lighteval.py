"""lighteval: the folder that `--output-dir` names, with `--save-details`.

A task of a run is `details_TASK|FEWSHOT_DATE.parquet`. The harness drops the ids of its rows but
for one within `doc`: where that is missing, or the same for all, a row is known by its query and
choices. Options that the model scores are `choices`; the gold one is the reference.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from compatkit.predictions.predictions import Records
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    as_text,
    expect,
    read_json_file,
    set_score,
)
from compatkit.readers.parquet import read_parquet
from compatkit.readers.source import open_path

NAME = re.compile(r"^details_(.+)_(\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?)\.parquet$")


def find_logs(files: Sequence[Path]) -> list[Path]:
    """Return the files of details, by their names."""
    return [path for path in files if NAME.match(path.name)]


def open_logs(files: Sequence[Path], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of details.

    Raises:
        DataError: a file that is damaged.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Path) -> Log:
    task, run = NAME.match(path.name).groups()  # type: ignore[union-attr]
    results = _find_results(path, run)
    first: Mapping[str, Any] = {}
    ids: Counter[str] = Counter()
    with open_path(path).open() as stream:
        for batch in read_parquet(stream, str(path)):
            first = first or (batch.rows[0] if batch.rows else {})
            ids.update(str(_doc(row).get("id")) for row in batch.rows)
    metric = expect(first.get("metric"), dict, f"{path}:1", "the column 'metric'")
    refused = {
        name: "its value is a list, a part of a score over the whole set"
        for name, value in metric.items()
        if isinstance(value, list | dict)
    }
    general = results.get("config_general")
    general = general if isinstance(general, dict) else {}
    return Log(
        harness="lighteval",
        task=task,
        path=path,
        metrics=tuple(name for name in metric if name not in refused),
        refused=refused,
        lower_is_better=frozenset(_lower(results, task)),
        model=path.absolute().parent.parent.name,
        run=run,
        conditions=_conditions(results, general, task),
        details={"by_id": ids.total() > 0 and max(ids.values()) == 1},
    )


def _find_results(path: Path, run: str) -> Mapping[str, Any]:
    """Return the results of the same run: `results/MODEL/` stands beside `details/MODEL/`."""
    for folder in path.absolute().parents:
        if folder.name == "details":
            model = path.absolute().parent.parent.relative_to(folder)
            file = folder.parent / "results" / model / f"results_{run}.json"
            found = read_json_file(file) if file.is_file() else {}
            return found if isinstance(found, dict) else {}
    return {}


def _task_config(results: Mapping[str, Any], task: str) -> Mapping[str, Any]:
    tasks = results.get("config_tasks")
    config = tasks.get(task) if isinstance(tasks, dict) else None
    return config if isinstance(config, dict) else {}


def _lower(results: Mapping[str, Any], task: str) -> list[str]:
    """Return the metrics of which less is better."""
    metrics = _task_config(results, task).get("metrics")
    if isinstance(metrics, dict):
        metrics = list(metrics.values())
    return [
        str(each.get("metric_name"))
        for each in metrics or []
        if isinstance(each, dict) and each.get("higher_is_better") is False
    ]


def _conditions(
    results: Mapping[str, Any], general: Mapping[str, Any], task: str
) -> dict[str, str]:
    if not results:
        return {}
    config = _task_config(results, task)
    model = general.get("model_config")
    summary = results.get("summary_tasks")
    hashes = summary.get(task) if isinstance(summary, dict) else None
    hashes = hashes.get("hashes") if isinstance(hashes, dict) else None
    found = {
        "few-shot examples": config.get("num_fewshots"),
        "limit": general.get("max_samples"),
        "generation": model.get("generation_parameters") if isinstance(model, dict) else None,
        "system prompt": model.get("system_prompt") if isinstance(model, dict) else None,
        "hash of the prompts": hashes.get("hash_full_prompts")
        if isinstance(hashes, dict)
        else None,
        "version of the task": config.get("version"),
    }
    return {name: "none" if value is None else as_text(value) for name, value in found.items()}


def _doc(row: Mapping[str, Any]) -> Mapping[str, Any]:
    doc = row.get("doc")
    return doc if isinstance(doc, dict) else {}


def read_log(stream: BinaryIO, log: Log) -> Iterator[Records]:
    """Yield the rows of a file of details.

    Raises:
        DataError: it is damaged, or a row is not as lighteval writes it.
    """
    name = str(log.path)
    for batch in read_parquet(stream, name):
        rows = [
            _record(row, log, f"{name}:{line}")
            for row, line in zip(batch.rows, batch.lines, strict=True)
        ]
        yield Records(rows, batch.lines, name)


def _record(row: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    doc = expect(row.get("doc"), dict, where, "the column 'doc'")
    query = as_text(doc.get("query"))
    choices = [as_text(each) for each in doc.get("choices") or []]
    gold = doc.get("gold_index")
    golds = gold if isinstance(gold, list) else [gold]
    key = query + "\0" + "\0".join(choices)
    record: dict[str, Any] = {
        "id": str(doc["id"]) if log.details["by_id"] else _digest(key),
        "prediction": _prediction(row.get("model_response"), choices),
        "references": [
            choices[each].strip()
            for each in golds
            if isinstance(each, int) and 0 <= each < len(choices)
        ],
        "input": query,
        "choices": choices,
        "specific": doc.get("specific"),
    }
    if log.metric:
        metric = row.get("metric")
        value = metric.get(log.metric) if isinstance(metric, dict) else None
        set_score(record, value, log, where)
    return record


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _prediction(response: Any, choices: Sequence[str]) -> str | None:
    """Return the first text, or the choice of the highest log-likelihood."""
    if not isinstance(response, dict):
        return None
    for name in ("text_post_processed", "text"):
        texts = response.get(name)
        if texts:
            return as_text(texts[0] if isinstance(texts, list) else texts)
    scores = response.get("logprobs")
    if isinstance(scores, list) and scores and len(scores) == len(choices):
        best = max(range(len(scores)), key=scores.__getitem__)
        return choices[best].strip()
    return None
