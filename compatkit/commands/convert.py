"""compatkit convert: logs of a harness as compatkit's own JSON Lines."""

from typing import Any

import click

from compatkit.commands.flags import NamedPath, add_flags, flag, make_flag
from compatkit.comparison.option_table import OF_LOGS, OPTIONS
from compatkit.readers.convert import convert as convert_run
from compatkit.readers.logs.log import LogSelection
from compatkit.reports.hostile import visible


@click.command(epilog="\b\nExample:\n  compatkit convert run_v1/ -o old.jsonl")
@click.argument("run_path", metavar="RUN", type=NamedPath())
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
        make_flag(option)
        for name, option in OPTIONS.items()
        if option.about == OF_LOGS or name == "reader"
    )
)
def convert(run_path: str, output: str, reader: str | None, **values: Any) -> None:
    """Write the rows of RUN, a harness's log or folder, as JSON Lines: one example a row.

    A row has id, prediction, reference, input, and the chosen metric as score. It is what
    compatkit score reads, small enough to keep beside the code as a baseline.
    """
    selection = LogSelection(
        tuple(values["metric"]), values["run"], values["unfinished"], values["dataset"]
    )
    written = convert_run(run_path, output, reader=reader, selection=selection)
    for task, path in written.items():
        click.echo(visible(f"{task}: {path}"))
