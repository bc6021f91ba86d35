"""The copy-ready files of docs/gate.md."""

import re
from pathlib import Path
from typing import Any

import yaml

PAGE = (Path(__file__).parents[1] / "docs" / "gate.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def jobs_of(forge: str) -> list[dict[str, Any]]:
    """Return the jobs of the copy-ready files of a forge."""
    pattern = rf"<!-- {forge} -->\n```yaml\n(.*?)^```$"
    files = [yaml.safe_load(text) for text in re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL)]
    return [job for file in files for job in file.get("jobs", file).values()]


def steps() -> list[dict[str, Any]]:
    """Return the steps of all jobs for GitHub."""
    return [step for job in jobs_of("github") for step in job["steps"]]


def gate_commands() -> list[str]:
    """Return the lines that call compatkit, whatever the forge."""
    github = [step["run"] for step in steps() if "run" in step]
    gitlab = [line for job in jobs_of("gitlab") for line in job["script"]]
    return [line for line in (*github, *gitlab) if line.startswith("compatkit")]
