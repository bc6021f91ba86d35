"""Decide: budgets against bounds, all of a tier together.

With an error rate alpha = 1 - level, a budget passes when the one-sided upper bound of its quantity
at alpha is within the limit: the gate passes when every budget does, so it passes wrongly with
probability alpha at most, however many budgets there are (Berger 1982, Technometrics 24, 295-300).
A budget fails when the lower bound is beyond the limit; the gate fails when any does, so these
bounds are at the steps of Holm (1979, Scand. J. Stat. 6, 65-70), and it fails wrongly with
probability alpha at most.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import ANYTIME, FAIL, INCONCLUSIVE, PASS
from compatkit.gate.verdict import Decision
from compatkit.metrics.estimates import MetricValue, Plan, limits_of_share
from compatkit.metrics.pair import JudgedPair

MOST_EXAMPLES = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Question:
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

    @property
    def at_any_look(self) -> "Question":
        """The question, to be decided by limits that hold at every number of examples at once."""
        return replace(self, plan=replace(self.plan, at_any_look=True))

    def measure(self, tail: float) -> MetricValue:
        """Return the quantity with bounds each of which misses with probability `tail`."""
        plan = replace(self.plan, level=1.0 - 2.0 * tail, exact=True, clusters=self.pair.clusters)
        return BUDGETS[self.budget].measure(self.pair, plan)

    def is_beyond(self, value: float | None) -> bool:
        """Whether a value breaks the limit; an unknown one does not."""
        if value is None:
            return False
        return value < self.limit if BUDGETS[self.budget].at_least else value > self.limit


def decide(questions: Sequence[Question], level: float, way: str) -> list[Decision]:
    """Decide budgets together, each tier by itself.

    Args:
        questions: budgets with what they are decided by.
        level: confidence level in (0.5, 1).
        way: `interval`, `anytime` or `point`.

    Returns:
        A decision per question, in their order.

    Source:
        Berger 1982 for the pass (an intersection of unions), Holm 1979 for the fail.
    """
    if way == ANYTIME:
        questions = [question.at_any_look for question in questions]
    found: dict[Question, Decision] = {}
    for tier in dict.fromkeys(question.tier for question in questions):
        asked = [question for question in questions if question.tier == tier]
        by_point = way == "point"
        found |= _by_point(asked, level) if by_point else _by_interval(asked, 1.0 - level)
    return [found[question] for question in questions]


def _by_point(questions: Sequence[Question], level: float) -> dict[Question, Decision]:
    decided = {}
    for question in questions:
        measured = question.measure(1.0 - level)
        kept = INCONCLUSIVE if measured.value is None else PASS
        outcome = FAIL if question.is_beyond(measured.value) else kept
        decided[question] = _decision(question, measured, outcome, 1.0 - level, 1.0 - level)
    return decided


def _by_interval(questions: Sequence[Question], alpha: float) -> dict[Question, Decision]:
    at_alpha = {question: question.measure(alpha) for question in questions}
    failed = _fail_by_holm(at_alpha, alpha)
    waiting = len(questions) - len(failed)
    decided = {}
    for question, measured in at_alpha.items():
        if question in failed:
            tail, bounds = failed[question]
            decided[question] = _decision(question, bounds, FAIL, alpha, tail, upper=measured)
            continue
        worst = _worst(question.budget, measured)
        passes = worst is not None and not question.is_beyond(worst)
        tail = alpha / max(waiting, 1)
        if passes:
            decided[question] = _decision(question, measured, PASS, alpha, alpha)
        else:
            bounds = question.measure(tail) if waiting > 1 else measured
            decided[question] = _decision(
                question, bounds, INCONCLUSIVE, alpha, tail, upper=measured
            )
    return decided


def _fail_by_holm(
    at_alpha: dict[Question, MetricValue], alpha: float
) -> dict[Question, tuple[float, MetricValue]]:
    """Return the questions that fail, each with the step's tail and its bounds there.

    What does not fail alone, at alpha, fails at no smaller step.
    """
    waiting = len(at_alpha)
    candidates = [q for q, m in at_alpha.items() if q.is_beyond(_best(q.budget, m))]
    failed: dict[Question, tuple[float, MetricValue]] = {}
    while candidates:
        tail = alpha / waiting
        bounds = {q: at_alpha[q] if waiting == 1 else q.measure(tail) for q in candidates}
        now = [q for q, m in bounds.items() if q.is_beyond(_best(q.budget, m))]
        if not now:
            break
        failed |= {q: (tail, bounds[q]) for q in now}
        waiting -= len(now)
        candidates = [q for q in candidates if q not in failed]
    return failed


def _worst(budget: str, measured: MetricValue) -> float | None:
    """Return the bound on the limit's bad side: a quantity is at most, or at least, that."""
    return measured.low if BUDGETS[budget].at_least else measured.high


def _best(budget: str, measured: MetricValue) -> float | None:
    return measured.high if BUDGETS[budget].at_least else measured.low


def _decision(
    question: Question,
    measured: MetricValue,
    outcome: str,
    pass_tail: float,
    fail_tail: float,
    *,
    upper: MetricValue | None = None,
) -> Decision:
    """Put a decision together: the bound that passes is of one measurement, that fails of another.

    Args:
        question: what was asked.
        measured: the quantity, with the bound that a fail goes by.
        outcome: the decision.
        pass_tail: error rate of the bound that a pass goes by.
        fail_tail: error rate of the bound that a fail goes by.
        upper: the quantity with the bound that a pass goes by, where it is another.
    """
    passing = upper or measured
    bounds = [(measured.low, fail_tail), (passing.high, pass_tail)]
    if BUDGETS[question.budget].at_least:
        bounds = [(passing.low, pass_tail), (measured.high, fail_tail)]
    (low, low_tail), (high, high_tail) = bounds
    more = None
    if outcome == INCONCLUSIVE:
        more = _more_examples(question, measured, passing, pass_tail, fail_tail)
    return Decision(
        task=question.task,
        field=question.field,
        slice=question.slice,
        budget=question.budget,
        limit=question.limit,
        tier=question.tier,
        outcome=outcome,
        counts_as=question.inconclusive if outcome == INCONCLUSIVE else outcome,
        total=len(question.pair.ids),
        value=measured.value,
        low=low,
        high=high,
        low_level=1.0 - low_tail,
        high_level=1.0 - high_tail,
        method=measured.method,
        numerator=measured.numerator,
        denominator=measured.denominator,
        reason=measured.reason,
        more_examples=more,
    )


def _more_examples(
    question: Question,
    failing: MetricValue,
    passing: MetricValue,
    pass_tail: float,
    fail_tail: float,
) -> int | None:
    """Return about how many more examples, like those seen, would settle it.

    From counts by the exact bound; otherwise a bound's distance from the value is taken to shrink
    with the square root of the number of examples.
    """
    value, budget = passing.value, BUDGETS[question.budget]
    if value is None or value == question.limit:
        return None
    beyond = question.is_beyond(value)
    total = len(question.pair.ids)
    counted = passing.numerator is not None and question.pair.clusters is None
    if counted and passing.numerator is not None and passing.denominator:
        tail = fail_tail if beyond else pass_tail
        share = passing.numerator / passing.denominator
        upper = beyond == budget.at_least  # the bound that must clear the limit is the upper one

        def settled(size: int) -> bool:
            plan = replace(question.plan, level=1.0 - 2.0 * tail, exact=True)
            interval = limits_of_share(round(share * size), size, plan)
            return interval.high <= question.limit if upper else interval.low >= question.limit

        needed = _first_that(settled, passing.denominator)
        if needed is None:
            return None
        return math.ceil((needed - passing.denominator) * total / passing.denominator)
    bound = _best(question.budget, failing) if beyond else _worst(question.budget, passing)
    if bound is None:
        return None
    needed_total = total * ((bound - value) / (question.limit - value)) ** 2
    return max(math.ceil(min(needed_total, MOST_EXAMPLES)) - total, 1)


def _first_that(holds: Callable[[int], bool], start: int) -> int | None:
    """Return about the first number from `start` on for which a condition holds."""
    low, high = start, 2 * start
    while not holds(high):
        low, high = high, 2 * high
        if high > MOST_EXAMPLES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
