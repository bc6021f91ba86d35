"""Recipe: what a scorer is made of, as data that a log, a header or another process can hold."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class Recipe(Struct, frozen=True):
    """What a scorer is made of.

    Attributes:
        name: as `compatkit.scorers.make.make_scorer` takes it.
        options: the scorer's options, by name.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
