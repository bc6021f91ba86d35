"""Advice: what would settle a decision that too few examples leave open."""

import math
from collections.abc import Callable

from compatkit.gate.question import Question, best_bound, worst_bound
from compatkit.metrics.estimates import MetricValue, limits_of_share
from compatkit.record import replace

Bounds = tuple[MetricValue, float]  # a measured quantity, and what each of its bounds may miss
MOST_TIMES = 100  # nobody gathers more than this many times the examples that there are
STEPS = 10_000  # a limit is named in steps of a ten-thousandth


def advise(question: Question, failing: Bounds, passing: Bounds) -> tuple[int | None, float | None]:
    """Tell what would settle an inconclusive decision.

    Args:
        question: what was asked.
        failing: the quantity with the bounds that a fail goes by.
        passing: the quantity with the bounds that a pass goes by.

    Returns:
        About how many more examples, should they be like those seen; None where none would, or
        more than a hundred times those that there are. And the limit nearest to the policy's that
        these examples would have passed; None where there is none.
    """
    return _more_examples(question, failing, passing), _passing_limit(question, passing[0])


def _passing_limit(question: Question, passing: MetricValue) -> float | None:
    worst, budget = worst_bound(question, passing), question.limits
    if worst is None:
        return None
    if budget.at_least:
        limit = math.floor(worst * STEPS) / STEPS
        return limit if limit > budget.least else None
    limit = math.ceil((abs(worst) if budget.two_sided else worst) * STEPS) / STEPS
    return limit if budget.most is None or limit < budget.most else None


def _more_examples(question: Question, failing: Bounds, passing: Bounds) -> int | None:
    """Return about how many more examples would settle it.

    From counts by the exact bound; otherwise a bound's distance from the value is taken to shrink
    with the square root of the number of examples.
    """
    (_, fail_tail), (measured, pass_tail) = failing, passing
    value, total = measured.value, len(question.pair.ids)
    if value is None:
        return None
    beyond = question.is_beyond(value)
    counted = measured.numerator is not None and question.pair.clusters is None
    if counted and measured.denominator:
        return _more_of_a_share(question, measured, fail_tail if beyond else pass_tail)
    bound = best_bound(question, failing[0]) if beyond else worst_bound(question, measured)
    if bound is None:
        return None
    limit = question.limit
    if question.limits.two_sided:
        limit = math.copysign(limit, value if beyond else bound)
    if value == limit:
        return None
    times = ((bound - value) / (limit - value)) ** 2
    return max(math.ceil(total * times) - total, 1) if times <= MOST_TIMES else None


def _more_of_a_share(question: Question, measured: MetricValue, tail: float) -> int | None:
    """Return about how many more examples would settle a share, by its exact bound."""
    counted, size = measured.numerator or 0, measured.denominator or 1
    share = counted / size
    upper = question.is_beyond(share) == question.limits.at_least  # the bound that must clear it
    plan = replace(question.plan, level=1.0 - 2.0 * tail, exact=True)

    def settles(total: int) -> bool:
        interval = limits_of_share(round(share * total), total, plan)
        return interval.high <= question.limit if upper else interval.low >= question.limit

    needed = None if share == question.limit else _first_that(settles, size)
    if needed is None:
        return None
    return math.ceil((needed - size) * len(question.pair.ids) / size)


def _first_that(holds: Callable[[int], bool], start: int) -> int | None:
    """Return about the first number from `start` on for which a condition holds, if soon."""
    low, high = start, 2 * start
    while not holds(high):
        low, high = high, 2 * high
        if low >= MOST_TIMES * start:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
