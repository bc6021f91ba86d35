"""Resuming: from which checkpoint a training goes on, and that it is the same training.

What a training is made of lies beside its checkpoints. A checkpoint counts as one when the list
of its files, which is written last, names what is there.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compatkit.arrays import as_index
from compatkit.errors import ConfigError
from compatkit.output import write_whole

__all__ = ["CHECKPOINTS", "check_settings", "find_last_checkpoint", "mark_whole", "write_settings"]

CHECKPOINTS, SETTINGS, FILES = "checkpoints", "settings.json", "files.json"
FREE = {"output", "logging_steps", "tensorboard"}  # what may change where training goes on
NOTED = "versions"  # what may change, and is said


def mark_whole(checkpoint: Path) -> None:
    """Write the list of a checkpoint's files and their sizes, after all of them were written."""
    sizes = {
        str(path.relative_to(checkpoint)): path.stat().st_size
        for path in sorted(checkpoint.rglob("*"))
        if path.is_file() and path.name != FILES
    }
    write_whole(checkpoint / FILES, json.dumps(sizes, indent=2).encode() + b"\n")


def find_last_checkpoint(folder: Path) -> tuple[Path, list[str]]:
    """Return the newest whole checkpoint of a training, and a note on newer ones that are not.

    Raises:
        ConfigError: there is none.
    """
    notes: list[str] = []
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=_step, reverse=True):
        lacking = _find_lacking(checkpoint)
        if lacking is None:
            return checkpoint, notes
        notes.append(f"{checkpoint} is not whole ({lacking}) and is left aside")
    more = "".join(f" {note}." for note in notes)
    raise ConfigError(f"{folder}: no checkpoint to go on from.{more} Leave --resume out.")


def _step(checkpoint: Path) -> int:
    number = checkpoint.name.partition("-")[2]
    step = as_index(number)
    return -1 if step is None else step


def _find_lacking(checkpoint: Path) -> str | None:
    """Say what a checkpoint lacks, None where it is whole."""
    try:
        sizes = json.loads((checkpoint / FILES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "its writing was cut off"
    for name, size in sizes.items():
        path = checkpoint / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size:,} bytes of {size:,}"
    return None


def write_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    """Keep what a training is made of beside its checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / SETTINGS, json.dumps(settings, indent=2).encode() + b"\n")


def check_settings(folder: Path, settings: Mapping[str, Any]) -> list[str]:
    """Refuse to go on with another training than the one that was begun.

    Args:
        folder: of the checkpoints.
        settings: all that the result depends on: options, digests of models, adapters, tokenizer
            and data, the number of processes; and the versions, which are compared for a note.

    Returns:
        Notes on what differs.

    Raises:
        ConfigError: naming the first setting that differs, or settings that are not there.
    """
    file = folder / SETTINGS
    try:
        earlier = dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{file}: cannot be read, so what the checkpoints are of is not known. Name another "
            "folder, and train anew."
        ) from error
    now = json.loads(json.dumps(settings))
    for name in sorted(now.keys() | earlier.keys()):
        before, after = earlier.get(name), now.get(name)
        if name not in {*FREE, NOTED} and before != after:
            raise ConfigError(
                f"{folder}: the checkpoints are of a training with {name} {before!r}, not "
                f"{after!r}. Go on with the same, or name another folder."
            )
    if now.get(NOTED) != earlier.get(NOTED):
        return [f"begun with the versions {earlier.get(NOTED)}, gone on with {now.get(NOTED)}"]
    return []
