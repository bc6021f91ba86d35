"""Signatures: what the scorers' own signatures declare, which `make docs` writes down."""

import inspect
from collections.abc import Callable
from functools import partial
from types import NoneType
from typing import Any, get_args, get_type_hints

import msgspec

from compatkit.option import Option
from compatkit.record import replace
from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import read_answers
from compatkit.scorers.declared import Declared
from compatkit.scorers.field import field
from compatkit.scorers.scorer import Scorer


def render_options() -> str:
    """Return what `compatkit.scorers.declared` reads, as a text."""
    written = msgspec.json.encode(declare_options(), enc_hook=lambda kind: kind.__name__)
    return msgspec.json.format(written, indent=1).decode() + "\n"


def declare_options() -> Declared:
    """Return every option of a scorer, as the scorers' own signatures declare them.

    Its type is the annotation's, its help and range those of the `Option` beside it.
    """
    reading = _keyword_only(read_answers)
    taken = {
        name: _keyword_only(scorer) + (() if scorer is field else reading)
        for name, scorer in SCORERS.items()
    }
    options: dict[str, Option] = {}
    shared = get_type_hints(read_answers, include_extras=True)
    for scorer, names in taken.items():
        hints = get_type_hints(_function_of(scorer), include_extras=True) | shared
        for name in names:
            option = next(
                (note for note in get_args(hints[name]) if isinstance(note, Option)), Option()
            )
            owners = [owner for owner in taken if name in taken[owner]]
            whose = "scorers of texts" if name in reading else _name_functions(owners)
            options[name] = replace(
                option,
                name=name,
                kind=_plain_kind(hints[name]),
                help=option.help and f"{whose}: {option.help}",
            )
    return Declared(options, reading, taken)


def _keyword_only(function: Callable[..., Scorer]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(
        parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY
    )


def _plain_kind(annotation: Any) -> type:
    """Return the type of `Annotated[type | None, ...]`."""
    while get_args(annotation):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    return annotation  # type: ignore[no-any-return]


def _function_of(scorer: str) -> Callable[..., Scorer]:
    made = SCORERS[scorer]
    return made.func if isinstance(made, partial) else made


def _name_functions(scorers: list[str]) -> str:
    """Name scorers; those of one function as `function*`."""
    functions = [_function_of(scorer) for scorer in scorers]
    return ", ".join(
        f"{function.__name__}*" if functions.count(function) > 1 else function.__name__
        for function in dict.fromkeys(functions)
    )
