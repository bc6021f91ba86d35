"""Where the logs of real harness runs are, and how tests alter them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compatkit import compare
from compatkit.errors import CompatkitError

HERE = Path(__file__).parent
RUNS = HERE / "harnesses"
SHARED = HERE.parents[1] / "shared" / "formats"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared/formats, genuine files of other tools, is not here"
)


def copy_run(name: str, folder: Path) -> Path:
    """Copy a folder of `harnesses`, to be altered."""
    target = folder / name.replace("/", "_")
    shutil.copytree(RUNS / name, target)
    return target


def only(folder: Path, pattern: str) -> Path:
    """Return the one file of this name."""
    (path,) = folder.rglob(pattern)
    return path


def edit_lines(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Alter each line of a JSON Lines file in place; None keeps it, False drops it."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [row for row in rows if edit(row) is not False]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))


def edit_json(path: Path, edit: Callable[[Any], object]) -> None:
    """Alter a JSON file in place."""
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def refusal(old: object, new: object, **options: Any) -> str:
    """Return the message with which a comparison is refused."""
    with pytest.raises(CompatkitError) as caught:
        compare(old, new, **options)
    return str(caught.value)
