"""Declared: the options of all scorers, known without loading a scorer.

A scorer declares its options in its signature. What the signatures say is written beside this file
by `make docs`; a test holds that both agree.
"""

import os
from typing import Any

import msgspec

from compatkit.option import COMMAND, EVALUATE, TASK, Option
from compatkit.record import replace

PATH = os.path.join(os.path.dirname(__file__), "options.json")  # noqa: PTH118, PTH120
KINDS: dict[str, type] = {kind.__name__: kind for kind in (str, bool, int, float)}


class Declared(msgspec.Struct, frozen=True):
    """What scorers declare.

    Attributes:
        options: name to option, of all scorers; none has a default, as what is not said is left to
            the scorer, nor the places where it may be said, which are those of all.
        reading: the options that every scorer of texts takes, which say how its texts are read.
        taken: scorer to the options that it takes.
    """

    options: dict[str, Option]
    reading: tuple[str, ...]
    taken: dict[str, tuple[str, ...]]


def _read() -> Declared:
    with open(PATH, "rb") as written:  # noqa: PTH123
        return msgspec.json.decode(written.read(), type=Declared, dec_hook=_kind)


def _kind(_: type, name: Any) -> type:
    return KINDS[name]


DECLARED = _read()
READING = DECLARED.reading
SCORER_OPTIONS = {
    name: replace(option, places=frozenset({COMMAND, TASK, EVALUATE}))
    for name, option in DECLARED.options.items()
}


def scorer_options(name: str) -> tuple[str, ...]:
    """Return the options that a scorer of the table takes, by name."""
    return DECLARED.taken[name]


def takers(option: str) -> tuple[str, ...]:
    """Return the scorers of the table that take an option."""
    return tuple(name for name, options in DECLARED.taken.items() if option in options)
