"""Results of lm-evaluation-harness: what its file of results says of a task."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from compatkit.errors import DataError
from compatkit.readers.address import Place
from compatkit.readers.logs.keys import Once
from compatkit.readers.logs.log import (
    as_text,
    counted,
    plain_name,
    read_json_file,
    state_conditions,
)
from compatkit.readers.logs.log import part as part_of

FOLDERS_ABOVE = 2
DECIDES = ("results", "higher_is_better", "n-samples")  # what must not be said in two ways
# What lm-eval 0.4.0 to 0.4.2 make of `--model_args` in the names of files.
ARGUMENTS = re.compile(r"[/=]")


class Results(dict[str, Any]):
    """What a file of results says.

    Attributes:
        path: the file; the samples, where there is none.
    """

    def __init__(self, values: Mapping[str, Any], path: Place) -> None:
        """Keep what it says, and where."""
        super().__init__(values)
        self.path = path


def find_results(path: Place, task: str, run: str) -> Results:
    """Return what the file of results of the same run says; nothing where there is none.

    It is beside the samples or in a folder above them, may be compressed, and is called
    `results_DATE.json`, `NAME_DATE.json` after `--output_path NAME.json`, or `results.json`, as
    versions up to 0.4.2 did. One that does not hold the task is another run's.

    Args:
        path: the samples.
        task: their task.
        run: the date in their name, empty where it has none.

    Raises:
        DataError: two files that contradict each other, or one that cannot be read.
    """
    folder = path.absolute().parent
    for place in (folder, *(folder.parents[:FOLDERS_ABOVE] if run else ())):
        held = [(file, results) for file in _candidates(place, run) if (results := _read(file))]
        held = [(file, results) for file, results in held if _holds(results, task)]
        if held:
            decided = Once(f"what results say of the task {task}, its")
            for file, results in held:
                for key in DECIDES:
                    decided.put(key, part(results, key).get(task), str(file))
            return held[0][1]
    return Results({}, path)


def _candidates(folder: Place, run: str) -> Sequence[Place]:
    ends = (f"_{run}.json",) if run else ("results.json",)
    try:
        return sorted(
            file
            for file in folder.iterdir()
            if plain_name(file).endswith(ends)
            and not plain_name(file).startswith("samples_")
            and "__samples_" not in file.name
        )
    except OSError:
        return []


def _read(path: Place) -> Results:
    results = read_json_file(path)
    mine = isinstance(results, dict) and all(
        isinstance(results.get(key, {}), dict) for key in ("results", "configs")
    )
    return Results(results if mine else {}, path)  # else it is another tool's


def _holds(results: Results, task: str) -> bool:
    return task in part(results, "results") or task in part(results, "configs")


def name_task(path: Place) -> str:
    """Return the task of a file called `MODEL_ARGUMENTS_TASK.jsonl`, as up to 0.4.2.

    Without a file of results that lists the task, it is the file's stem.
    """
    stem = PurePath(plain_name(path)).stem
    for file in _candidates(path.absolute().parent, ""):
        results = _read(file)
        given = part(results, "config").get("model_args")
        prefix = ARGUMENTS.sub("__", as_text(given)) + "_" if given else ""
        for task in part(results, "configs"):
            if stem in {task, f"{prefix}{task}"}:
                return str(task)
    return stem


def part(results: Results, *keys: str) -> Mapping[str, Any]:
    """Return a part of the results, empty where there is none.

    Raises:
        DataError: it is no table, so that all that is looked for in it would seem to be absent.
    """
    table: Mapping[str, Any] = results
    for key in keys:
        table = part_of(table, key, str(results.path))
    return table


def aggregates(results: Results, task: str) -> dict[tuple[str, str], Any]:
    """Return the aggregates of a task by metric and filter, in the harness's order."""
    pairs = [(key.partition(","), value) for key, value in part(results, "results", task).items()]
    return {
        (metric, name): value
        for (metric, comma, name), value in pairs
        if comma and not metric.endswith("_stderr")
    }


def describe(results: Results, task: str) -> dict[str, str]:
    """Return what two runs should have in common."""
    if not results:
        return {}
    config, task_config = part(results, "config"), part(results, "configs", task)
    return state_conditions(
        {
            "chat template": results.get("chat_template_sha"),
            "system instruction": results.get("system_instruction_sha"),
            "few-shot examples": part(results, "n-shot").get(task),
            "few-shot as turns": results.get("fewshot_as_multiturn"),
            "few-shot seed": config.get("fewshot_seed"),
            "limit": config.get("limit"),
            "generation": task_config.get("generation_kwargs"),
            "version of the task": part(results, "versions").get(task),
            "lm_eval": results.get("lm_eval_version"),
        }
    )


def read_total(results: Results, task: str) -> int | None:
    """Return how many documents of a task were run, None where the results do not say.

    Raises:
        DataError: it is no whole number.
    """
    total = part(results, "n-samples", task).get("effective")
    return counted(total, str(results.path), f"the number of documents of {task}")


def refuse_cut(path: Place, wanted: str, count: int, total: int | None) -> None:
    """Refuse another number of rows than the results say were run.

    Raises:
        DataError: with both counts.
    """
    if total is not None and count > total:
        raise DataError(
            f"{path}: {count:,} rows of the filter {wanted!r}; its file of results says that "
            f"{total:,} documents were run. Are the results those of another run? --unfinished "
            "keep takes what is there."
        )
    if total is not None and count < total:
        raise DataError(
            f"{path}: {count:,} rows of the filter {wanted!r}; its file of results says that "
            f"{total:,} documents were run. Was it cut off, or made with --samples by lm-eval "
            "before 0.4.12, which counts all documents? --unfinished keep takes what is there."
        )
