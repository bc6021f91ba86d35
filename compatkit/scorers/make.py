"""Make: a scorer of its name and options, and the options of all of them."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import NoneType
from typing import Any, get_args, get_type_hints

from compatkit.errors import ConfigError
from compatkit.option import COMMAND, EVALUATE, TASK, Option
from compatkit.record import replace
from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import read_answers
from compatkit.scorers.evaluate_metric import load_evaluate_metric
from compatkit.scorers.field import field
from compatkit.scorers.own import load_own, make_own
from compatkit.scorers.scorer import Scorer
from compatkit.spelling import suggest

__all__ = ["SCORER_OPTIONS", "make_scorer", "scorer_options", "takers"]


@cache
def scorer_options(name: str) -> tuple[str, ...]:
    """Return the options that a scorer of the table takes, by name."""
    own = _keyword_only(SCORERS[name])
    return own if SCORERS[name] is field else (*own, *READING)


def _keyword_only(function: Callable[..., Scorer]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(
        parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY
    )


READING = _keyword_only(read_answers)


def takers(option: str) -> tuple[str, ...]:
    """Return the scorers of the table that take an option."""
    return tuple(name for name in SCORERS if option in scorer_options(name))


def declare_options() -> dict[str, Option]:
    """Return every option of a scorer, as the scorers' own signatures declare them.

    Its type is the annotation's, its help and range those of the `Option` beside it. It has no
    default: what is not said is left to the scorer.
    """
    declared: dict[str, Option] = {}
    reading = get_type_hints(read_answers, include_extras=True)
    for scorer in SCORERS:
        hints = get_type_hints(_function_of(scorer), include_extras=True) | reading
        for name in scorer_options(scorer):
            option = next(
                (note for note in get_args(hints[name]) if isinstance(note, Option)), Option()
            )
            declared[name] = replace(
                option,
                name=name,
                kind=_plain_kind(hints[name]),
                help=option.help and f"{_name_takers(name)}: {option.help}",
                places=frozenset({COMMAND, TASK, EVALUATE}),
            )
    return declared


def _plain_kind(annotation: Any) -> type:
    """Return the type of `Annotated[type | None, ...]`."""
    while get_args(annotation):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    return annotation  # type: ignore[no-any-return]


def _function_of(scorer: str) -> Callable[..., Scorer]:
    made = SCORERS[scorer]
    return made.func if isinstance(made, partial) else made


def _name_takers(option: str) -> str:
    """Name the scorers that take an option; those of one function as `function*`."""
    if option in READING:
        return "scorers of texts"
    functions = [_function_of(scorer) for scorer in takers(option)]
    return ", ".join(
        f"{function.__name__}*" if functions.count(function) > 1 else function.__name__
        for function in dict.fromkeys(functions)
    )


SCORER_OPTIONS = declare_options()


def make_scorer(scorer: str | Scorer | Callable[..., object], **options: object) -> Scorer:
    """Make a scorer.

    Args:
        scorer: a name in `SCORERS`, `field:NAME`, `evaluate:NAME` (see
            `compatkit.scorers.evaluate_metric`), `module:function`, a function of two columns
            (see `compatkit.scorers.own`), or a `Scorer`.
        options: those that the scorer takes; None counts as not given.

    Raises:
        ConfigError: an unknown name, or an option that the scorer does not take.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    for option in given.keys() & SCORER_OPTIONS.keys():
        SCORER_OPTIONS[option].check(given[option])
    reading = {name: given.pop(name) for name in READING if name in given}
    made = _make(scorer, given)
    if made.needs_prediction and not (made is scorer and made.options.keys() & READING):
        return read_answers(made, **reading)  # type: ignore[arg-type]
    if reading:
        raise ConfigError(_not_taken(made.name, next(iter(reading))))
    return made


def _make(scorer: str | Scorer | Callable[..., object], options: Mapping[str, object]) -> Scorer:
    name, colon, path = scorer.partition(":") if isinstance(scorer, str) else ("", "", "")
    if name in SCORERS and (name == "field" or not colon):
        for option in options:
            # What is no option of the scorer's own may still be one of every comparison.
            if option not in inspect.signature(SCORERS[name]).parameters:
                raise ConfigError(_not_taken(str(scorer), option))
        return SCORERS[name](*([path] if name == "field" else []), **options)
    if options:
        name = scorer if isinstance(scorer, str) else getattr(scorer, "__name__", "this scorer")
        raise ConfigError(_not_taken(name, next(iter(options))))
    if isinstance(scorer, Scorer):
        return scorer
    if not isinstance(scorer, str):
        return make_own(getattr(scorer, "__name__", "function"), scorer)
    if scorer.partition(":")[0] == "evaluate":
        return load_evaluate_metric(scorer)
    if ":" in scorer:
        return load_own(scorer)
    every = f"there are {', '.join(SCORERS)}, and module:function for your own."
    raise ConfigError(f"no scorer {scorer!r}; {suggest(scorer, SCORERS, every)}")


def _not_taken(scorer: str, option: str) -> str:
    owners = takers(option)
    hint = f"it belongs to {', '.join(owners)}" if owners else "no scorer takes it"
    return f"the scorer {scorer} has no option {option!r}; {hint}."
