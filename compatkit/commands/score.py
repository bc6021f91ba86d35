"""compatkit score: what an update broke, from prediction files."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

import click

from compatkit.commands.command import Command
from compatkit.commands.flags import Predictions, Report, add_flags, flag
from compatkit.commands.picture_files import PICTURE_FLAG, find_pictures, render_pictures
from compatkit.commands.printing import (
    PIPED_COLUMNS,
    REPORT,
    check_targets,
    encode_report,
    find_width,
    hold_report,
    is_colored,
    print_report,
    printed_kind,
    report_flags,
    written_kind,
)
from compatkit.commands.progress import show_progress
from compatkit.commands.scheduler import SCHEDULER_FLAG, open_client
from compatkit.commands.score_options import (
    STATISTICS,
    adopt_scorer,
    measure_options,
    parse_options,
)
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.names import split_name
from compatkit.comparison.reference_files import reference_paths
from compatkit.comparison.tasks import compare_paths
from compatkit.errors import ConfigError
from compatkit.output import Data, write_whole
from compatkit.readers.address import Place
from compatkit.record import replace
from compatkit.reports import PARTS, REPORTS, SUFFIXES, View
from compatkit.reports.flips import FORMATS, flips_format, render_flips
from compatkit.reports.pictures import IMAGES

EXAMPLES = (
    "compatkit score old.jsonl new.jsonl -s rougeL -t 0.3 --show-flips 5",
    "compatkit score old.jsonl new.jsonl --by topic -o report.html",
    "compatkit score runs/v1 runs/v2 --tasks 'mmlu_*' -o table.tex",
    "compatkit score both.csv --old-field prediction=v1 --new-field prediction=v2",
)
FIRST = ("scorer", "threshold", "by", "show_flips", "output")
# The reports that are read by programs: JSON holds every flip, the others none, and none explains.
PROGRAMS = {"json", "csv", "latex"}
shown = partial(flag, group=REPORT)
SCORE_FLAGS = (
    shown(
        "--verbose",
        "-v",
        is_flag=True,
        help="Show all metrics and tests, and the signature in full.",
    ),
    shown(
        "--matrix",
        is_flag=True,
        help="The NFR of every update between the models, each to each, instead of OLD's to the "
        "others.",
    ),
    shown("--intervals", is_flag=True, help="LaTeX (-o FILE.tex): an interval beside each number."),
    flag(
        "--old-rerun",
        type=Predictions(),
        group=STATISTICS,
        help="A second run of the old model: how many flips are its own noise.",
    ),
    shown(
        "--show-flips",
        type=click.IntRange(0),
        metavar="N",
        help="Show N negative flips, the largest fall of score first; none, but every flip in "
        "HTML, if not said.",
    ),
    shown(
        "--show-field",
        multiple=True,
        metavar="NAME",
        help="Show a field of the records with each flip that is shown; dots nest; repeatable.",
    ),
    shown(
        "--show-changed",
        is_flag=True,
        help="HTML (-o FILE.html): list the answers that changed and are still wrong, too.",
    ),
    shown(
        "--flips",
        multiple=True,
        type=Report(tuple(FORMATS)),
        metavar="FILE",
        help="Write every flipped example whole: .jsonl, .csv or .parquet.",
    ),
)


@click.command(cls=Command, first=FIRST, examples=EXAMPLES)
@click.argument("old", type=Predictions())
@click.argument("new", type=Predictions(), required=False)
@click.argument("candidates", type=Predictions(), nargs=-1)
@measure_options(without=())
@add_flags(*SCORE_FLAGS)
@report_flags([*SUFFIXES, *IMAGES], "number")
@PICTURE_FLAG
@SCHEDULER_FLAG
def score(
    old: str | Place, new: str | Place | None, candidates: tuple[str | Place, ...], **values: Any
) -> None:
    """Compare the predictions of a NEW model, and of further CANDIDATES, with an OLD one's.

    NEW is left out where OLD holds both models' predictions, in columns or rows of their own.

    NAME=PATH says what reports call a model: v2=runs/new.jsonl.

    Files are of the kinds that compatkit formats lists, plain, .gz or .zst, one example a row
    with id, prediction and reference; - is standard input, and a file elsewhere is named by its
    address, such as s3://bucket/new.jsonl. Folders hold one file a task, or what
    an evaluation harness left behind: compatkit formats lists what is read.
    """
    if values.pop("matrix"):
        from compatkit.commands.score_matrix import score_matrix  # noqa: PLC0415  (start-up time)

        score_matrix([old, *([] if new is None else [new]), *candidates], values)
        return
    report = printed_kind(as_json=values.pop("as_json"), as_markdown=values.pop("as_markdown"))
    written = values.pop("output")
    pictures = find_pictures(written, values.pop("picture"), {**values, "candidates": candidates})
    outputs = {path: written_kind(path, SUFFIXES) for path in written if path not in pictures}
    flips = values.pop("flips")
    for path in flips:
        flips_format(path)
    old_rerun = values.pop("old_rerun")
    named = [split_name(side) for side in (old, *([] if new is None else [new]), *candidates)]
    names, paths = [name for name, _ in named], [path for _, path in named]
    read = [*paths, old_rerun or "", *reference_paths(values["references"])]
    check_targets([*written, *flips], read)
    view = _view(values)
    adopt_scorer(values, paths)
    kinds = {report, *outputs.values()}
    _refuse_unshown(kinds, view)
    keep = bool(flips or view.show_flips or view.whole or values["find_slices"])
    keep |= bool(kinds & {"json", "html", "csv"})
    values |= {"keep_flips": keep, "keep_changed": view.show_changed}
    if new is None and any(names):
        raise ConfigError(f"{paths[0]}: one name for a file of two models. Give the path alone.")
    results = _compare(values, paths, names, old_rerun)
    plain = replace(view, width=PIPED_COLUMNS, color=False)
    files: dict[str, Data] = {path: render_flips(results, path) for path in flips}
    files |= {path: encode_report(_render(k, results, plain)) for path, k in outputs.items()}
    files |= render_pictures(pictures, results)
    with hold_report(_render(report, results, view)) as printed:
        for path, data in files.items():
            write_whole(path, data)
        print_report(printed)


def _render(kind: str, results: list[Comparison], view: View) -> str | Iterator[str]:
    """Return a report, in parts where it is made so."""
    return PARTS[kind](results, view) if kind in PARTS else REPORTS[kind](results, view)


def _compare(
    values: dict[str, Any],
    paths: Sequence[str | Place],
    names: Sequence[str],
    old_rerun: str | Place | None,
) -> list[Comparison]:
    if [*paths, old_rerun].count("-") > 1:
        raise ConfigError("- can stand for one file only: standard input is read once.")
    with show_progress() as progress, open_client(values.pop("scheduler")) as client:
        options = parse_options(values, progress=progress, client=client)
        news = options.find_new(*paths)
        return compare_paths(paths[0], news, options, old_rerun=old_rerun, names=names)


def _view(values: dict[str, Any]) -> View:
    names = ("explain", "verbose", "show_flips", "show_changed", "intervals")
    shown = {name: values.pop(name) for name in names}
    shown["show_fields"] = tuple(dict.fromkeys(values.pop("show_field")))
    return View(**shown, sweep=values["sweep"], width=find_width(), color=is_colored())


def _refuse_unshown(kinds: AbstractSet[str], view: View) -> None:
    """Refuse what people would read in reports for programs alone, or of what is not shown."""
    if view.show_fields and not view.show_flips and "html" not in kinds:
        raise ConfigError(
            "--show-field is of the flips that --show-flips N, or -o FILE.html, shows. Say either."
        )
    if view.show_changed and "html" not in kinds:
        raise ConfigError("--show-changed: no HTML is written. Add -o FILE.html, or leave it out.")
    if view.intervals and "latex" not in kinds:
        raise ConfigError("--intervals: no LaTeX is written. Add -o FILE.tex, or leave it out.")
    if kinds - PROGRAMS:
        return
    shown = {
        "--show-flips": view.show_flips,
        "--explain": view.explain,
        "--verbose": view.verbose,
    }
    for name, used in shown.items():
        if used:
            raise ConfigError(
                f"{name}: nobody would see it, since {' and '.join(sorted(kinds))} alone is made. "
                "Leave it out, or add -o FILE.md; the JSON report holds every flip."
            )
