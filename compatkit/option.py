"""Option: one value that a user may say, declared once: its type, its range, what it means.

The options of a comparison are declared in `compatkit.comparison.option_table`, those of a gate in
`compatkit.gate.policy_keys`, those of a scorer beside it, in its signature. Flags of the command
line, keys of a policy, their checks, the JSON schema and the documentation follow from them.
"""

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from msgspec import Struct

from compatkit.arrays import as_float
from compatkit.errors import ConfigError
from compatkit.spelling import ask_near

Number = int | float  # a bound as it was written, so that a message and a schema say 0 and not 0.0
# Where an option may be said, beside Python: flags, keys of a policy, of its tasks and of its
# total, and the modules of Hugging Face evaluate.
COMMAND, POLICY, TASK, TOTAL, EVALUATE = "command", "policy", "task", "total", "evaluate"


def of_side(value: Any, number: int) -> Any:
    """Return what holds for a side, the old model's being 0: its own value, or that of all."""
    return value[number] if isinstance(value, tuple) else value


class Option(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One option.

    Attributes:
        name: as Python says it; the flag is `--a-name`, the policy's key `a_name`.
        kind: `str`, `bool`, `int`, `float`, `Path` for a file's name, `dict` for a table, `object`
            for what Python alone can say.
        help: one sentence, as the command line shows it.
        default: where nobody says it.
        choices: the values that there are; empty for any.
        proposed: values that a shell completes, among others that may be said.
        least: the smallest number; None for no such thing.
        above: every number is above this one.
        most: the largest number.
        below: every number is below this one.
        several: may be said several times, or be a list.
        per_side: holds for all sides alike, or is said once for each, the old model's first.
        metavar: what stands for the value in a help text.
        short: a flag of one letter.
        places: where it may be said, beside Python.
        about: what it says something of, where that is not every comparison; whoever has no such
            thing does not take the option.
        signed: numbers depend on it, so that the signature of a comparison names it.
    """

    name: str = ""
    kind: type = str
    help: str = ""
    default: Any = None
    choices: tuple[Any, ...] = ()
    proposed: tuple[str, ...] = ()
    least: Number | None = None
    above: Number | None = None
    most: Number | None = None
    below: Number | None = None
    several: bool = False
    per_side: bool = False
    metavar: str | None = None
    short: str = ""
    places: frozenset[str] = frozenset()
    about: str = ""
    signed: bool = False

    @property
    def flag(self) -> str:
        """The flag of the command line, which names one pair of a table at a time."""
        name = self.name.removesuffix("s") if self.kind is dict else self.name
        return f"--{name.replace('_', '-')}"

    def is_kind(self, value: Any) -> bool:
        """Whether a value is of the right type; one of several may stand alone."""
        if (
            (self.several or self.per_side)
            and isinstance(value, Sequence)
            and not isinstance(value, str)
        ):
            return all(map(self._is_one, value))
        return self._is_one(value)

    def _is_one(self, value: Any) -> bool:
        if isinstance(value, bool):
            return self.kind in {bool, object}
        kinds: dict[type, Any] = {float: (int, float), Path: (str, Path)}
        return isinstance(value, kinds.get(self.kind, self.kind))

    def is_in_range(self, value: Any) -> bool:
        """Whether a value of the right type is one of the choices, or within the range."""
        if self.per_side and isinstance(value, list | tuple):
            return all(map(self.is_in_range, value))
        if self.choices:
            return value in self.choices
        if self.kind not in {int, float}:
            return True
        return (
            isfinite(as_float(value))
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    @property
    def kind_wanted(self) -> str:
        """What type a message asks for."""
        names = {
            bool: "true or false",
            int: "a whole number",
            float: "a number",
            dict: "a table",
            object: "something else",
        }
        name = names.get(self.kind, "a text")
        if self.per_side:
            return f"{name}, or one for each side"
        return f"{name}, or a list of them" if self.several else name

    @property
    def range_wanted(self) -> str:
        """What choices or range a message asks for."""
        if self.choices:
            joined = " or " if self.kind is int else ", "
            return f"{'' if self.kind is int else 'one of '}{joined.join(map(str, self.choices))}"
        what = self.kind_wanted.partition(" ")[2]
        if self.above is not None:
            return f"more than {self.above:g} and at most {self.most:g}"
        if self.below is not None:
            return f"a share from {self.least:g} to below {self.below:g}"
        if self.least is None:
            return self.kind_wanted
        if self.most is not None:
            return f"{self.least:,g} or more, and {self.most:,.0f} at most"
        return f"0 or a positive {what}" if self.least == 0 else f"{self.least:,g} or more"

    def check(self, value: Any, name: str = "") -> None:
        """Refuse a value of another type, or out of range; the default is always fine.

        Args:
            value: what was said.
            name: what the message calls the option; its name if not given.

        Raises:
            ConfigError: naming what was found and what was expected.
        """
        name = name or self.name
        if value is None and self.default is None:
            return
        if not self.is_kind(value):
            kind = "" if isinstance(value, str) and self.choices else f", a {type(value).__name__}"
            raise ConfigError(f"{name} is {value!r}{kind}; {self.kind_wanted} was expected.")
        if not self.is_in_range(value):
            raise ConfigError(f"{name} is {value!r}; {self.hint(value)}")

    def hint(self, value: Any) -> str:
        """Return the end of a message about a value that is no choice, or out of range."""
        near = ask_near(value, self.choices) if isinstance(value, str) else ""
        return f"{self.range_wanted} was expected.{near}"
