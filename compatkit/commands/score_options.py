"""The options that commands share: how rows are read, scored and joined."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from compatkit.comparison.options import INTERVALS, Options, make_options
from compatkit.errors import ConfigError
from compatkit.metrics.p_values import CORRECTIONS
from compatkit.pairing.alignment import POLICIES
from compatkit.predictions.fields import ALIASES
from compatkit.readers import READERS
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.log import NEWEST, UNFINISHED
from compatkit.readers.run_header import find_scorer, header_path, load_header
from compatkit.scorers import SCORERS, scorer_options

Command = TypeVar("Command", bound=Callable[..., Any])

MOST_RESAMPLES = 1_000_000
HIGHEST_LEVEL = 0.9999
HIGHEST_WORD_ORDER = 10


class NamedPath(click.Path):
    """A path that has a name: an empty one, as an unset variable of a shell leaves, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail."""
        if value == "":
            self.fail("the path is empty; the name of a file was expected.", param, ctx)
        return super().convert(value, param, ctx)


def _at_most(most: float) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that refuses what would take forever; the library knows the rest."""

    def check(_: click.Context, param: click.Parameter, value: Any) -> Any:
        if not value <= most:
            raise ConfigError(f"{param.opts[0]} is {value}; at most {most:,} was expected.")
        return value

    return check


SCORER_FLAGS = (
    click.option(
        "--normalize",
        type=click.Choice(["none", "squad"]),
        help="exact_match, contains: how texts are normalised before they are compared.",
    ),
    click.option(
        "--stemmer", is_flag=True, default=None, help="rouge*: compare Porter's stems of words."
    ),
    click.option(
        "--tolerance", type=float, help="numeric: the largest difference that counts as equal."
    ),
    click.option(
        "--pattern", metavar="REGEX", help="regex: finds the answer; its first group, if any."
    ),
    click.option(
        "--tokenize", metavar="NAME", help="bleu: sacrebleu's tokenizer, 13a if not said."
    ),
    click.option(
        "--word-order", type=click.IntRange(0, HIGHEST_WORD_ORDER), help="chrf: 2 for chrF++."
    ),
    click.option(
        "--first-index",
        type=int,
        help="choice: the index that stands for A, where one side names letters.",
    ),
)
SCORER_NAMES = [
    "normalize",
    "stemmer",
    "tolerance",
    "pattern",
    "tokenize",
    "word_order",
    "first_index",
]
PLAIN_NAMES = [
    "scorer",
    "threshold",
    "by",
    "cluster",
    "correction",
    "missing",
    "errors",
    "edited",
    "by_position",
    "epsilon",
    "level",
    "interval",
    "seed",
    "resamples",
    "reader",
    "metric",
    "run",
    "unfinished",
    "dataset",
]

LOG_OPTIONS = (
    click.option(
        "--metric",
        multiple=True,
        metavar="NAME",
        help="Logs: the metric that says what is right, such as exact_match,flexible-extract. "
        "Repeatable: the first that a task has.",
    ),
    click.option(
        "--run",
        metavar="TEXT",
        help=f"Logs: of several runs of a task, '{NEWEST}', or the one with this in its path.",
    ),
    click.option(
        "--unfinished",
        type=click.Choice(UNFINISHED),
        default=UNFINISHED[0],
        show_default=True,
        help="Logs: a run that failed or was cut short.",
    ),
    click.option(
        "--dataset",
        type=NamedPath(),
        metavar="FILE",
        help="Logs that hold answers alone (SQuAD): the file of questions and answers.",
    ),
)

MEASURE_OPTIONS = (
    click.option(
        "--scorer",
        "-s",
        metavar="NAME",
        help=f"{', '.join(name for name in SCORERS if name != 'field')}; field:NAME for a score "
        "that the file holds; evaluate:NAME for a metric of Hugging Face evaluate; module:function "
        "for your own. If not said: what the files were made for by compatkit run, a log's own "
        "metric, exact_match for other files.",
    ),
    click.option(
        "--threshold",
        "-t",
        type=float,
        help="An answer is right when its score is at least this; 0.5 if not said.",
    ),
    *SCORER_FLAGS,
    click.option("--by", multiple=True, metavar="FIELD", help="Slice by a field; repeatable."),
    click.option(
        "--cluster",
        metavar="FIELD",
        help="Examples with one value of it depend on each other (questions on one passage).",
    ),
    click.option(
        "--correction",
        type=click.Choice(list(CORRECTIONS)),
        default="holm",
        show_default=True,
        help="Of p-values over tasks, candidates and slices.",
    ),
    click.option(
        "--missing",
        type=click.Choice(POLICIES["missing"]),
        default="error",
        show_default=True,
        help="An id in one file alone: refuse, leave out, or count its answer as wrong.",
    ),
    # Its default is each command's own: see `measure_options`.
    click.option(
        "--errors",
        type=click.Choice(POLICIES["errors"]),
        help="A row with an error: leave the example out, count it as wrong, or refuse.",
    ),
    click.option(
        "--edited",
        type=click.Choice(POLICIES["edited"]),
        default="error",
        show_default=True,
        help="An id whose reference or input differs: refuse, leave out, or hold each answer "
        "against its own file.",
    ),
    click.option("--by-position", is_flag=True, help="Pair rows by position instead of id."),
    click.option(
        "--epsilon",
        type=float,
        default=0.0,
        show_default=True,
        help="Change of score that counts as a tie.",
    ),
    click.option(
        "--level",
        type=float,
        default=0.95,
        show_default=True,
        callback=_at_most(HIGHEST_LEVEL),
        help="Level of the intervals.",
    ),
    click.option(
        "--interval",
        type=click.Choice(INTERVALS),
        default="wilson",
        show_default=True,
        help="Of proportions: Wilson's score, or Clopper and Pearson's exact one.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Seed of the bootstrap.",
    ),
    click.option(
        "--resamples",
        type=int,
        default=2000,
        show_default=True,
        callback=_at_most(MOST_RESAMPLES),
        help="Bootstrap resamples.",
    ),
    click.option(
        "--reader",
        type=click.Choice(sorted([*READERS, *LOGS])),
        help="The kind of the files, where their names do not tell.",
    ),
    *LOG_OPTIONS,
    *(
        click.option(
            f"--{'reference' if role == 'references' else role.replace('_', '-')}-field",
            f"field_{role}",
            metavar="NAME",
            help=f"The field that holds the {role}; dots nest, 'none' is none.",
        )
        for role in ALIASES
    ),
)


def measure_options(
    errors: str = "exclude", *, without: Sequence[str] = ()
) -> Callable[[Command], Command]:
    """Add the options of a measurement to a command.

    Args:
        errors: what a row with an error is, if the user does not say.
        without: the options that mean nothing to the command.
    """

    def add(command: Command) -> Command:
        for option in reversed(MEASURE_OPTIONS):
            command = option(command)
        parameters = vars(command)["__click_params__"]
        parameters[:] = [each for each in parameters if each.name not in without]
        for parameter in parameters:
            if parameter.name == "errors":
                parameter.default, parameter.show_default = errors, True
        return command

    return add


def adopt_scorer(values: dict[str, Any], paths: Sequence[str]) -> None:
    """Take the scorer that all files were made for, where the user named none."""
    source = click.get_current_context().get_parameter_source("scorer")
    if source is not ParameterSource.DEFAULT or not all(
        Path(path).is_file() and header_path(path).is_file() for path in paths
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
    scorer_options = {name: values.pop(name) for name in SCORER_NAMES}
    fields = {role: values.pop(f"field_{role}") for role in ALIASES}
    plain = {name: values.pop(name) for name in PLAIN_NAMES if name in values}
    return make_options(**plain, fields=fields, **scorer_options, **further)
