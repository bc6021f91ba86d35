"""compatkit formats: what is read, with an example each."""

import click

from compatkit.commands.command import Command
from compatkit.readers import READERS, TEXT
from compatkit.readers.logs import LOGS
from compatkit.readers.source import KINDS, TEXTS


@click.command(cls=Command, examples=("compatkit formats",))
def formats() -> None:
    """List the kinds of files and logs that compatkit reads, with an example of each."""
    kinds = (KINDS | TEXTS).items()
    suffixes = {name: [end for end, kind in kinds if kind == name] for name in READERS}
    examples = {TEXT: "compatkit score old.txt new.txt --references ref.txt"}
    click.echo("Files, one example a row; plain, .gz or .zst:\n")
    for name in READERS:
        ends = ", ".join(suffixes[name])
        example = examples.get(name, f"compatkit score old.{name} new.{name}")
        click.echo(f"  {name:<18} {ends:<28} {example}")
    click.echo("\nLogs of evaluation harnesses, a file or a folder:\n")
    for name, harness in sorted(LOGS.items()):
        click.echo(f"  {name:<18} {harness.title:<28} {harness.example}")
    click.echo("\nEach here or at an address that fsspec reads: s3://bucket/new.jsonl, https://...")
    click.echo("\n--reader NAME names the kind where names and first bytes do not tell.")
