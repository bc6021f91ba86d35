"""Recipe: what a scorer is made of, as data that a log, a header or another process can hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a scorer is made of.

    Attributes:
        name: as `compatkit.scorers.make.make_scorer` takes it.
        options: the scorer's options, by name.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
