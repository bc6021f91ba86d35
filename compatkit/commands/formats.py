"""compatkit formats: what is read, with an example each."""

import click

from compatkit.readers import READERS
from compatkit.readers.logs import LOGS
from compatkit.readers.source import KINDS


@click.command()
def formats() -> None:
    """List the kinds of files and logs that compatkit reads, with an example of each."""
    suffixes = {name: [end for end, kind in KINDS.items() if kind == name] for name in READERS}
    click.echo("Files, one example a row; plain, .gz or .zst:\n")
    for name in READERS:
        ends = ", ".join(suffixes[name])
        click.echo(f"  {name:<18} {ends:<28} compatkit score old.{name} new.{name}")
    click.echo("\nLogs of evaluation harnesses, a file or a folder:\n")
    for name, harness in sorted(LOGS.items()):
        click.echo(f"  {name:<18} {harness.title:<28} {harness.example}")
    click.echo("\n--reader NAME names the kind where names and first bytes do not tell.")
