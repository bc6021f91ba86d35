"""Decide: budgets against bounds, all of a tier together.

With an error rate alpha = 1 - level, a budget passes when the one-sided upper bound of its quantity
at alpha is within the limit: the gate passes when every budget does, so it passes wrongly with
probability alpha at most, however many budgets there are (Berger 1982, Technometrics 24, 295-300).
A budget fails when the lower bound is beyond the limit; the gate fails when any does, so these
bounds are at the steps of Holm (1979, Scand. J. Stat. 6, 65-70), and it fails wrongly with
probability alpha at most. A change that is limited on both sides passes where both bounds lie
within (two one-sided tests: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680), and has two
chances to fail, each at half of the error. Of K looks each has alpha / K, whatever their sizes
(Bonferroni).
"""

from collections.abc import Sequence

from compatkit.gate.advice import advise
from compatkit.gate.policy import ANYTIME, FAIL, INCONCLUSIVE, PASS
from compatkit.gate.question import Question, best_bound, worst_bound
from compatkit.gate.verdict import Decision
from compatkit.metrics.estimates import MetricValue
from compatkit.record import replace

__all__ = ["Question", "decide"]


def decide(
    questions: Sequence[Question], level: float, way: str, looks: int = 1, *, advice: bool = True
) -> list[Decision]:
    """Decide budgets together, each tier by itself.

    Args:
        questions: budgets with what they are decided by.
        level: confidence level in (0.5, 1).
        way: `interval`, `anytime` or `point`.
        looks: how many looks share the error.
        advice: say what would settle an inconclusive one, which takes longer than to decide it.

    Returns:
        A decision per question, in their order.

    Source:
        Berger 1982 for the pass (an intersection of unions), Holm 1979 for the fail.
    """
    if way == ANYTIME:
        questions = [question.at_any_look for question in questions]
    questions = [replace(question, advised=advice) for question in questions]
    decisions: dict[Question, Decision] = {}
    for tier in dict.fromkeys(question.tier for question in questions):
        asked = [question for question in questions if question.tier == tier]
        by_point = way == "point"
        alpha = (1.0 - level) / looks
        decisions |= _by_point(asked, level) if by_point else _by_interval(asked, alpha)
    return [decisions[question] for question in questions]


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
        worst = worst_bound(question, measured)
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
    candidates = [q for q, m in at_alpha.items() if q.is_beyond(best_bound(q, m))]
    failed: dict[Question, tuple[float, MetricValue]] = {}
    while candidates:
        tail = alpha / waiting
        bounds = {
            q: at_alpha[q] if waiting == q.sides == 1 else q.measure(tail / q.sides)
            for q in candidates
        }
        now = [q for q, m in bounds.items() if q.is_beyond(best_bound(q, m))]
        if not now:
            break
        failed |= {q: (tail / q.sides, bounds[q]) for q in now}
        waiting -= len(now)
        candidates = [q for q in candidates if q not in failed]
    return failed


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
    if question.limits.at_least:
        bounds = [(passing.low, pass_tail), (measured.high, fail_tail)]
    elif question.limits.two_sided:
        shown, tail = (measured, fail_tail) if outcome == FAIL else (passing, pass_tail)
        bounds = [(shown.low, tail), (shown.high, tail)]
    (low, low_tail), (high, high_tail) = bounds
    more = passing_limit = None
    if outcome == INCONCLUSIVE and question.advised:
        more, passing_limit = advise(question, (measured, fail_tail), (passing, pass_tail))
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
        passing_limit=passing_limit,
        pass_at=question.pair.pass_at,
    )
