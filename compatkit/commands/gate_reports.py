"""Where a verdict goes: the terminal, files, GitHub's step summary and annotations."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from compatkit.commands.picture_files import find_pictures, render_pictures
from compatkit.commands.printing import (
    PIPED_COLUMNS,
    check_targets,
    encode_report,
    find_width,
    hold_report,
    is_colored,
    print_report,
    printed_kind,
    written_kind,
)
from compatkit.errors import CompatkitError, ConfigError
from compatkit.gate.verdict import Verdict
from compatkit.output import write_whole
from compatkit.record import replace
from compatkit.reports.hostile import visible
from compatkit.reports.pictures import PICTURES, is_picture
from compatkit.reports.verdicts import (
    REPORT_BEGINNINGS,
    VERDICT_FLIPS,
    VERDICT_PARTS,
    VERDICT_REPORTS,
    VERDICT_SUFFIXES,
)
from compatkit.reports.view import View
from compatkit.urls import redact

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
# By which GitHub names the page of a run, at whose end its artifacts lie.
RUN_PAGE = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&*+,;=%-]+")  # without what ends a link

# A gate measures no total of its tasks, no further candidates and no other thresholds.
GATE_PICTURES = ("slices", "answers", "scores")
MOST_READ = 1000  # characters that tell a report from other files

__all__ = [
    "VERDICT_SUFFIXES",
    "check_outputs",
    "find_report_url",
    "print_verdict",
    "report_error",
    "write_verdict",
]


def check_outputs(
    outputs: Mapping[str, Any], inputs: Sequence[str], *, sliced: bool
) -> dict[str, str]:
    """Refuse, before any work, reports that could not be written or printed.

    Args:
        outputs: what was asked for.
        inputs: the files that are read.
        sliced: whether a budget is one of slices.

    Returns:
        The files that show a picture, and which.
    """
    printed_kind(as_json=outputs["as_json"], as_markdown=outputs["as_markdown"])
    kinds = {name: PICTURES[name] for name in GATE_PICTURES}
    pictures = find_pictures(outputs["output"], outputs["picture"], {"by": sliced}, kinds)
    for path in outputs["output"]:
        if path not in pictures:
            written_kind(path, VERDICT_SUFFIXES)
    check_targets([*outputs["output"], *filter(None, [outputs["gitlab"]])], inputs)
    return pictures


def find_report_url(named: str | None, outputs: Mapping[str, Any]) -> str:
    """Return where the HTML report will lie; empty where nobody knows.

    Args:
        named: what the user said.
        outputs: the reports that are written; an HTML page of a run on GitHub is among its
            artifacts.

    Raises:
        ConfigError: no web address.
    """
    if named is not None:
        if not ADDRESS.fullmatch(named):
            raise ConfigError(f"--report-url is {named!r}; an address as https://... was expected.")
        return named
    parts = [os.environ.get(name, "") for name in RUN_PAGE]
    suffixes = {Path(path).suffix.lower() for path in outputs["output"]}
    if not all(parts) or ".html" not in suffixes:
        return ""
    server, repository, run = parts
    url = f"{server}/{repository}/actions/runs/{run}#artifacts"
    return url if ADDRESS.fullmatch(url) else ""


def write_verdict(
    verdict: Verdict,
    outputs: Mapping[str, Any],
    shown: Mapping[str, Any],
    pictures: Mapping[str, str],
) -> None:
    """Write the reports that were asked for, and those that GitHub shows where it runs this."""
    plain = View(width=PIPED_COLUMNS)
    reports = [path for path in outputs["output"] if path not in pictures]
    files = {path: written_kind(path, VERDICT_SUFFIXES) for path in reports}
    files |= {outputs["gitlab"]: "gitlab"} if outputs["gitlab"] else {}
    texts = {
        path: encode_report(_render(verdict, kind, plain, shown)) for path, kind in files.items()
    }
    sliced = "slices" in pictures.values()
    drawn = render_pictures(pictures, verdict.measure_slices() if sliced else verdict.comparisons)
    for path, data in (texts | drawn).items():
        write_whole(path, data)
    summary = os.environ.get(STEP_SUMMARY)
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.writelines(_render(verdict, "markdown", plain, shown))
        # On stderr, which GitHub reads too, so that stdout carries the report alone.
        click.echo("".join(_render(verdict, "github", plain, shown)), err=True, nl=False)


def report_error(error: CompatkitError, outputs: Mapping[str, Any], name: str) -> None:
    """Say where GitHub shows it that nothing could be measured, and remove what says otherwise.

    A report of an earlier run would be taken for this one's. A file that is no report stays: it
    may be what the gate was to read.

    Args:
        error: why.
        outputs: the reports that would have been written.
        name: the policy's.
    """
    files = {path: VERDICT_SUFFIXES.get(Path(path).suffix.lower()) for path in outputs["output"]}
    files |= {outputs["gitlab"]: "gitlab"} if outputs["gitlab"] else {}
    for path, kind in files.items():
        with suppress(OSError):
            if _is_ours(Path(path), kind):
                Path(path).unlink()
    message = f"compatkit: {visible(redact(str(error)))}"
    summary = os.environ.get(STEP_SUMMARY)
    if summary:
        from compatkit.reports.verdicts.github import annotate_error  # noqa: PLC0415  (start-up time)
        from compatkit.reports.verdicts.markdown import render_error  # noqa: PLC0415  (start-up time)

        click.echo(annotate_error(message), err=True, nl=False)
        with suppress(OSError), Path(summary).open("a", encoding="utf-8") as file:
            file.write(render_error(message, name))


def _is_ours(path: Path, kind: str | None) -> bool:
    """Whether a file is a picture of ours, or a report of this kind."""
    if not path.is_file() or kind is None:
        return path.is_file() and is_picture(path)
    with path.open(encoding="utf-8", errors="replace") as file:
        return re.match(REPORT_BEGINNINGS[kind], file.read(MOST_READ)) is not None


def print_verdict(verdict: Verdict, outputs: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    """Print the report."""
    kind = printed_kind(as_json=outputs["as_json"], as_markdown=outputs["as_markdown"])
    view = View(width=find_width(), color=is_colored())
    with hold_report(_render(verdict, kind, view, shown)) as report:
        print_report(report)


def _render(
    verdict: Verdict, kind: str, view: View, shown: Mapping[str, Any]
) -> str | Iterator[str]:
    """Return a report, with as many flips as the user named, or as suit its kind."""
    flips = VERDICT_FLIPS.get(kind) if shown["show_flips"] is None else shown["show_flips"]
    view = replace(view, show_flips=flips, explain=shown["explain"], report_url=shown["report_url"])
    if kind in VERDICT_PARTS:
        return VERDICT_PARTS[kind](verdict, view)
    return VERDICT_REPORTS[kind](verdict, view)
