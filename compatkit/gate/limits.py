"""Limits: what a budget may be set to."""

import re
from decimal import Decimal
from math import isfinite
from typing import Any

from compatkit.arrays import as_float
from compatkit.errors import ConfigError
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import WAYS
from compatkit.spelling import suggest

PERCENTAGE = re.compile(r"\s*-?[0-9]{1,9}(\.[0-9]{1,9})?\s?%\s*")


def check_looks(looks: int, way: str) -> None:
    """Refuse planned looks where none are counted.

    Args:
        looks: how many are planned.
        way: one of `WAYS`.

    Raises:
        ConfigError: several looks, and a way of deciding that takes no account of them.
    """
    if looks > 1 and way != WAYS[0]:
        why = {
            "anytime": "its bounds hold at every look, however many there are",
            "point": "it has no error that looks could share",
        }
        raise ConfigError(
            f"looks is {looks} beside decide = {way!r}: {why[way]}. Leave 'looks' out, or decide "
            f"by {WAYS[0]!r}."
        )


def read_percentage(text: Any) -> float | None:
    """Return the share that a percentage says, as `'4%'`; None for anything else.

    >>> read_percentage("2.5%"), read_percentage("0.025")
    (0.025, None)
    """
    if not (isinstance(text, str) and PERCENTAGE.fullmatch(text)):
        return None
    return float(Decimal(text.strip().removesuffix("%")) / 100)


def read_limit(name: str, limit: Any, way: str) -> float:
    """Return the limit of a budget, which is a number or, of a share, a percentage: `'4%'`.

    Args:
        name: a name in `BUDGETS`.
        limit: what it is to be.
        way: one of `WAYS`: a sample never shows a rate of exactly 0.

    Raises:
        ConfigError: a budget that does not exist, or a limit out of its range.
    """
    if name not in BUDGETS:
        raise ConfigError(f"no budget {name!r}; {suggest(name, BUDGETS)}")
    budget = BUDGETS[name]
    if budget.is_share and (share := read_percentage(limit)) is not None:
        limit = share
    most = "" if budget.most is None else f" to {budget.most:g}"
    percentage = ", or a percentage such as '2%'," if budget.is_share else ""
    wanted = f"a number from {budget.least:g}{most}{percentage} was expected"
    plain = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not plain or not isfinite(as_float(limit)):
        raise ConfigError(f"{name} is {limit!r:.60}; {wanted}.")
    if limit < budget.least or (budget.most is not None and limit > budget.most):
        raise ConfigError(f"{name} is {limit:g}; {wanted}.")
    edge = budget.most if budget.at_least else budget.least
    if way != "point" and limit == edge:
        raise ConfigError(
            f"{name} is {limit:g}, which no number of examples can show. Allow a little; "
            "must_not_flip names examples that may never break; decide = 'point' takes the "
            "measured value for the truth."
        )
    return float(limit)
