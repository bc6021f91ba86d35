"""compatkit score: what an update broke, from prediction files."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from compatkit.commands.progress import show_progress
from compatkit.commands.score_options import (
    NamedPath,
    adopt_scorer,
    measure_options,
    parse_options,
)
from compatkit.compare_models import compare_files
from compatkit.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.options import Options
from compatkit.output import write_whole
from compatkit.reports import REPORTS, SUFFIXES, View
from compatkit.reports.flips import flips_format, render_flips

MOST_COLUMNS, LEAST_COLUMNS, PIPED_COLUMNS = 120, 60, 100


EXAMPLE = "compatkit score old.jsonl new.jsonl -s rougeL -t 0.3 --show-flips 5"
# What the reports draw with, where the terminal's encoding lacks it.
PLAIN = str.maketrans({"\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-", "\N{RIGHTWARDS ARROW}": "->"})


@click.command(epilog=f"\b\nExample:\n  {EXAMPLE}")
@click.argument("old", type=NamedPath())
@click.argument("new", type=NamedPath())
@click.argument("candidates", type=NamedPath(), nargs=-1)
@measure_options
@click.option(
    "--old-rerun",
    type=NamedPath(),
    help="A second run of the old model: how many flips are its own noise.",
)
@click.option("--sweep", is_flag=True, help="Flips over all thresholds.")
@click.option(
    "--show-flips",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Show N negative flips.",
)
@click.option("--explain", is_flag=True, help="Say what each number means.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown.")
@click.option(
    "--output",
    "-o",
    multiple=True,
    type=NamedPath(),
    metavar="FILE",
    help=f"Write a report too; the suffix names the format: {', '.join(SUFFIXES)}.",
)
@click.option(
    "--flips",
    multiple=True,
    type=NamedPath(),
    metavar="FILE",
    help="Write every flipped example whole: .jsonl, .csv or .parquet.",
)
def score(old: str, new: str, candidates: tuple[str, ...], **values: Any) -> None:
    """Compare the predictions of a NEW model, and of further CANDIDATES, with an OLD one's.

    Files are JSONL, a JSON array, CSV, TSV or Parquet, plain, .gz or .zst, one example a row
    with id, prediction and reference; - is standard input. Folders hold one file a task.
    """
    report = _printed(as_json=values.pop("as_json"), as_markdown=values.pop("as_markdown"))
    outputs = {path: _kind(path) for path in values.pop("output")}
    flips = values.pop("flips")
    for path in flips:
        flips_format(path)
    old_rerun, sweep = values.pop("old_rerun"), values["sweep"]
    _check_targets([*outputs, *flips], [old, new, *candidates, old_rerun or ""])
    view = View(
        explain=values.pop("explain"),
        show_flips=values.pop("show_flips"),
        sweep=values.pop("sweep"),
        width=_width(),
        color=_color(),
    )
    adopt_scorer(values, [old, new, *candidates])
    kinds = {report, *outputs.values()}
    keep = bool(flips or view.show_flips or "json" in kinds)
    with show_progress() as progress:
        options = parse_options(values, sweep=sweep, keep_flips=keep, progress=progress)
        results = _compare([old, new, *candidates], options, old_rerun)
    plain = replace(view, width=PIPED_COLUMNS, color=False)
    files = {path: REPORTS[kind](results, plain).encode() for path, kind in outputs.items()}
    files |= {path: render_flips(results, path) for path in flips}
    text = REPORTS[report](results, view)
    for path, data in files.items():
        write_whole(path, data)
    _print(text)


def _compare(paths: Sequence[str], options: Options, old_rerun: str | None) -> list[Comparison]:
    if [*paths, old_rerun].count("-") > 1:
        raise ConfigError("- can stand for one file only: standard input is read once.")
    if any(Path(path).is_dir() for path in paths):
        from compatkit.tasks import compare_tasks  # noqa: PLC0415

        if old_rerun is not None:
            raise ConfigError("--old-rerun takes files, not folders: compare one task at a time.")
        return compare_tasks(paths[0], paths[1:], options)
    return compare_files(paths[0], paths[1:], options, old_rerun=old_rerun)


def _printed(*, as_json: bool, as_markdown: bool) -> str:
    if as_json and as_markdown:
        raise ConfigError(
            "--json and --markdown: one report is printed. Leave one out; -o FILE.md writes it too."
        )
    return "json" if as_json else "markdown" if as_markdown else "terminal"


def _kind(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"-o {path}: the suffix names the format: {', '.join(SUFFIXES)}.")
    return SUFFIXES[suffix]


def _check_targets(targets: Sequence[str], inputs: Sequence[str]) -> None:
    """Refuse, before any work, to write where no file can be, or over what is read."""
    read = {Path(os.path.realpath(path)) for path in filter(None, inputs)}
    written: set[Path] = set()
    for target in targets:
        path = Path(os.path.realpath(target))
        if path in read or (path.parent in read and path.exists()):
            raise ConfigError(f"{target}: is read, and would be written over. Name another file.")
        if path in written:
            raise ConfigError(f"{target}: is named for two outputs. Name another file.")
        if path.is_dir() or not path.parent.is_dir():
            what = "it is a folder" if path.is_dir() else "its folder does not exist"
            raise ConfigError(f"{target}: cannot be written: {what}.")
        written.add(path)


def _width() -> int:
    if not sys.stdout.isatty():
        return PIPED_COLUMNS
    return min(max(shutil.get_terminal_size().columns, LEAST_COLUMNS), MOST_COLUMNS)


def _color() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _print(text: str) -> None:
    """Print a report; what the terminal's encoding lacks becomes an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(text)
    sys.stdout.flush()
