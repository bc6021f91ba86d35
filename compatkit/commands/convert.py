"""compatkit convert: logs of a harness as compatkit's own JSON Lines."""

from functools import partial
from typing import Any

import click
import numpy as np

from compatkit.arrays import FloatArray
from compatkit.commands.command import Command
from compatkit.commands.flags import NamedPath, Predictions, add_flags, flag
from compatkit.commands.printing import check_targets
from compatkit.commands.score_options import field_flags, headed_flag, parse_options
from compatkit.comparison.checked_options import Options
from compatkit.comparison.opening import join_references
from compatkit.comparison.option_table import OF_LOGS, OF_TASKS, OPTIONS
from compatkit.comparison.reference_files import options_of_task, reference_paths
from compatkit.pairing.scoring import score_file
from compatkit.readers.address import Place
from compatkit.readers.convert import convert as convert_run
from compatkit.readers.prediction_file import PredictionFile
from compatkit.reports.hostile import visible
from compatkit.scorers.declared import SCORER_OPTIONS
from compatkit.scorers.scorer import Scorer

# How one file is read and judged, beside what is said of logs.
READING = {"reader", "scorer", "quoting", "where", "rows", "references"}


def _join(options: Options, task: str, file: PredictionFile) -> PredictionFile:
    """Give the file of a task its references, where others hold them."""
    return join_references([file], options_of_task(options, task))[0]


def _judge(scorer: Scorer, file: PredictionFile) -> FloatArray:
    """Return the score of each row; NaN where it failed or nothing judged it."""
    rows = score_file(file, scorer)
    return np.where(rows.errored | rows.unscored, np.nan, np.where(rows.counted, rows.scores, 0.0))


@click.command(
    cls=Command,
    first=("output",),
    examples=(
        "compatkit convert run_v1/ --tasks gsm8k -o old.jsonl",
        "compatkit convert run_v1/ -o baselines/v1",
    ),
)
@click.argument("run_path", metavar="RUN", type=Predictions())
@flag(
    "--output",
    "-o",
    required=True,
    type=NamedPath(),
    metavar="FILE.jsonl|FOLDER",
    help="A file for one task; a new folder for several, with a file for each.",
)
@add_flags(
    *(
        headed_flag(option)
        for name, option in OPTIONS.items()
        if option.about in {OF_LOGS, OF_TASKS} or name in {*READING, *SCORER_OPTIONS}
    ),
    *field_flags(),
)
def convert(run_path: str | Place, output: str, reader: str | None, **values: Any) -> None:
    """Write the rows of RUN, a harness's log or folder, or a file, as JSON Lines.

    A row has id, prediction, reference, input, and the chosen metric as score, or what the scorer
    makes of its answer. It is what compatkit score reads, small enough to keep beside the code as
    a baseline.
    """
    if output.endswith(".jsonl"):
        check_targets([output], [run_path, *reference_paths(values["references"])])
    options = parse_options({**values, "reader": reader})
    options.check_sides(1)
    written = convert_run(
        run_path,
        output,
        reader=options.reader_of(0),
        selection=options.selection,
        shape=options.shape_of(0),
        join=partial(_join, options),
        tell=lambda note: click.echo(visible(f"note: {note}"), err=True),
        judge=partial(_judge, options.scorer) if options.scorer_was_named else None,
    )
    for task, path in written.items():
        click.echo(visible(f"{task}: {path}"))
