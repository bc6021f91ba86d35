"""compatkit muscle data: training examples made of a task's rows."""

import json
from pathlib import Path

import click

from compatkit.commands.command import Command
from compatkit.commands.flags import NamedPath, flag, propose
from compatkit.commands.printing import check_targets
from compatkit.errors import DataError
from compatkit.output import write_whole
from compatkit.readers.source import FILES
from compatkit.reports.hostile import visible
from compatkit.runner.task import TASKS


@click.command(
    cls=Command,
    examples=("compatkit muscle data --task piqa --data train.jsonl -o pairs.jsonl",),
)
@flag(
    "--task",
    required=True,
    metavar="NAME",
    shell_complete=propose(tuple(TASKS)),
    help="A task of compatkit run, or a file of yours.",
)
@flag("--data", type=NamedPath(), required=True, metavar="FILE", help=f"Its rows: {FILES}.")
@flag("--output", "-o", type=NamedPath(), required=True, metavar="FILE", help="JSON Lines.")
@flag("--limit", type=click.IntRange(1), help="The first rows only.")
def data(task: str, data: str, output: str, limit: int | None) -> None:
    """Make training examples of a task's rows: the prompts that the task asks, and their answers.

    A generated answer is the one that a few-shot prompt of the task shows; a choice keeps all
    of its choices. Evaluate on other rows of the same task.
    """
    from compatkit.runner.examples import Data, read_solved  # noqa: PLC0415
    from compatkit.runner.task import load_task  # noqa: PLC0415

    own_task = [task] if Path(task).suffix == ".toml" else []
    check_targets([output], [data, *own_task])
    chosen = load_task(task)
    rows, unlabelled = [], 0
    for example, answer in read_solved(chosen, Data(data), limit=limit):
        row: dict[str, object] = {"id": example.id, "prompt": example.prompt}
        if example.choices:
            row["choices"] = list(example.choices)
            row |= {} if example.right is None else {"answer": example.right}
            unlabelled += example.right is None
        elif answer is None:
            raise DataError(f"{example.where}: no reference to learn. Leave the row out.")
        else:
            row["completion"] = answer
        rows.append(row)
    write_whole(Path(output), b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    click.echo(f"{visible(output)}: {len(rows):,} examples", err=True)
    if unlabelled:
        click.echo(
            f"note: {unlabelled:,} without an answer, which --unlabelled of muscle train takes",
            err=True,
        )
    if chosen.delimiter != " ":
        click.echo(
            f"note: the task puts {chosen.delimiter!r} between prompt and answer: train with "
            "--delimiter",
            err=True,
        )
