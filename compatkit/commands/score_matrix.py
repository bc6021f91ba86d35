"""compatkit score --matrix: every update between several models."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from compatkit.commands.printing import (
    PIPED_COLUMNS,
    check_targets,
    find_width,
    is_colored,
    print_report,
    printed_kind,
    written_kind,
)
from compatkit.commands.progress import show_progress
from compatkit.commands.scheduler import open_client
from compatkit.commands.score_options import adopt_scorer, find_said, parse_options
from compatkit.comparison.matrix import ModelMatrix, match_models
from compatkit.comparison.names import split_name
from compatkit.comparison.option_table import OPTIONS
from compatkit.comparison.reference_files import reference_paths
from compatkit.errors import ConfigError
from compatkit.output import write_whole
from compatkit.readers.address import Place
from compatkit.reports import SUFFIXES, View
from compatkit.reports.matrix import MATRIX_REPORTS
from compatkit.reports.pictures import IMAGES, render_picture
from compatkit.reports.pictures.matrix import describe_matrix

WRITTEN: Mapping[str, str] = {
    suffix: kind for suffix, kind in SUFFIXES.items() if kind in MATRIX_REPORTS
}
# What is of one update, by the name of its parameter, with its flag.
OF_ONE_UPDATE = {
    "old_rerun": "--old-rerun",
    "show_flips": "--show-flips",
    "flips": "--flips",
    "sweep": "--sweep",
    "by": "--by",
    "close_margin": "--close-margin",
    "find_slices": "--find-slices",
    "explain": "--explain",
    "verbose": "--verbose",
    "intervals": "--intervals",
    "picture": "--picture",
}


def score_matrix(models: Sequence[str | Place], values: dict[str, Any]) -> None:
    """Print the matrix of several models, and write it where it was asked for.

    Args:
        models: their paths, or `NAME=PATH`, as they were given.
        values: the options of `compatkit score`.

    Raises:
        ConfigError: an option of one update, or a file of another kind.
    """
    named = dict(find_said(click.get_current_context()))
    for name, flag in OF_ONE_UPDATE.items():
        if name not in OPTIONS:  # what parse_options takes stays among the values
            values.pop(name)
        if name in named:
            raise ConfigError(f"{flag} is of one update, and --matrix shows all. Leave one out.")
    report = printed_kind(as_json=values.pop("as_json"), as_markdown=values.pop("as_markdown"))
    outputs = {path: written_kind(path, WRITTEN) for path in values.pop("output")}
    models_named = [split_name(model) for model in models]
    paths = [path for _, path in models_named]
    check_targets(list(outputs), [*paths, *reference_paths(values["references"])])
    adopt_scorer(values, paths)
    with show_progress() as progress, open_client(values.pop("scheduler")) as client:
        options = parse_options(values, keep_flips=False, progress=progress, client=client)
        matrix = match_models(paths, options, names=[name for name, _ in models_named])
    files = {path: _render(matrix, kind) for path, kind in outputs.items()}
    text = MATRIX_REPORTS[report](matrix, View(width=find_width(), color=is_colored()))
    for path, data in files.items():
        write_whole(path, data)
    print_report(text)


def _render(matrix: ModelMatrix, kind: str) -> bytes:
    if kind in IMAGES:
        return render_picture(describe_matrix(matrix.names, matrix.rates), IMAGES[kind])
    return MATRIX_REPORTS[kind](matrix, View(width=PIPED_COLUMNS)).encode()
