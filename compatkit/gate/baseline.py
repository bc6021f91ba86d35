"""Baseline: the file of the new model becomes the old one's, once it has passed."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError, DataError
from compatkit.gate.policy import BLOCKING, INCONCLUSIVE, TaskPolicy
from compatkit.gate.task_files import path_of
from compatkit.gate.verdict import Verdict
from compatkit.output import replace_all
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.run_header import header_path, load_header
from compatkit.urls import is_url


def refuse_input(tasks: Sequence[TaskPolicy]) -> None:
    """Refuse, before it is read, standard input as a file to replace or to be replaced by.

    Raises:
        ConfigError: a side of a task is `-`.
    """
    if any("-" in {path_of(task.old), path_of(task.new)} for task in tasks):
        raise ConfigError("--update-baseline: standard input has no file to replace.")


def check_baselines(tasks: Sequence[TaskPolicy]) -> None:
    """Refuse, before any work, baselines that could not be replaced.

    Raises:
        ConfigError: a task of a log, a named pipe, an address, files of two kinds, or two tasks
            with one old file.
    """
    first: dict[str, str] = {}
    for task in tasks:
        old, new = path_of(task.old), path_of(task.new)
        elsewhere = next(filter(is_url, (old, new)), None)
        if elsewhere is not None:
            raise ConfigError(
                f"--update-baseline: {elsewhere} is an address, and a baseline is a file of this "
                "machine that another takes the place of. Copy the file yourself."
            )
        if task.history:
            raise ConfigError(
                f"--update-baseline beside a history: {old} would be written over, and the best so "
                f"far would forget it. Keep it: name it in 'history', and let 'old' be {new}."
            )
        if not (_is_alone(task.old) and _is_alone(task.new)):
            raise ConfigError(
                f"--update-baseline: {old} or {new} is no prediction file of its own. 'compatkit "
                "convert' makes such files of a harness's log."
            )
        if any(task.options.shape_of(side).label for side in (0, 1)):
            raise ConfigError(
                f"--update-baseline: the fields or rows of {old} and {new} are named for each "
                "side, so that one cannot stand in for the other. 'compatkit convert' makes a "
                "file of each model's predictions."
            )
        kinds = [_endings(path) for path in (old, new)]
        if kinds[0] != kinds[1]:
            raise ConfigError(
                f"--update-baseline: {new} cannot become {old}: the endings {kinds[0] or 'none'} "
                f"and {kinds[1] or 'none'} say that they are of two kinds."
            )
        name = first.setdefault(os.path.realpath(old), task.name)
        if name != task.name:
            raise ConfigError(
                f"--update-baseline: the tasks {name} and {task.name} have one old file, {old}, "
                "which cannot become two new ones. Give each a file of its own."
            )


def check_shown(verdict: Verdict) -> None:
    """Refuse a pass of which something was not shown.

    Raises:
        ConfigError: a budget that blocks is inconclusive, and counts as a pass.
    """
    doubtful = [
        decision.budget
        for decision in verdict.decisions
        if decision.tier == BLOCKING and decision.outcome == INCONCLUSIVE
    ]
    if doubtful:
        raise ConfigError(
            f"--update-baseline: {len(doubtful)} of the budgets, {doubtful[0]} the first, are "
            "inconclusive and only count as a pass: nothing was shown of the new file, and the "
            "old one stays. Give more examples, or replace the file yourself."
        )


def update_baselines(tasks: Sequence[TaskPolicy], verdict: Verdict) -> list[str]:
    """Replace the old file of every task by its new one, all or none; return the files replaced.

    Raises:
        DataError: a new file, or its header, that is no longer the one that was judged.
        ConfigError: a file that cannot be written.
    """
    files: dict[str | Path, bytes | None] = {}
    for task, comparison in zip(tasks, verdict.comparisons, strict=True):
        if task.old.digest != task.new.digest:
            files[path_of(task.old)] = _read_judged(task.new)
            files |= _move_header(task, comparison)
    replace_all(files)
    return [str(path) for path, data in files.items() if data is not None]


def _read_judged(file: PredictionFile) -> bytes:
    data = b"" if file.source is None else file.source.stored()
    if hashlib.sha256(data).hexdigest() != file.digest:
        raise DataError(f"{file.name}: the file changed after it was judged. Run again.")
    return data


def _move_header(task: TaskPolicy, comparison: Comparison) -> dict[str | Path, bytes | None]:
    """Let the header say how the baseline's new content was made, or be gone."""
    source, target = (header_path(path_of(file)) for file in (task.new, task.old))
    header, _ = load_header(source)
    if header != comparison.runs.get("new"):
        raise DataError(f"{source}: the header changed after it was read. Run again.")
    if not source.exists():
        return {str(target): None} if target.exists() else {}
    return {str(target): source.read_bytes()}


def _is_alone(file: Any) -> bool:
    """Whether a side of a task is a file that was named itself."""
    return isinstance(file, PredictionFile) and file.path is not None and file.alone


def _endings(path: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes[-2:]]
    packed = suffixes and suffixes[-1] in {".gz", ".zst"}
    return "".join(suffixes if packed else suffixes[-1:])
