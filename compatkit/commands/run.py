"""compatkit run: from a checkpoint and a task to a prediction file."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compatkit.checkpoints.adapters import check_model
from compatkit.checkpoints.sources import Model
from compatkit.commands.command import Command
from compatkit.commands.flags import add_flags
from compatkit.commands.printing import check_targets
from compatkit.commands.progress import show_answers
from compatkit.commands.run_options import RUN_FLAGS
from compatkit.errors import ConfigError
from compatkit.extras import require_extra
from compatkit.reports.hostile import visible

if TYPE_CHECKING:
    from compatkit.comparison.checked_options import Options
    from compatkit.runner.header import Asked
    from compatkit.runner.run import Outcome
    from compatkit.runner.settings import Settings
    from compatkit.runner.task import Task

EXAMPLES = (
    "compatkit run -m ./llama-v2 --task gsm8k --data test.jsonl -o new.jsonl",
    "compatkit run -m ./v1 -m ./v2 --task hellaswag --data test.jsonl --score",
    "compatkit run -m ./v2 --data prompts.jsonl --chat-template",
)
FIRST = ("models", "task", "data", "outputs", "score")
NONE = "none"
SETTINGS = (
    "chat_template",
    "template_args",
    "think_end",
    "max_new_tokens",
    "stop",
    "samples",
    "temperature",
    "top_p",
    "seed",
    "too_long",
    "max_length",
    "dtype",
    "device",
    "batch_size",
    "allow_pickle",
    "trust_remote_code",
    "renamed_base",
)


@click.command(cls=Command, first=FIRST, examples=EXAMPLES)
@add_flags(*RUN_FLAGS)
def run(**values: Any) -> None:
    """Ask a model all examples of a task, and write its prediction file.

    A header beside the file, new.meta.json for new.jsonl, says how it was made. A run that was
    cut goes on with --resume, to the same bytes. accelerate launch -m compatkit run ... shares
    the examples among processes.
    """
    from compatkit.comparison.compare import compare_files  # noqa: PLC0415
    from compatkit.reports import REPORTS  # noqa: PLC0415

    require_extra("run")
    models = _models(values)
    outputs = _outputs(values["outputs"], models)
    if values["score"] and len(models) == 1:
        raise ConfigError("--score compares models: pass --model twice, the old one first.")
    _check_outputs(outputs, values)
    task, settings = _choose(values)
    for model in models:
        check_model(model, settings.trust, renamed=settings.renamed_base)
    scoring = _make_scoring(values["scorer"], task.scorer)
    asked = _ask(task, values)
    made = [
        _run(asked, settings, model, output, values)
        for model, output in zip(models, outputs, strict=True)
    ]
    if values["score"] and made[0].main:
        comparisons = compare_files(outputs[0], outputs[1:], scoring)
        click.echo(REPORTS["terminal"](comparisons, None), nl=False)


def _check_outputs(outputs: Sequence[str], values: dict[str, Any]) -> None:
    """Refuse outputs that cannot be, are read, or are there already."""
    from compatkit.readers.run_header import header_path  # noqa: PLC0415
    from compatkit.runner.run import check_existing  # noqa: PLC0415

    for output in outputs:
        if Path(output).suffix != ".jsonl":
            raise ConfigError(
                f"-o {output}: JSON Lines are written; name a file that ends in .jsonl."
            )
    own_task = values["task"] if Path(values["task"] or "").suffix == ".toml" else None
    read = [path for path in (values["data"], values["shots_data"], own_task) if path]
    check_targets([*outputs, *(str(header_path(output)) for output in outputs)], read)
    for output in outputs:
        check_existing(Path(output), resume=values["resume"], overwrite=values["overwrite"])


def _models(values: dict[str, Any]) -> list[Model]:
    names = values["models"]
    adapters, revisions = (
        _one_each(values[name], len(names), f"--{name[:-1]}") for name in ("adapters", "revisions")
    )
    return [
        Model(name, revision, adapter, values["tokenizer"])
        for name, revision, adapter in zip(names, revisions, adapters, strict=True)
    ]


def _one_each(given: Sequence[str], count: int, option: str) -> list[str | None]:
    if given and len(given) != count:
        raise ConfigError(
            f"{option} is given {len(given)} times for {count} models. Give one each, in their "
            "order; 'none' is none."
        )
    return [None if text == NONE else text for text in given] or [None] * count


def _outputs(given: Sequence[str], models: Sequence[Model]) -> list[str]:
    if given and len(given) != len(models):
        raise ConfigError(
            f"-o is given {len(given)} times for {len(models)} models. Give one each."
        )
    if given:
        return list(given)
    # Resolved, so that `--model .` has a name too.
    names = [
        [Path(part).expanduser().resolve().name for part in (model.name, model.adapter) if part]
        for model in models
    ]
    return [f"{'-'.join(parts)}.jsonl" for parts in names]


def _choose(values: dict[str, Any]) -> tuple["Task", "Settings"]:
    """Return the task and how it is run."""
    from compatkit.runner.settings import make_settings  # noqa: PLC0415
    from compatkit.runner.task import load_task, plain_task  # noqa: PLC0415

    if (values["data"] is None) == (values["dataset"] is None):
        raise ConfigError("the examples come from --data FILE, or from --dataset NAME: say one.")
    if values["task"] is None:
        reference = values["reference_field"] or "reference"
        task = plain_task(
            values["prompt_field"] or "prompt",
            "" if reference == NONE else reference,
            values["id_field"],
        )
    else:
        task = load_task(values["task"])
        for name in ("prompt_field", "reference_field"):
            if values[name] is not None:
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(
                    f"{option}: the task {task.name} says what is read. Leave it out."
                )
        task = task.with_id(values["id_field"])
    chosen = {name: values[name] for name in SETTINGS}
    chosen["template_args"] = read_arguments(values["template_args"])
    return task, make_settings(task, **chosen)


def read_arguments(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a template's arguments: what JSON they are, else the text."""
    values: dict[str, Any] = dict(texts)
    for name, text in texts.items():
        with suppress(ValueError):
            values[name] = json.loads(text)
    return values


def _ask(task: "Task", values: dict[str, Any]) -> "Asked":
    """Read the examples."""
    from compatkit.runner.examples import Data, read_examples  # noqa: PLC0415
    from compatkit.runner.header import Asked  # noqa: PLC0415

    data = Data(
        values["data"],
        values["dataset"],
        values["subset"],
        values["split"],
        values["dataset_revision"],
    )
    examples = read_examples(
        task,
        data,
        limit=values["limit"],
        shots=values["shots"],
        shots_data=values["shots_data"],
        keep=values["keep"],
    )
    return Asked(task, examples, values["shots"])


def _run(
    asked: "Asked", settings: "Settings", model: Model, output: str, values: dict[str, Any]
) -> "Outcome":
    from compatkit.runner.run import run_model  # noqa: PLC0415

    with show_answers(output) as progress:
        try:
            outcome = run_model(
                asked,
                settings,
                model,
                output,
                resume=values["resume"],
                overwrite=values["overwrite"],
                progress=progress,
            )
        except KeyboardInterrupt:
            click.echo(
                f"compatkit: {visible(output)}: interrupted; what was finished is kept, and the "
                "same command with --resume goes on.",
                err=True,
            )
            raise
    if outcome.main:
        click.echo(f"{visible(output)}: {_describe(outcome)}", err=True)
    return outcome


def _describe(outcome: "Outcome") -> str:
    parts = [f"{outcome.rows:,} answers"]
    if outcome.made < outcome.rows:
        parts.append(f"{outcome.made:,} of them made now")
    parts += [f"{outcome.cut:,} prompts cut from the left"] if outcome.cut else []
    if outcome.unfinished:
        parts.append(f"{outcome.unfinished:,} cut at the largest number of tokens")
    if outcome.unclosed:
        parts.append(f"{outcome.unclosed:,} without an answer: the thinking did not end")
    return ", ".join(parts)


def _make_scoring(named: str | None, of_task: Mapping[str, Any]) -> "Options":
    """Make the options of --score, and refuse a scorer that does not exist before any work."""
    from compatkit.comparison.options import make_options  # noqa: PLC0415

    scorer = {"name": named} if named else dict(of_task)
    return make_options(scorer.pop("name", "exact_match"), keep_flips=False, **scorer)
