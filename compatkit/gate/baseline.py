"""Baseline: the file of the new model becomes the old one's, once it has passed."""

from collections.abc import Sequence
from pathlib import Path

from compatkit.errors import ConfigError
from compatkit.gate.policy import TaskPolicy
from compatkit.gate.task_files import path_of
from compatkit.output import write_whole
from compatkit.readers.run_header import header_path


def check_baselines(tasks: Sequence[TaskPolicy]) -> None:
    """Refuse, before any work, baselines that could not be replaced.

    Raises:
        ConfigError: standard input, a folder, or files of two kinds.
    """
    for task in tasks:
        old, new = path_of(task.old), path_of(task.new)
        if not isinstance(task.old, str) or not isinstance(task.new, str):
            raise ConfigError(
                f"--update-baseline: {old} or {new} is no prediction file of its own. 'compatkit "
                "convert' makes such files of a harness's log."
            )
        if "-" in {old, new}:
            raise ConfigError("--update-baseline: standard input has no file to replace.")
        if Path(old).is_dir() or Path(new).is_dir():
            raise ConfigError(
                f"--update-baseline: {old} or {new} is a folder; a file was expected."
            )
        kinds = [_endings(path) for path in (old, new)]
        if kinds[0] != kinds[1]:
            raise ConfigError(
                f"--update-baseline: {new} cannot become {old}: the endings {kinds[0] or 'none'} "
                f"and {kinds[1] or 'none'} say that they are of two kinds."
            )


def update_baselines(tasks: Sequence[TaskPolicy]) -> list[str]:
    """Replace each task's old file by its new one, each whole; return the files replaced."""
    replaced = []
    for task in tasks:
        data = Path(task.new).read_bytes()
        if Path(task.old).read_bytes() != data:
            write_whole(task.old, data)
            replaced.append(str(task.old))
            replaced += _move_header(task.new, task.old)
    return replaced


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
