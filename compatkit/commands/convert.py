"""compatkit convert: logs of a harness as compatkit's own JSON Lines."""

from typing import Any

import click

from compatkit.commands.score_options import LOG_OPTIONS, NamedPath
from compatkit.readers import READERS
from compatkit.readers.convert import convert as convert_run
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.log import LogSelection
from compatkit.reports.hostile import visible


@click.command(epilog="\b\nExample:\n  compatkit convert run_v1/ -o old.jsonl")
@click.argument("run_path", metavar="RUN", type=NamedPath())
@click.option(
    "--output",
    "-o",
    required=True,
    type=NamedPath(),
    metavar="FILE.jsonl|FOLDER",
    help="A file for one task; a new folder for several, with a file for each.",
)
@click.option(
    "--reader",
    type=click.Choice(sorted([*READERS, *LOGS])),
    help="The kind of the files, where their names do not tell.",
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


for option in reversed(LOG_OPTIONS):
    convert = option(convert)
