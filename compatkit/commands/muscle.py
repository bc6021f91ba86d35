"""compatkit muscle: train an adapter of the new model that breaks less."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from compatkit.checkpoints.sources import find_checkpoint
from compatkit.commands.command import Group
from compatkit.commands.flags import NamedPath, flag
from compatkit.commands.muscle_data import data
from compatkit.commands.muscle_evaluate import evaluate
from compatkit.commands.muscle_options import (
    DATA,
    LORA,
    LOSS,
    MODELS,
    RECIPE,
    config_options,
    make_muscle_config,
    quieten,
)
from compatkit.errors import ConfigError
from compatkit.extras import require_extra
from compatkit.muscle.refusals import check_data, check_finetune, check_train
from compatkit.reports.hostile import visible

SHOWN = (
    ("loss", "loss {:.4f}"),
    ("old_share", "from the old model {:.0%}"),
    ("student_accuracy", "right {:.0%}"),
    ("cache_error", "cache off by {:.1e} at most"),
    ("eval_cross_entropy", "validation: cross-entropy {:.4f}"),
    ("eval_accuracy", "right {:.2%}"),
    ("eval_nfr", "broken {:.2%}"),
)
OF_EXAMPLES = [name for name in DATA if not name.startswith("validation")]
ASSUMED = 1024  # tokens of an example, where no data says


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=("compatkit muscle train --help",),
)
def muscle() -> None:
    """Train an adapter of the new model that breaks less: MUSCLE, arXiv 2407.09435.

    The usual order is check, finetune (once on each base), train, evaluate. Needs the extra:
    pip install "compatkit[muscle]".
    """


@muscle.command(
    examples=("compatkit muscle check --old-base ./v1 --new-base ./v2 --data train.jsonl",)
)
@config_options(
    "old_base", "new_base", "batch_size", "lora_rank", "tokens", "cache", "dtype", *OF_EXAMPLES,
    "allow_pickle", "trust_remote_code",
)  # fmt: skip
def check(**values: Any) -> None:
    """Say whether two models can be aligned, and what memory training takes.

    No weights are loaded. Exit code 2 where they cannot.
    """
    require_extra("muscle")
    config = make_muscle_config(values)
    if not config.old_base or not config.new_base:
        raise ConfigError("two models are checked: --old-base and --new-base.")
    from compatkit.muscle.check import check_pair, estimate_memory  # noqa: PLC0415
    from compatkit.muscle.models import open_base  # noqa: PLC0415

    for name in (config.old_base, config.new_base):
        find_checkpoint(name, config.trust)
    check_data(config)
    quieten()
    old, new = (open_base(name, config.trust) for name in (config.old_base, config.new_base))
    pair = check_pair(old, new, config.tokens)
    click.echo(f"{visible(old.name)} -> {visible(new.name)}: can be aligned")
    if pair.words is not None:
        click.echo(f"one tokenizer, {len(new.tokenizer):,} words; {pair.words:,} in both heads")
    for note in pair.notes:
        click.echo(f"note: {visible(note)}")
    length, whose = _choose_length(config, old, new, pair)
    memory = estimate_memory(old, new, config, length)
    click.echo(
        f"\nmemory of training, {config.batch_size} sequences of {length} tokens ({whose}), rank "
        f"{config.lora_rank}:"
    )
    if config.tokens == "choice":
        click.echo(
            "note: with --tokens choice an example is as many sequences as it has choices; "
            "--batch-size counts sequences here"
        )
    for label, size in memory.rows():
        click.echo(f"{size:>12}  {label}")


def _choose_length(config: Any, old: Any, new: Any, pair: Any) -> tuple[int, str]:
    """Return how many tokens the longest sequence has, and whose length that is."""
    from compatkit.muscle.batches import Collator  # noqa: PLC0415
    from compatkit.muscle.check import check_examples  # noqa: PLC0415
    from compatkit.muscle.data import read_examples  # noqa: PLC0415

    if config.data:
        of_old = old.tokenizer if pair.apart else None
        rows = read_examples(
            config.data, new.tokenizer, config, config.max_length, old_tokenizer=of_old
        ).rows
        collator = Collator(0, config.tokens)
        asked = [part for row in rows for part in (*collator.sequences(row), *row.old)]
        if pair.words is not None:
            check_examples(old, new, pair.words, asked)
        return max(len(part.tokens) for part in asked), "the longest of --data"
    if config.max_length:
        return config.max_length, "--max-length"
    return min(new.max_length or ASSUMED, ASSUMED), "assumed; --data FILE tells"


@muscle.command(examples=("compatkit muscle finetune --base ./v1 --data train.jsonl -o tasks/v1",))
@config_options("new_base", "output", *DATA, *RECIPE, *LORA, renamed={"new_base": "base"})
@flag("--resume", is_flag=True, help="Go on from the last checkpoint.")
def finetune(resume: bool, **values: Any) -> None:
    """Train a task adapter on a base by cross-entropy; the defaults are the paper's recipe.

    An example has a prompt and a completion, a prompt and choices, a text, or messages. Run it
    once on the old base and once on the new one.
    """
    require_extra("muscle")
    config = make_muscle_config(values)
    check_finetune(config, resume=resume)
    quieten()
    from compatkit.muscle.train import finetune_adapter  # noqa: PLC0415

    _finish(_train(finetune_adapter, config, resume=resume))


@muscle.command(
    first=("old_base", "old_adapter", "new_base", "new_adapter", "data", "output"),
    examples=(
        "compatkit muscle train --old-base v1 --new-base v2 --data a.jsonl -o kind",
        "compatkit muscle train -c muscle.toml --method kd_mix --epochs 2",
    ),
)
@config_options(*MODELS, "output", *DATA, *LOSS, *RECIPE, *LORA, "renamed_base")
@flag("--resume", is_flag=True, help="Go on from the last checkpoint.")
@flag(
    "--merge", type=NamedPath(), metavar="FOLDER", help="Write base and adapter as one checkpoint."
)
def train(resume: bool, merge: str | None, **values: Any) -> None:
    """Train a compatibility adapter on the new base, from the old model and the new task adapter.

    Only the new base and this adapter are needed afterwards. accelerate launch -m compatkit
    muscle train ... trains on several devices.
    """
    require_extra("muscle")
    from compatkit.muscle.merge import check_merge, check_target, merge_adapter  # noqa: PLC0415

    config = make_muscle_config(values)
    if merge is not None:
        check_target(merge)
    check_train(config, resume=resume)
    quieten()
    if merge is not None:
        check_merge(config.new_base, config.task_adapter, config.trust)
    from compatkit.muscle.train import train_adapter  # noqa: PLC0415

    made = _train(train_adapter, config, resume=resume)
    _finish(made)
    if merge is not None and made.main:
        base, trust = config.new_base, config.trust
        merge_adapter(base, made.output, merge, dtype=config.dtype, trust=trust)
        click.echo(f"{visible(merge)}: base and adapter in one", err=True)


@muscle.command(examples=("compatkit muscle report kind",))
@click.argument("adapter", type=NamedPath())
def report(adapter: str) -> None:
    """Print the card of an adapter that compatkit trained, and write it beside it anew."""
    from compatkit.muscle.card import read_record, render_card, write_record  # noqa: PLC0415

    record = read_record(adapter)
    write_record(adapter, record)
    click.echo(visible_lines(render_card(record)), nl=False)


@muscle.command(examples=("compatkit muscle blend tasks/v2 kind --weight 0.5 -o mixed",))
@click.argument("first", type=NamedPath())
@click.argument("second", type=NamedPath())
@flag("--weight", type=float, required=True, help="Of FIRST, from 0 to 1; SECOND has the rest.")
@flag("--output", "-o", type=NamedPath(), required=True, metavar="FOLDER", help="The adapter.")
def blend(first: str, second: str, weight: float, output: str) -> None:
    """Mix two LoRA adapters of one base by their weights, without training.

    Between a task adapter and a compatible one it is a knob between accuracy and flips. Choose the
    weight on validation examples, not on those that are reported.
    """
    require_extra("muscle")
    from compatkit.muscle.blend import blend_adapters, check_blend  # noqa: PLC0415

    if not 0 <= weight <= 1:
        raise ConfigError(f"--weight is {weight}; a number from 0 to 1 was expected.")
    check_blend(first, second, output)
    blend_adapters(first, second, weight, output)
    click.echo(f"{visible(output)}: written, with its card", err=True)


muscle.add_command(data)
muscle.add_command(evaluate)


def visible_lines(text: str) -> str:
    """Return a text whose lines hold nothing that a terminal would obey."""
    return "".join(visible(line) + "\n" for line in text.splitlines())


def _train(function: Callable[..., Any], config: Any, *, resume: bool) -> Any:
    from compatkit.muscle.train import InterruptedTrainingError  # noqa: PLC0415

    try:
        return function(config, resume=resume, progress=_show)
    except InterruptedTrainingError as error:
        click.echo(f"compatkit: {visible(str(error))}", err=True)
        raise click.Abort from error


def _show(line: Mapping[str, Any]) -> None:
    parts = [form.format(line[name]) for name, form in SHOWN if name in line]
    if parts:
        click.echo(f"step {line['step']}/{line['of']}  {'  '.join(parts)}", err=True)
        sys.stderr.flush()


def _finish(made: Any) -> None:
    if made.main:
        for note in made.notes:
            click.echo(f"note: {visible(note)}", err=True)
        click.echo(f"{visible(made.output)}: written, with its card", err=True)
