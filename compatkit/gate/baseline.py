"""Baseline: the file of the new model becomes the old one's, once it has passed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compatkit.errors import ConfigError, DataError
from compatkit.gate.policy import TaskPolicy
from compatkit.gate.task_files import path_of
from compatkit.output import write_whole
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.run_header import header_path


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
        ConfigError: a task of a log, a named pipe, or files of two kinds.
    """
    for task in tasks:
        old, new = path_of(task.old), path_of(task.new)
        if not (_is_alone(task.old) and _is_alone(task.new)):
            raise ConfigError(
                f"--update-baseline: {old} or {new} is no prediction file of its own. 'compatkit "
                "convert' makes such files of a harness's log."
            )
        kinds = [_endings(path) for path in (old, new)]
        if kinds[0] != kinds[1]:
            raise ConfigError(
                f"--update-baseline: {new} cannot become {old}: the endings {kinds[0] or 'none'} "
                f"and {kinds[1] or 'none'} say that they are of two kinds."
            )


def update_baselines(tasks: Sequence[TaskPolicy]) -> list[str]:
    """Replace each task's old file by its new one, each whole; return the files replaced.

    Raises:
        DataError: a new file that is no longer the one that was judged.
    """
    replaced = []
    for task in tasks:
        if task.old.digest != task.new.digest:
            old, new = path_of(task.old), path_of(task.new)
            write_whole(old, _read_judged(task.new))
            replaced += [old, *_move_header(new, old)]
    return replaced


def _read_judged(file: PredictionFile) -> bytes:
    data = b"" if file.source is None else file.source.stored()
    if hashlib.sha256(data).hexdigest() != file.digest:
        raise DataError(f"{file.name}: the file changed after it was judged. Run again.")
    return data


def _is_alone(file: Any) -> bool:
    """Whether a side of a task is a file that was named itself."""
    return isinstance(file, PredictionFile) and file.path is not None and file.alone


def _move_header(new: str, old: str) -> list[str]:
    """Let the header say how the baseline's new content was made, or be gone."""
    source, target = header_path(new), header_path(old)
    if source.exists():
        write_whole(target, source.read_bytes())
        return [str(target)]
    target.unlink(missing_ok=True)
    return []


def _endings(path: str) -> str:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes[-2:]]
    packed = suffixes and suffixes[-1] in {".gz", ".zst"}
    return "".join(suffixes if packed else suffixes[-1:])
