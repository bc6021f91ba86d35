"""compatkit muscle evaluate: the row of the paper's table, measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from compatkit.commands.command import Command
from compatkit.commands.flags import NamedPath, add_flags, flag
from compatkit.commands.muscle_models import (
    CANDIDATE,
    NEW,
    OLD,
    choose_task,
    list_models,
    run_models,
)
from compatkit.commands.muscle_options import MODELS, config_options, make_muscle_config
from compatkit.commands.run import read_arguments
from compatkit.commands.run_options import THINKING
from compatkit.errors import ConfigError
from compatkit.extras import require_extra

ROW = {
    "accuracy_new": "accuracy",
    "negative_flip_rate": "NFR",
    "positive_flip_rate": "PFR",
    "inconsistency_flip_rate": "NFR_mc",
    "score_new": "score",
    "smooth_negative_flip_rate": "score fell",
    "mean_gain": "mean gain",
    "mean_regression": "mean regression",
    "delta_accuracy": "accuracy vs new",
    "delta_nfr_percent": "NFR in % of new",
    "delta_smooth_nfr_percent": "fell in % of new",
}


EXAMPLES = ("compatkit muscle evaluate kind --task piqa --data test.jsonl",)
EVALUATE_FLAGS = (
    flag("--task", metavar="NAME", help="A task of compatkit run, or a file of your own."),
    flag("--data", type=NamedPath(), required=True, metavar="FILE", help="The test examples."),
    flag(
        "--predictions",
        type=NamedPath(),
        metavar="FOLDER",
        help="Where the prediction files go; beside the adapter, if not said.",
    ),
    flag(
        "--control",
        "controls",
        multiple=True,
        metavar="NAME=ADAPTER",
        help="A further adapter on the new base to compare with, such as one of --method ce.",
    ),
    flag("--scorer", "-s", metavar="NAME", help="The task's, or exact_match, if not said."),
    flag("--threshold", "-t", type=float, help="An answer is right from this score on."),
    flag("--limit", type=click.IntRange(1), help="The first examples only."),
    flag("--batch-size", type=click.IntRange(1), help="Sequences at once."),
    flag("--max-new-tokens", type=click.IntRange(1), help="The longest answer."),
    flag("--chat-template", is_flag=True, help="Make a conversation of the prompt."),
    *THINKING,
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("adapter", type=NamedPath())
@config_options(*MODELS, "dtype", "renamed_base", "allow_pickle", "trust_remote_code")
@add_flags(*EVALUATE_FLAGS)
def evaluate(adapter: str, **values: Any) -> None:
    """Ask the old model, the new one and ADAPTER, compare them, and put the row into its card.

    The prediction files are those of compatkit run, and compatkit score reads them.
    """
    require_extra("muscle")
    from compatkit.muscle.card import add_scores, read_record  # noqa: PLC0415

    task, data, folder = (values.pop(name) for name in ("task", "data", "predictions"))
    scorer, threshold = values.pop("scorer"), values.pop("threshold")
    controls = _controls(values.pop("controls"))
    how = {
        name: values.pop(name) for name in ("limit", "batch_size", "max_new_tokens", "think_end")
    }
    how["template_args"] = read_arguments(values.pop("template_args"))
    chat = values.pop("chat_template")
    trained = read_record(adapter).config
    values |= {name: values[name] or trained.get(name) for name in (*MODELS, "renamed_base")}
    config = make_muscle_config(values)
    for name in ("old_base", "new_base", "new_adapter"):
        if not getattr(config, name):
            raise ConfigError(f"no {name}; pass --{name.replace('_', '-')}.")
    target = Path(folder or Path(adapter) / "predictions")
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target}: is a file; a folder is written. Change --predictions.")
    if not target.resolve().parent.is_dir():
        raise ConfigError(f"{target}: cannot be written: its folder does not exist.")
    models = list_models(config, adapter, controls)
    chosen = choose_task(task)
    scoring = _make_scoring({"name": scorer} if scorer else dict(chosen.scorer), threshold)
    files = run_models(
        models,
        target,
        task=chosen,
        data=data,
        chat_template=chat,
        dtype=config.dtype,
        allow_pickle=config.allow_pickle,
        trust_remote_code=config.trust_remote_code,
        renamed_base=config.renamed_base,
        **how,
    )
    results = _compare(files, scoring)
    name = Path(task or data).stem
    add_scores(adapter, [_row(name, model, result) for model, result in results.items()])
    from compatkit.reports import REPORTS  # noqa: PLC0415

    click.echo(REPORTS["terminal"](list(results.values()), None), nl=False)


def _controls(given: Sequence[str]) -> dict[str, str]:
    controls = {}
    for control in given:
        name, equals, adapter = control.partition("=")
        fits = equals and adapter and name.isidentifier() and name not in {OLD, NEW, CANDIDATE}
        if not fits:
            raise ConfigError(
                f"--control {control}: NAME=ADAPTER was expected, such as ce=ce-adapter."
            )
        controls[name] = adapter
    return controls


def _make_scoring(scorer: dict[str, Any], threshold: float | None) -> Any:
    """Make the options of the comparison; a scorer that does not exist is refused before work."""
    from compatkit.comparison.options import make_options  # noqa: PLC0415

    name = scorer.pop("name", "exact_match")
    return make_options(name, threshold=threshold, keep_flips=False, **scorer)


def _compare(files: Mapping[str, str], options: Any) -> Any:
    from compatkit.comparison.compare import compare_files  # noqa: PLC0415

    names = [name for name in files if name != OLD]
    comparisons = compare_files(files[OLD], [files[name] for name in names], options)
    return dict(zip(names, comparisons, strict=True))


def _row(task: str, model: str, result: Any) -> dict[str, str]:
    """Return one model's row of the card, each number with its interval."""
    from compatkit.reports.view import format_interval, format_value  # noqa: PLC0415

    row = {"task": task, "model": model, "examples": f"{result.counts.total:,}"}
    for name, label in ROW.items():
        value = result.metrics.get(name)
        if value is None or value.value is None:
            continue
        interval = "" if value.low is None else f" ({format_interval(name, value)})"
        row[label] = format_value(name, value) + interval
    return row
