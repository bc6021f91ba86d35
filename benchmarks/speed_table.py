"""A line of speed.py's table: a ratio of two sides that were measured by turns."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

LIBRARIES = (
    *("numpy", "pandas", "scipy", "pyarrow", "msgspec", "rapidfuzz"),
    *("rouge-score", "nltk", "sacrebleu", "click", "rich"),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that a ratio should keep.

    Attributes:
        bound: the number.
        most: whether it is the most that the ratio may be, and not the least.
    """

    bound: float
    most: bool = False

    def __str__(self) -> str:
        """Show as in the specification."""
        return f"{'<=' if self.most else '>='} {self.bound:g}"

    def met_by(self, ratio: float) -> bool:
        """Tell whether a ratio keeps the bound."""
        return ratio <= self.bound if self.most else ratio >= self.bound


@dataclass(frozen=True, slots=True)
class Line:
    """A ratio, quotient of two medians, and the quotients of the single repetitions.

    Attributes:
        what: what was measured.
        above: the dividend, a value a repetition.
        below: the divisor, in the same order.
        goal: the bound to keep, if there is one.
        detail: the values behind the ratio, as text.
    """

    what: str
    above: Sequence[float]
    below: Sequence[float]
    goal: Goal | None = None
    detail: str = ""

    @property
    def ratio(self) -> float:
        """The quotient of the medians."""
        return median(self.above) / median(self.below)

    @property
    def missed(self) -> bool:
        """Whether there is a goal and the ratio does not reach it."""
        return self.goal is not None and not self.goal.met_by(self.ratio)

    def __str__(self) -> str:
        """Show as a row of a Markdown table."""
        each = [one / other for one, other in zip(self.above, self.below, strict=True)]
        spread = f"{min(each):.3g} to {max(each):.3g}" if len(each) > 1 else ""
        goal = "" if self.goal is None else f"{self.goal}{' **missed**' * self.missed}"
        return f"| {self.what} | {self.ratio:.3g} | {spread} | {goal} | {self.detail} |"


@dataclass(frozen=True, slots=True)
class Section:
    """A table under a title, with what its ratio is and how it came about."""

    title: str
    ratio: str
    about: str
    lines: Sequence[Line]

    def __str__(self) -> str:
        """Show as Markdown."""
        head = f"| | {self.ratio} | of single repetitions | goal | medians |"
        rows = "\n".join(map(str, self.lines))
        return f"## {self.title}\n\n{self.about}\n\n{head}\n|{' --- |' * 5}\n{rows}\n"


def describe_machine(libraries: Sequence[str] = LIBRARIES) -> str:
    """Describe processor, memory and versions; no names of hosts, no paths."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GB, {platform.system()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()
