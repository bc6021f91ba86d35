"""Verdict: whether an update stays within its policy, and why."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from compatkit.comparison.comparison import Comparison
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import BLOCKING, FAIL, INCONCLUSIVE, PASS, Waiver
from compatkit.metrics.metric import name_average

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExample

EXIT_CODES = {PASS: 0, FAIL: 1, INCONCLUSIVE: 3}
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Decision:
    """One budget, decided.

    Attributes:
        task: the task's name; `total` for the examples of all tasks.
        field: the field that is sliced by, empty for all examples of the task.
        slice: the field's value.
        budget: a name in `compatkit.gate.budgets.BUDGETS`.
        limit: what the policy allows.
        tier: `blocking` or `advisory`.
        outcome: `pass`, `fail` or `inconclusive`, by the policy's way of deciding.
        counts_as: the same, after the policy's rule for inconclusive ones.
        total: number of examples that it rests on.
        value: what was measured, None where it is undefined.
        low: what it is at least, at `low_level`; None where unknown.
        high: what it is at most, at `high_level`; None where unknown.
        low_level: one-sided level of `low`, that of Holm's step where several are decided.
        high_level: one-sided level of `high`.
        method: how the bounds were made.
        numerator: the count above the fraction line, where the quantity is a proportion.
        denominator: the count below it.
        reason: why it is undefined or inconclusive; empty otherwise.
        more_examples: about how many further examples would settle an inconclusive one, should
            they be like those seen; None where none would, too many to be of use, or nobody knows.
        passing_limit: the limit nearest to the policy's that an inconclusive one would have
            passed; None where there is none.
        pass_at: k, where an example counts by pass@k; None where it does not.
    """

    task: str
    budget: str
    limit: float
    tier: str
    outcome: str
    counts_as: str
    total: int
    value: float | None
    low: float | None = None
    high: float | None = None
    low_level: float | None = None
    high_level: float | None = None
    method: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    field: str = ""
    slice: str = ""
    reason: str = ""
    more_examples: int | None = None
    passing_limit: float | None = None
    pass_at: int | None = None

    @property
    def label(self) -> str:
        """What is limited, as a report calls it."""
        return name_average(BUDGETS[self.budget].shown_label, self.pass_at)

    @property
    def where(self) -> str:
        """The task and slice in words."""
        part = f"{self.field} = {self.slice}" if self.field else ""
        return ", ".join(filter(None, (self.task, part)))

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as the JSON report knows it; its comparison there says `pass_at`."""
        values = asdict(self)
        del values["pass_at"]
        return values

    @property
    def blocks(self) -> bool:
        """Whether it keeps the gate from passing."""
        return self.tier == BLOCKING and self.counts_as != PASS

    @property
    def at_least(self) -> bool:
        """Whether the limit is a lower one."""
        return BUDGETS[self.budget].at_least

    @property
    def two_sided(self) -> bool:
        """Whether the limit is one on both sides of 0."""
        return BUDGETS[self.budget].two_sided


@dataclass(frozen=True, slots=True)
class Guarded:
    """One must-not-flip example.

    Attributes:
        task: the task's name.
        id: the example.
        outcome: `pass`, or `fail` where it was right and is now wrong.
        named: what named it: `id`, or the tag as `field=value`.
        waived: the flip is accepted for now.
        was_wrong: the old model's answer was wrong already, so there was nothing to break.
        flip: the flipped example; None where it did not flip.
    """

    task: str
    id: str
    outcome: str
    named: str
    waived: bool = False
    was_wrong: bool = False
    flip: "FlippedExample | None" = None


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """What became of a waiver.

    Attributes:
        waiver: the waiver, its task named.
        state: `used`: its flip is accepted; `unused`: its example did not flip; `expired`: its
            flip, if there is one, counts again.
    """

    waiver: Waiver
    state: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an update stays within its policy, and why.

    Attributes:
        outcome: `pass`, `fail` or `inconclusive`.
        decisions: one per budget, in the policy's order: tasks, their slices, the total.
        guarded: one per must-not-flip example.
        comparisons: one per task, with its flipped examples; those that are waived are among
            them, but not in the decisions.
        waivers: what became of each waiver.
        warnings: what is wrong with the policy or the files, though it could be measured.
        hints: where broken answers gather, in sentences; they decide nothing, and no strictness
            makes an error of them.
        name: the policy's name.
        level: confidence level of the gate's word.
        decide: `interval`, `anytime` or `point`.
        looks: how many looks share the error.
        policy: the policy's file, empty where there is none.
        max_left_out: task to the share of its examples that may be left out, or tell nothing of
            what broke.
        slicing: measures the slices of the comparisons; None where the policy has none.
    """

    outcome: str
    decisions: tuple[Decision, ...]
    comparisons: tuple[Comparison, ...] = field(repr=False)
    guarded: tuple[Guarded, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    name: str = ""
    level: float = 0.95
    decide: str = "interval"
    looks: int = 1
    policy: str = ""
    max_left_out: Mapping[str, float] = field(default_factory=dict)
    slicing: Callable[[], tuple[Comparison, ...]] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def exit_code(self) -> int:
        """0 for a pass, 1 for a fail, 3 for an inconclusive one."""
        return EXIT_CODES[self.outcome]

    @property
    def passed(self) -> bool:
        """Whether the outcome is `pass`."""
        return self.outcome == PASS

    @property
    def waived_ids(self) -> Mapping[str, frozenset[str]]:
        """Task to the ids whose flips are accepted."""
        used = [use.waiver for use in self.waivers if use.state == "used"]
        tasks = {waiver.task for waiver in used}
        return {task: frozenset(w.id for w in used if w.task == task) for task in tasks}

    def measure_slices(self) -> tuple[Comparison, ...]:
        """Return the comparisons with the slices that the policy limits, for what shows them."""
        return self.comparisons if self.slicing is None else self.slicing()

    def _repr_html_(self) -> str:
        """Return the verdict for a notebook."""
        from compatkit.reports.notebook import render_verdict  # noqa: PLC0415  (docs/adr/0010)

        return render_verdict(self)

    def to_dict(self, *, flips: bool = True) -> dict[str, Any]:
        """Return the verdict as the JSON report knows it; the flipped examples where `flips`."""
        return {
            "format": 1,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "name": self.name,
            "policy": self.policy,
            "level": self.level,
            "decide": self.decide,
            "looks": self.looks,
            "decisions": [decision.to_dict() for decision in self.decisions],
            "must_not_flip": [
                {
                    **{name: getattr(example, name) for name in GUARDED_KEYS},
                    "flip": None if example.flip is None else example.flip.to_dict(),
                }
                for example in self.guarded
            ],
            "waivers": [
                {
                    "task": use.waiver.task,
                    "id": use.waiver.id,
                    "reason": use.waiver.reason,
                    "expires": use.waiver.expires.isoformat(),
                    "state": use.state,
                }
                for use in self.waivers
            ],
            "warnings": list(self.warnings),
            "hints": list(self.hints),
            "results": [comparison.to_dict(flips=flips) for comparison in self.comparisons],
        }


GUARDED_KEYS = ("task", "id", "outcome", "named", "waived", "was_wrong")
