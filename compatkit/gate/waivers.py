"""Waivers: flips that are accepted for a while, with a reason."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

import numpy as np
from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.gate.policy import TaskPolicy, Waiver
from compatkit.gate.verdict import WaiverUse
from compatkit.metrics.pair import JudgedPair, rows_by_value
from compatkit.record import replace

YEAR = timedelta(days=366)


class Waived(Struct, frozen=True):
    """What waivers take out of the decisions.

    Attributes:
        uses: what became of each waiver.
        ids: task to the ids whose flips are accepted.
    """

    uses: tuple[WaiverUse, ...]
    ids: Mapping[str, frozenset[str]]


def apply_waivers(
    waivers: Sequence[Waiver], comparisons: Sequence[Comparison], today: date
) -> Waived:
    """Tell the examples whose negative flip is accepted.

    Such an example counts neither as a flip nor as an example. One that did not flip stays.

    Args:
        waivers: the policy's.
        comparisons: one per task.
        today: the day by which they expire; a waiver holds through its last day.

    Raises:
        ConfigError: a waiver whose task or example no file holds, or whose last day is no date.
    """
    named = {comparison.task: comparison for comparison in comparisons}
    names = {waiver.id for waiver in waivers}
    examples = {
        task: {name for name in comparison.pair.ids if name in names}
        for task, comparison in named.items()
        if waivers
    }
    flipped = {
        task: set(_find_broken(comparison.pair, names))
        for task, comparison in named.items()
        if waivers
    }
    uses = []
    accepted: dict[str, set[str]] = {task: set() for task in named}
    for waiver in waivers:
        task = _task_of(waiver, named)
        if waiver.id not in examples[task]:
            raise ConfigError(
                f"waiver of {waiver.id!r}: no such example in {named[task].old}. Remove the "
                "waiver, or mend its id."
            )
        if type(waiver.expires) is not date:
            raise ConfigError(
                f"waiver of {waiver.id!r}: expires is {waiver.expires!r}; a date was expected."
            )
        state = "used" if waiver.id in flipped[task] else "unused"
        state = "expired" if today > waiver.expires else state
        if state == "used":
            accepted[task].add(waiver.id)
        uses.append(WaiverUse(replace(waiver, task=task), state))
    return Waived(tuple(uses), {task: frozenset(ids) for task, ids in accepted.items()})


def _find_broken(pair: JudgedPair, names: AbstractSet[str]) -> Iterator[str]:
    """Yield those of some examples whose share of right samples fell."""
    fell = pair.fell
    for row, name in enumerate(pair.ids):
        if name in names and fell[row]:
            yield name


def take_waived(pair: JudgedPair, accepted: AbstractSet[str], task: TaskPolicy) -> JudgedPair:
    """Return a task's examples without those whose flips are accepted.

    Args:
        pair: the examples.
        accepted: the ids whose flips are accepted.
        task: what share of the examples may be waived, and which slices have budgets.

    Raises:
        ConfigError: more are waived than may be, of the task, or of a slice more than one; or no
            example is left.
    """
    if not accepted:
        return pair
    total, most, where = len(pair.ids), task.max_waived, task.where
    ways = "Mend the answers, or raise 'max_waived'."
    if len(accepted) > most * total or len(accepted) == total:
        raise ConfigError(
            f"{where}{len(accepted):,} of {total:,} examples are waived; the policy allows a share "
            f"of {most:g}: enough waivers let any update pass. {ways}"
        )
    waived = np.fromiter((example_id in accepted for example_id in pair.ids), np.bool_, total)
    for path in task.slices:
        for value, rows in rows_by_value(pair.attributes[path]).items():
            number = int(waived[rows].sum())
            if number == len(rows) or (number > 1 and number > most * len(rows)):
                raise ConfigError(
                    f"{where}{number:,} of the {len(rows):,} examples with {path} = {value!r} are "
                    f"waived; the policy allows one, or a share of {most:g}, and one has to be "
                    f"left. {ways}"
                )
    return pair.take(np.flatnonzero(~waived))


def doubt_waivers(uses: Sequence[WaiverUse], today: date) -> list[str]:
    """Say which waivers hold for longer than a year, which is to say for good."""
    late = [use.waiver for use in uses if use.waiver.expires - today > YEAR]
    if not late:
        return []
    more = f" ({len(late):,} such waivers)" if len(late) > 1 else ""
    text = (
        f"the waiver of {late[0].id!r} holds until {late[0].expires.isoformat()}, which is more "
        f"than a year away{more}"
    )
    return [text]


def _task_of(waiver: Waiver, named: Mapping[str, Comparison]) -> str:
    if waiver.task in named:
        return waiver.task
    if not waiver.task and len(named) == 1:
        return next(iter(named))
    phrase = f"the task {waiver.task!r}" if waiver.task else "no task"
    raise ConfigError(
        f"waiver of {waiver.id!r}: names {phrase}; one of {', '.join(named)} was expected."
    )
