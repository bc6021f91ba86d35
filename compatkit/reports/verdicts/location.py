"""Location: the file and the line that an annotation or a finding points at."""

import os
from collections.abc import Mapping
from pathlib import Path

from compatkit.gate.verdict import Verdict
from compatkit.urls import is_url

# The folder of the checkout, by the variables of GitHub and GitLab; else the working directory.
CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
FIRST = 1  # the line of what is said of a whole file

Lines = Mapping[tuple[str, str], int]


def find_path(verdict: Verdict, task: str) -> str:
    """Name the new model's file of a task, relative to the checkout where it is below it."""
    named = [comparison.new for comparison in verdict.comparisons if comparison.task == task]
    path = next(iter(named), verdict.policy or verdict.comparisons[0].new)
    if is_url(path):
        return path
    whole = os.path.abspath(path)  # noqa: PTH100 - a link is shown as it is named
    folders = [*filter(None, map(os.environ.get, CHECKOUTS)), str(Path.cwd())]
    below = [folder for folder in folders if Path(whole).is_relative_to(folder)]
    return os.path.relpath(whole, below[0]) if below else path


def list_lines(verdict: Verdict) -> Lines:
    """Return task and example to the line of its new record, for guarded ones that flipped."""
    lines: dict[tuple[str, str], int] = {}
    for comparison in verdict.comparisons:
        if comparison.examples is not None:
            task = comparison.task
            names = {guarded.id for guarded in verdict.guarded if guarded.task == task}
            flips = comparison.examples.take(comparison.examples.find(names))
            keys = ((task, name) for name in flips.ids)
            lines |= dict(zip(keys, (line or FIRST for line in flips.new_lines), strict=True))
    return lines
