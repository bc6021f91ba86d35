"""On demand: named values, of which each is worked out when it is first asked for.

A gate asks for few of the metrics of a comparison, and for none of its tests; a comparison asks for
one scorer, and for the reader of one kind of file.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

Value = TypeVar("Value")


def join(*parts: Mapping[str, Value]) -> "OnDemand[Value]":
    """Put several mappings into one, of which later ones come first; nothing is worked out.

    >>> join({"a": 1, "b": 1}, {"b": 2})
    {'a': 1, 'b': 2}
    """
    return OnDemand({name: partial(part.__getitem__, name) for part in parts for name in part})


def convert(values: Mapping[str, Value], change: Callable[[Value], Value]) -> "OnDemand[Value]":
    """Put each value through a function, once it is asked for.

    >>> convert({"a": 1}, lambda value: value + 1)
    {'a': 2}
    """

    def convert_one(name: str) -> Value:
        return change(values[name])

    return OnDemand({name: partial(convert_one, name) for name in values})


def import_each(homes: Mapping[str, str]) -> "OnDemand[Any]":
    """Name what stands in modules, of which each is imported when it is first asked for.

    Args:
        homes: name to where it stands, as `module:attribute`.

    >>> import_each({"divisor": "math:gcd"})["divisor"](4, 6)
    2
    """
    return OnDemand({name: partial(_import, home) for name, home in homes.items()})


def _import(home: str) -> Any:
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)


class OnDemand(Mapping[str, Value]):
    """Named values, of which each is worked out when it is first asked for, and then kept.

    It equals a dictionary of the same values, and is pickled as one.
    """

    def __init__(self, ways: Mapping[str, Callable[[], Value]]) -> None:
        """Take name to what works its value out."""
        self._ways = dict(ways)
        self._values: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        """Return a value by its name.

        >>> OnDemand({"two": lambda: 1 + 1})["two"]
        2
        """
        if name not in self._values:
            self._values[name] = self._ways[name]()
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names, in their order."""
        return iter(self._ways)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._ways)

    def __contains__(self, name: object) -> bool:
        """Whether there is a value of this name; none is worked out to tell."""
        return name in self._ways

    def __repr__(self) -> str:
        """Return what the dictionary of the values would."""
        return repr(dict(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Work all out where it is copied or leaves the process."""
        return dict, (dict(self),)
