"""Settings for all tests and examples.

Hugging Face's libraries stay in a folder of their own. A file that needs a package which is not
installed is skipped with its reason: `pip install -e ".[dev]"` brings none of the heavy ones.
"""

import atexit
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
NEEDS = {
    "compatkit/evaluate_modules": ("evaluate", "datasets"),
    "compatkit/muscle": ("torch", "transformers", "peft"),
    "docs/evaluate.md": ("evaluate", "datasets", "torch", "transformers"),
    "tests/commands/test_muscle_command.py": ("torch", "transformers", "peft"),
    "tests/evaluate_modules": ("evaluate", "datasets", "torch", "transformers"),
    "tests/muscle": ("torch", "transformers", "peft"),
    "tests/runner": ("torch", "transformers", "peft", "datasets"),
    "tests/scorers/test_evaluate_metric.py": ("evaluate", "datasets"),
    "tests/test_tutorials.py": ("torch", "transformers", "peft"),
}
"""What a folder or a file needs beyond the group `dev`."""

_home = tempfile.mkdtemp(prefix="compatkit-hf-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ.update(HF_HOME=_home, HF_HUB_OFFLINE="1", HF_UPDATE_DOWNLOAD_COUNTS="0")


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector) -> pytest.CollectReport | None:
    """Skip a file without importing it where a package that it needs is absent."""
    if isinstance(collector, pytest.File):
        for place, names in NEEDS.items():
            absent = [name for name in names if find_spec(name) is None]
            if absent and collector.path.is_relative_to(ROOT / place):
                reason = f"Skipped: {', '.join(absent)} not installed: the group test-all has it"
                return pytest.CollectReport(collector.nodeid, "skipped", (place, None, reason), [])
    return None
