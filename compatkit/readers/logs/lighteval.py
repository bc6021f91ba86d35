"""lighteval: the folder that `--output-dir` names, with `--save-details`.

A task of a run is `details_TASK|FEWSHOT_DATE.parquet`. The harness drops the ids of its rows but
for one within `doc`: where that is missing, or the same for all, a row is known by its query and
choices. Options that the model scores are `choices`; the gold one is the reference.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from compatkit.predictions.likelihoods import WEIGHING
from compatkit.predictions.records import Records
from compatkit.readers.address import Place
from compatkit.readers.logs.lighteval_rows import read_row
from compatkit.readers.logs.log import (
    Log,
    LogSelection,
    find_beside,
    part,
    plain_name,
    read_json_file,
    set_score,
    state_conditions,
    stated,
)
from compatkit.readers.logs.signs import LIGHTEVAL_NAME
from compatkit.readers.parquet import read_parquet
from compatkit.readers.source import open_path

ABOVE = 4  # folders above a file of details in which its results may be
NAME = re.compile(LIGHTEVAL_NAME)


def open_logs(files: Sequence[Place], selection: LogSelection) -> list[Log]:  # noqa: ARG001
    """Return a log per file of details.

    Raises:
        DataError: a file that is damaged.
    """
    return [_open_log(path) for path in files]


def _open_log(path: Place) -> Log:
    named = NAME.match(plain_name(path))
    task, run = named.groups() if named else (path.stem, "")
    results = _find_results(path, task, run)
    metrics: dict[str, Any] = {}
    ids: Counter[str | None] = Counter()
    with open_path(path).open() as stream:
        for batch in read_parquet(stream, str(path)):
            for record, line in zip(batch.rows, batch.lines, strict=True):
                row = read_row(record, f"{path}:{line}")
                ids[row.id] += 1
                metrics |= row.metrics if row.metrics.keys() - metrics.keys() else {}
    refused = {
        name: "its value is a list, a part of a score over the whole set"
        for name, value in metrics.items()
        if isinstance(value, list | dict)
    }
    general = part(results, "config_general", f"the results of {task}")
    return Log(
        harness="lighteval",
        task=task,
        path=path,
        metrics=tuple(name for name in metrics if name not in refused),
        refused=refused,
        directions=_directions(results, task),
        model=path.absolute().parent.parent.name,
        run=run,
        conditions=_conditions(results, general, task),
        details={"by_id": None not in ids and bool(ids) and max(ids.values()) == 1},
    )


def _find_results(path: Place, task: str, run: str) -> Mapping[str, Any]:
    """Return the results of the same run; nothing where there are none.

    They are in `results/MODEL/` beside `details/MODEL/`; of what a leaderboard published, above.
    """
    name = f"results_{run}.json"
    folder = path.absolute().parent
    places = [folder, *folder.parents[:ABOVE]]
    beside = [
        place.parent / "results" / folder.parent.relative_to(place)
        for place in places
        if place.name == "details"
    ]
    for place in [*places, *beside]:
        file = find_beside(place / path.name, name) if run else None
        results = {} if file is None else read_json_file(file)
        if isinstance(results, dict) and (_task_config(results, task) or "results" in results):
            return results
    return {}


def _of_task(results: Mapping[str, Any], key: str, task: str) -> Mapping[str, Any]:
    """Return what a part says of a task, whose name older versions write with colons."""
    where = f"the results of {task}"
    tasks = part(results, key, where)
    return part(tasks, task if task in tasks else task.replace("|", ":"), where)


def _task_config(results: Mapping[str, Any], task: str) -> Mapping[str, Any]:
    return _of_task(results, "config_tasks", task)


def _directions(results: Mapping[str, Any], task: str) -> dict[str, bool]:
    """Return of which metrics less is better; a group of metrics says it of each by name."""
    metrics = _task_config(results, task).get("metrics")
    if isinstance(metrics, dict):
        metrics = list(metrics.values())
    directions: dict[str, bool] = {}
    for metric in metrics if isinstance(metrics, list) else []:
        higher = metric.get("higher_is_better") if isinstance(metric, dict) else None
        names = metric.get("metric_name") if isinstance(metric, dict) else None
        by_name = higher if isinstance(higher, dict) else dict.fromkeys(_names(names), higher)
        for name, value in by_name.items():
            more = stated(value, f"results of {task}", f"higher_is_better of {name}")
            directions |= {} if more is None else {str(name): not more}
    return directions


def _names(names: Any) -> list[str]:
    return [str(name) for name in names] if isinstance(names, list) else [str(names)]


def _conditions(
    results: Mapping[str, Any], general: Mapping[str, Any], task: str
) -> dict[str, str]:
    if not results:
        return {}
    config = _task_config(results, task)
    model = general.get("model_config")
    hashes = _of_task(results, "summary_tasks", task).get("hashes")
    return state_conditions(
        {
            "few-shot examples": config.get("num_fewshots"),
            "limit": general.get("max_samples"),
            "generation": model.get("generation_parameters") if isinstance(model, dict) else None,
            "system prompt": model.get("system_prompt") if isinstance(model, dict) else None,
            "hash of the prompts": hashes.get("hash_full_prompts")
            if isinstance(hashes, dict)
            else None,
            "version of the task": config.get("version"),
        }
    )


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


def _record(record: Mapping[str, Any], log: Log, where: str) -> dict[str, Any]:
    row = read_row(record, where)
    key = "\0".join([row.asked, *row.choices])
    result: dict[str, Any] = {
        "id": row.id if log.details["by_id"] else _digest(key),
        "prediction": row.answer(log.metric),
        "references": list(row.references),
        "input": row.asked,
        "choices": [text.strip() for text in row.choices],
        "specific": row.specific,
    }
    weighed = row.weigh(log.metric)
    if weighed is not None:
        result[WEIGHING], result["log_likelihoods"] = weighed
    if log.metric:
        set_score(result, row.metrics.get(log.metric), log, where)
    return result


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
