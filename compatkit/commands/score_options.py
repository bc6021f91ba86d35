"""The options that commands share: how rows are read, scored and joined."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from compatkit.commands.flags import Command, add_flags, flag, make_flag
from compatkit.comparison.checked_options import Options
from compatkit.comparison.option_table import (
    OF_CHOICES,
    OF_FILES,
    OF_LOGS,
    OF_SCORES,
    OF_SHARES,
    OF_SIDES,
    OF_SLICES,
    OF_SWEEP,
    OF_TABLES,
    OF_TASKS,
    OF_TESTS,
    OPTIONS,
)
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError
from compatkit.option import COMMAND, Option
from compatkit.predictions.fields import ALIASES
from compatkit.readers.address import Place, place_of
from compatkit.readers.run_header import find_scorer, header_path, lies_there, load_header
from compatkit.scorers import SCORERS
from compatkit.scorers.declared import SCORER_OPTIONS, scorer_options

FIELDS = "fields"  # the one table of which each key has a flag of its own
JUDGING, SLICES, PAIRING = "What is right", "Slices", "Pairing of examples"
STATISTICS, FILES, NAMES, LOGS = "Statistics", "Files", "Fields", "Logs of harnesses"
# Under which heading of the help an option stands, by its name, or else by what it is about.
HEADINGS = {
    **dict.fromkeys(("scorer", "threshold", "pass_at"), JUDGING),
    **dict.fromkeys(SCORER_OPTIONS, "Options of scorers"),
    **dict.fromkeys(("by_position", "missing", "errors", "edited", "cluster"), PAIRING),
    **dict.fromkeys(("level", OF_CHOICES, OF_TESTS, OF_SCORES, OF_SHARES, OF_SWEEP), STATISTICS),
    **dict.fromkeys(("lists", "references", "where", "old_where", "new_where"), FILES),
    **dict.fromkeys((OF_FILES, OF_TABLES), FILES),
    **dict.fromkeys((OF_LOGS, OF_TASKS), LOGS),
    OF_SLICES: SLICES,
    OF_SIDES: NAMES,
}


def measure_options(
    options: Mapping[str, Option] = OPTIONS,
    *,
    without: Collection[str] = (OF_SWEEP,),
    **needs: str,
) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of a measurement to a command.

    Args:
        options: those that there are, with the defaults and ranges of this command.
        without: what the command has none of, so that it does not take options about it.
        needs: as of `Flag`: without which parameter they do nothing, and why.
    """
    flags: list[Callable[[Any], Any]] = []
    for option in options.values():
        if COMMAND in option.places and option.about not in without:
            flags += (
                field_flags(**needs) if option.name == FIELDS else [headed_flag(option, **needs)]
            )
    return add_flags(*flags)


def headed_flag(option: Option, **changes: Any) -> Callable[[Any], Any]:
    """Return the flag of an option, under its heading of the help; as `make_flag`."""
    heading = HEADINGS.get(option.name, HEADINGS.get(option.about, ""))
    return make_flag(option, group=heading, **changes)


def field_flags(**needs: str) -> Iterator[Callable[[Any], Any]]:
    """Yield a flag for each role that a field may play."""
    for role in ALIASES:
        yield flag(
            f"--{'reference' if role == 'references' else role.replace('_', '-')}-field",
            f"field_{role}",
            metavar="NAME",
            group=NAMES,
            help=f"The field that holds the {role}; dots nest, 'none' is none.",
            **needs,
        )


def find_said(context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the parameters that the command line names, each with its flag."""
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            yield name, parameter.opts[0]


def adopt_scorer(values: dict[str, Any], paths: Sequence[str | Place]) -> None:
    """Take the scorer that all files were made for, where the user named none."""
    source = click.get_current_context().get_parameter_source("scorer")
    if source is not ParameterSource.DEFAULT or not all(
        place_of(path).is_file() and lies_there(header_path(path)) for path in paths
    ):
        return
    recipe = find_scorer(*(load_header(header_path(path))[0] for path in paths))
    if recipe is None:
        return
    name, options = recipe.name, recipe.options
    unfit = [key for key in options if name not in SCORERS or key not in scorer_options(name)]
    if name not in SCORERS or unfit or not all(map(_is_plain, options.values())):
        # A header is data that comes with a file: it runs no code, and sets nothing else.
        raise ConfigError(
            f"the headers beside the files name the scorer {name!r}, which is taken from a command "
            "line alone. Pass --scorer."
        )
    values["scorer"] = name
    values |= {key: value for key, value in options.items() if values.get(key) is None}


def _is_plain(value: object) -> bool:
    return isinstance(value, str | bool | int | float)


def parse_options(values: dict[str, Any], **further: Any) -> Options:
    """Make `Options` of a command's values; those of other options stay in `values`."""
    fields = {role: values.pop(f"field_{role}") for role in ALIASES}
    named = {name: values.pop(name) for name in OPTIONS if name in values}
    return make_options(fields=fields, **named | further)
