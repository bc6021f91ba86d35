"""Kept limits: the round limit of a budget that a pair kept, over all examples or over slices."""

import math
from collections.abc import Mapping

from msgspec import Struct

from compatkit.gate.budgets import BUDGETS
from compatkit.metrics.estimates import MetricValue, Plan
from compatkit.metrics.pair import JudgedPair
from compatkit.record import replace

STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LEAST = 1e-4
WHOLE = ""  # the slice that is all examples


class KeptLimit(Struct, frozen=True):
    """What a pair kept of a budget.

    Attributes:
        limit: the round number that all parts kept; None where none of them shows any.
        worst: the part whose measured value is the highest, and that value.
        loosest: the part whose upper bound is the highest, and that bound.
        silent: parts that show no limit which an update could break, each with the reason.
    """

    limit: float | None
    worst: tuple[str, float]
    loosest: tuple[str, float]
    silent: Mapping[str, str]


def find_kept_limit(name: str, parts: Mapping[str, JudgedPair], plan: Plan) -> KeptLimit:
    """Return what a pair, or its slices, kept of a budget with an upper limit.

    Args:
        name: a name in `BUDGETS`.
        parts: the examples; of slices one part each.
        plan: how bounds are made; the level is the gate's.
    """
    level = 1.0 - 2.0 * (1.0 - plan.level)
    values: dict[str, float] = {}
    bounds: dict[str, float] = {}
    silent = {}
    for part, pair in parts.items():
        exact = replace(plan, level=level, exact=True, clusters=pair.clusters)
        measured = BUDGETS[name].measure(pair, exact)
        reason = _find_reason(measured, BUDGETS[name].worst(pair, plan), len(pair.ids))
        if measured.value is None or measured.high is None or reason:
            silent[part] = reason
        else:
            values[part], bounds[part] = measured.value, measured.high
    if not values:
        return KeptLimit(None, (WHOLE, math.nan), (WHOLE, math.nan), silent)
    worst, loosest = max(values, key=values.__getitem__), max(bounds, key=bounds.__getitem__)
    return KeptLimit(
        _as_limit(bounds[loosest]), (worst, values[worst]), (loosest, bounds[loosest]), silent
    )


def _find_reason(measured: MetricValue, worst: float, examples: int) -> str:
    """Say why no limit follows from a measurement; empty where one does."""
    if measured.value is None:
        return f"undefined ({measured.reason})"
    if measured.high is None:
        return f"without a bound ({measured.reason})"
    if _as_limit(measured.high) < worst:
        return ""
    return f"{examples:,} example{'s' * (examples != 1)}, too few for a limit that could be broken"


def _as_limit(bound: float) -> float:
    return min(round_up(max(bound, 0.0)), 1.0)


def round_up(number: float) -> float:
    """Return the next round number.

    >>> round_up(0.0773), round_up(0.0), round_up(0.31)
    (0.08, 0.0, 0.4)
    """
    if number < LEAST:
        return LEAST if number > 0 else 0.0
    power = 10.0 ** math.floor(math.log10(number))
    step = next(step for step in STEPS if step * power >= number)
    return round(step * power, 12)
