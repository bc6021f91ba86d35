"""Spelling: what a name that is not there may have been meant to be."""

from collections.abc import Iterable


def find_near(name: str, names: Iterable[str]) -> str | None:
    """Return the one of some names that is most like a name, or None where none is much like it.

    Case does not count. Likeness is difflib's ratio, and 0.6 is the least that is much.
    """
    from difflib import get_close_matches  # noqa: PLC0415  (start-up time)

    folded = {offered.casefold(): offered for offered in reversed(list(names))}
    near = get_close_matches(name.casefold(), folded, 1)
    return folded[near[0]] if near else None


def ask_near(name: str, names: Iterable[str]) -> str:
    """Return the question after the nearest name, to stand behind a sentence; or nothing."""
    near = find_near(name, names)
    return "" if near is None else f" Did you mean {near!r}?"


def suggest(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """Return the end of a message about an unknown name: the nearest one, or all that there are.

    Args:
        name: what was said.
        names: what could have been said.
        otherwise: what stands there where none is near, instead of the list of all.
    """
    names = list(names)
    near = find_near(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    return otherwise or f"there are {', '.join(names)}."
