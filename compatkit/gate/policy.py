"""Policy: what an update may break, and what it may not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from compatkit.comparison.checked_options import Options

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
OUTCOMES = (PASS, FAIL, INCONCLUSIVE)
BLOCKING, ADVISORY = "blocking", "advisory"
ANYTIME = "anytime"
WAYS = ("interval", ANYTIME, "point")
REFUSE, KEEP = "refuse", "keep"  # examples that two tasks share
MAX_WAIVED = 0.05


@dataclass(frozen=True, slots=True)
class Limits:
    """The budgets of one set of examples.

    Attributes:
        blocking: budget to limit, for those that stop an update.
        advisory: budget to limit, for those that are only reported.
        inconclusive: what an inconclusive decision counts as.
    """

    blocking: Mapping[str, float] = field(default_factory=dict)
    advisory: Mapping[str, float] = field(default_factory=dict)
    inconclusive: str = INCONCLUSIVE

    def __bool__(self) -> bool:
        """Whether there is a budget."""
        return bool(self.blocking or self.advisory)


@dataclass(frozen=True, slots=True)
class MustNotFlip:
    """The examples of a task of which none may break.

    Attributes:
        ids: their ids.
        tags: field to values; an example that has one of them belongs to it.
    """

    ids: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether an example is named."""
        return bool(self.ids) or any(self.tags.values())


@dataclass(frozen=True, slots=True)
class TaskPolicy:
    """What one task of a policy is, and what it may lose.

    Attributes:
        name: the task's name.
        old: the old model's predictions: a file, a pattern (see `compatkit.gate.task_files`), or
            what else `compatkit.compare` takes.
        new: the new model's.
        options: how the files are compared.
        limits: budgets of all examples.
        slices: field to the budgets of each of its values.
        must_not_flip: examples of which none may break.
        min_lift: the lift from which a slice that is found is told of, which decides nothing; None
            where none are searched for, unless the options say so.
        old_rerun: a second run of the old model.
        history: the versions before the old model, the oldest first; with any, budgets are held
            against the best so far.
        examples: how many examples there must be; None where any number will do.
        max_left_out: share of the examples that may be left out because they errored, are missing
            or were edited, or because the old model did not answer them.
        max_waived: share of the examples whose flips may be waived.
        names: what the user calls the old and the new model; empty for nothing.
    """

    name: str
    old: Any
    new: Any
    options: Options
    limits: Limits = field(default_factory=Limits)
    slices: Mapping[str, Limits] = field(default_factory=dict)
    must_not_flip: MustNotFlip = field(default_factory=MustNotFlip)
    min_lift: float | None = None
    old_rerun: Any = None
    history: tuple[Any, ...] = ()
    examples: int | None = None
    max_left_out: float = 0.0
    max_waived: float = MAX_WAIVED
    names: tuple[str, str] = ("", "")

    @property
    def where(self) -> str:
        """How messages about the task begin."""
        return f"task {self.name}: " if self.name else ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """An example whose flip is accepted for a while.

    Attributes:
        task: the task's name; empty where the policy has one task.
        id: the example.
        reason: why.
        expires: the last day on which it holds.
    """

    task: str
    id: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class Policy:
    """What an update may break, over all tasks.

    Attributes:
        tasks: at least one.
        name: what reports call it, empty for nothing; two gates on one pull request need two.
        total: budgets over the examples of all tasks, each counting once.
        overlap: `refuse` or `keep`: what to do with examples that two tasks share, under `total`.
        waivers: flips that are accepted for a while.
        level: confidence level of the gate's word, in (0, 1): how often at least a pass, or a
            fail, is right.
        decide: by `interval`, by `anytime`, or by `point`: the measured value alone.
        looks: how many times the gate may be asked while examples are added; they share the error.
        strict: a warning is an error.
        path: the file that it was read from; empty where it was made on the spot.
    """

    tasks: tuple[TaskPolicy, ...]
    name: str = ""
    total: Limits = field(default_factory=Limits)
    overlap: str = REFUSE
    waivers: tuple[Waiver, ...] = ()
    level: float = 0.95
    decide: str = "interval"
    looks: int = 1
    strict: bool = False
    path: str = ""
