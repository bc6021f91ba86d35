"""compatkit history: since when it is broken, over several versions of a model."""

from collections.abc import Mapping
from typing import Any

import click

from compatkit.commands.command import Command
from compatkit.commands.flags import Predictions, add_flags, flag
from compatkit.commands.printing import (
    PIPED_COLUMNS,
    REPORT,
    check_targets,
    find_width,
    is_colored,
    print_report,
    printed_kind,
    report_flags,
    written_kind,
)
from compatkit.commands.progress import show_progress
from compatkit.commands.scheduler import SCHEDULER_FLAG, open_client
from compatkit.commands.score_options import adopt_scorer, measure_options, parse_options
from compatkit.comparison.history import History
from compatkit.comparison.names import split_name
from compatkit.comparison.option_table import (
    OF_CHOICES,
    OF_SCORES,
    OF_SIDES,
    OF_SLICES,
    OF_SWEEP,
    OF_TESTS,
)
from compatkit.comparison.reference_files import reference_paths
from compatkit.comparison.trace import find_versions, trace
from compatkit.errors import ConfigError
from compatkit.output import write_whole
from compatkit.readers.address import Place
from compatkit.reports import SUFFIXES, View
from compatkit.reports.history import HISTORY_REPORTS
from compatkit.reports.pictures import IMAGES, render_picture
from compatkit.reports.pictures.history import describe_history

EXAMPLES = (
    "compatkit history v1.jsonl v2.jsonl v3.jsonl -s numeric -o history.html",
    "compatkit history checkpoints/ --show-flips 20",
)
# A history makes no test, has no score but right and wrong, no slices, no margin, no two sides.
HAS_NONE_OF = (OF_CHOICES, OF_TESTS, OF_SCORES, OF_SLICES, OF_SIDES, OF_SWEEP)
WRITTEN: Mapping[str, str] = {
    suffix: kind for suffix, kind in SUFFIXES.items() if kind in HISTORY_REPORTS
}
SHOW = flag(
    "--show-flips",
    group=REPORT,
    type=click.IntRange(0),
    metavar="N",
    help="Show N examples that changed, most often first; 10, but every one that fits in HTML, if "
    "not said.",
)


@click.command(
    cls=Command, first=("scorer", "threshold", "show_flips", "output"), examples=EXAMPLES
)
@click.argument("versions", type=Predictions(), nargs=-1, required=True)
@measure_options(without=HAS_NONE_OF)
@add_flags(SHOW)
@report_flags([*WRITTEN, *IMAGES], "number")
@SCHEDULER_FLAG
def history(versions: tuple[str | Place, ...], **values: Any) -> None:
    """Tell since when it is broken, over VERSIONS of a model, the oldest first.

    Of each example right or wrong in each version: what is lost against the best so far, which
    version first broke what, what was repaired, and what no version has right.

    Versions are files or folders as of compatkit score, NAME=PATH to name one; or one folder that
    holds them, such as checkpoints, in the order of the numbers in their names.
    """
    report = printed_kind(as_json=values.pop("as_json"), as_markdown=values.pop("as_markdown"))
    outputs = {path: written_kind(path, WRITTEN) for path in values.pop("output")}
    shown = {name: values.pop(name) for name in ("explain", "show_flips")}
    named = [split_name(version) for version in versions]
    above = [path for _, path in named]
    if len(named) == 1 and not named[0][0]:
        named = [("", path) for path in find_versions(named[0][1])]
    paths = [path for _, path in named]
    if paths.count("-") > 1:
        raise ConfigError("- can stand for one file only: standard input is read once.")
    check_targets(list(outputs), [*above, *paths, *reference_paths(values["references"])])
    adopt_scorer(values, paths)
    keep = "html" in outputs.values()
    with show_progress() as progress, open_client(values.pop("scheduler")) as client:
        options = parse_options(values, keep_flips=keep, progress=progress, client=client)
        traced = trace(paths, options, names=[name for name, _ in named])
    plain = View(width=PIPED_COLUMNS, **shown)
    files = {path: _render(traced, kind, plain) for path, kind in outputs.items()}
    text = HISTORY_REPORTS[report](traced, View(width=find_width(), color=is_colored(), **shown))
    for path, data in files.items():
        write_whole(path, data)
    print_report(text)


def _render(traced: History, kind: str, view: View) -> bytes:
    if kind in IMAGES:
        return render_picture(describe_history(traced), IMAGES[kind])
    return HISTORY_REPORTS[kind](traced, view).encode()
