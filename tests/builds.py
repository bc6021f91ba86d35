"""What is built of the project: the files of a clone, setup.py run beside them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = (
    *("MANIFEST.in", "pyproject.toml", "setup.cfg", "setup.py", "README.md", "LICENSE"),
    *("compatkit", "tests"),
)


def build(folder: Path, *commands: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Copy what a clone holds, and run setup.py there."""
    for name in FILES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return subprocess.run(
        [sys.executable, "setup.py", *commands],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def wheel_of(folder: Path) -> Path:
    """Return the wheel that was built in a folder."""
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def source_of(folder: Path) -> Path:
    """Return the source distribution that was built in a folder."""
    (archive,) = (folder / "dist").glob("*.tar.gz")
    return archive
