"""Question: one budget that is to be decided, and the bounds that it is decided by."""

from msgspec import Struct

from compatkit.gate.budgets import BUDGETS, Budget
from compatkit.metrics.estimates import MetricValue, Plan, undefined
from compatkit.metrics.pair import JudgedPair
from compatkit.record import replace


class Question(Struct, frozen=True, eq=False):
    """One budget that is to be decided.

    Attributes:
        task: the task's name, or `total`.
        field: the field that is sliced by, empty for none.
        slice: its value.
        budget: a name in `BUDGETS`.
        limit: what the policy allows.
        tier: `blocking` or `advisory`.
        inconclusive: what an inconclusive decision counts as.
        pair: the examples' results.
        plan: how bounds are made; the level is the gate's.
        advised: an inconclusive decision says what would settle it.
        doubt: why its data can decide nothing; empty where they can.
    """

    task: str
    field: str
    slice: str
    budget: str
    limit: float
    tier: str
    inconclusive: str
    pair: JudgedPair
    plan: Plan
    advised: bool = True
    doubt: str = ""

    @property
    def limits(self) -> Budget:
        """What is limited."""
        return BUDGETS[self.budget]

    @property
    def sides(self) -> int:
        """How many chances there are to fail wrongly: two where both sides are limited."""
        return 2 if self.limits.two_sided else 1

    @property
    def at_any_look(self) -> "Question":
        """The question, to be decided by limits that hold at every number of examples at once."""
        return replace(self, plan=replace(self.plan, at_any_look=True))

    def measure(self, tail: float) -> MetricValue:
        """Return the quantity with bounds each of which misses with probability `tail`."""
        if self.doubt:
            return undefined(self.doubt)
        plan = replace(self.plan, level=1.0 - 2.0 * tail, exact=True, clusters=self.pair.clusters)
        return self.limits.measure(self.pair, plan)

    def is_beyond(self, value: float | None) -> bool:
        """Whether a value breaks the limit; an unknown one does not."""
        if value is None:
            return False
        if self.limits.two_sided:
            value = abs(value)
        return value < self.limit if self.limits.at_least else value > self.limit


def worst_bound(question: Question, measured: MetricValue) -> float | None:
    """Return the bound on the limit's bad side: a quantity is at most, or at least, that."""
    low, high = measured.low, measured.high
    if question.limits.two_sided:
        return None if low is None or high is None else max(low, high, key=abs)
    return low if question.limits.at_least else high


def best_bound(question: Question, measured: MetricValue) -> float | None:
    """Return the bound that a fail goes by; None where there is none, or it says nothing."""
    low, high = measured.low, measured.high
    if question.limits.two_sided:
        # What is on one side of 0 is at least as far from it as the bound towards 0.
        return (
            low if low is not None and low > 0 else high if high is not None and high < 0 else None
        )
    return high if question.limits.at_least else low
