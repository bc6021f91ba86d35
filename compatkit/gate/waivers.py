"""Waivers: flips that are accepted for a while, with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from compatkit.arrays import IntArray
from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.gate.policy import Waiver
from compatkit.gate.verdict import WaiverUse


@dataclass(frozen=True, slots=True)
class Waived:
    """What waivers take out of the decisions.

    Attributes:
        uses: what became of each waiver.
        rows: per task, the rows that are left; None for all.
        ids: task to the ids whose flips are accepted.
    """

    uses: tuple[WaiverUse, ...]
    rows: tuple[IntArray | None, ...]
    ids: Mapping[str, frozenset[str]]


def apply_waivers(
    waivers: Sequence[Waiver], comparisons: Sequence[Comparison], today: date
) -> Waived:
    """Take the examples whose negative flip is accepted out of the decisions.

    Such an example counts neither as a flip nor as an example. One that did not flip stays.

    Args:
        waivers: the policy's.
        comparisons: one per task, with the flipped examples.
        today: the day by which they expire; a waiver holds through its last day.

    Raises:
        ConfigError: a waiver whose task or example no file holds.
    """
    named = {each.task: each for each in comparisons}
    known = {task: set(each.pair.ids) for task, each in named.items() if waivers}
    flipped = {
        task: {each.id for each in comparison.examples or () if each.kind == "negative"}
        for task, comparison in named.items()
    }
    uses = []
    accepted: dict[str, set[str]] = {task: set() for task in named}
    for waiver in waivers:
        task = _task_of(waiver, named)
        if waiver.id not in known[task]:
            raise ConfigError(
                f"waiver of {waiver.id!r}: no such example in {named[task].old}. Remove the "
                "waiver, or mend its id."
            )
        state = "used" if waiver.id in flipped[task] else "unused"
        state = "expired" if today > waiver.expires else state
        if state == "used":
            accepted[task].add(waiver.id)
        uses.append(WaiverUse(replace(waiver, task=task), state))
    rows = tuple(_rows_left(named[each.task], accepted[each.task]) for each in comparisons)
    return Waived(tuple(uses), rows, {task: frozenset(ids) for task, ids in accepted.items()})


def _task_of(waiver: Waiver, named: Mapping[str, Comparison]) -> str:
    if waiver.task in named:
        return waiver.task
    if not waiver.task and len(named) == 1:
        return next(iter(named))
    found = f"the task {waiver.task!r}" if waiver.task else "no task"
    raise ConfigError(
        f"waiver of {waiver.id!r}: names {found}; one of {', '.join(named)} was expected."
    )


def _rows_left(comparison: Comparison, accepted: set[str]) -> IntArray | None:
    if not accepted:
        return None
    left = [row for row, each in enumerate(comparison.pair.ids) if each not in accepted]
    return np.array(left, np.int64)
