"""Overlap: examples that two tasks share, which a total would count twice.

An example that counts thirty times looks like thirty, and its one flip, or none, is shown with a
certainty that nothing supports.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from compatkit.errors import DataError
from compatkit.gate.checked_task import CheckedTask
from compatkit.pairing.edited import count_of
from compatkit.statistics.binomial import beta_share

NEVER = 1e-6  # what two unlike tasks show so seldom is refused
SELDOM = 0.01  # and doubted, in any two of all tasks
WAY_OUT = (
    "A total counts each example once: take one of the tasks out of the policy, give [total] no "
    'budgets, or say overlap = "keep" under [total] to count shared examples as often as they come.'
)
Key = tuple[int, float, float]


def find_overlap(tasks: Sequence[CheckedTask]) -> list[str]:
    """Say of which tasks nobody can tell whether they share examples.

    Where examples have inputs, one is known by its input and references, whatever its id. Where
    they have none, two tasks share examples if those of one id have the same references and
    results more often than chance would make them.

    Raises:
        DataError: one pair of files under two names, or examples that two tasks share.
    """
    _refuse_twice(tasks)
    _refuse_shared(tasks)
    sides = [(task.policy.name, _keys_without_input(task)) for task in tasks]
    pairs = list(combinations(sides, 2))
    doubts = [_compare_without_inputs(one, other, SELDOM / len(pairs)) for one, other in pairs]
    return [doubt for doubt in doubts if doubt]


def _refuse_twice(tasks: Sequence[CheckedTask]) -> None:
    names: dict[tuple[str, str], str] = {}
    for task in tasks:
        first = names.setdefault(task.comparison.evidence.digests, task.policy.name)
        if first != task.policy.name:
            raise DataError(
                f"total: the tasks {first} and {task.policy.name} are one pair of files, "
                f"{task.comparison.old} and {task.comparison.new}. {WAY_OUT}"
            )


def _refuse_shared(tasks: Sequence[CheckedTask]) -> None:
    """Refuse examples of one input and the same references in two tasks."""
    columns = [np.unique(_contents(task)[task.comparison.evidence.has_input]) for task in tasks]
    numbers = np.repeat(np.arange(len(tasks)), [len(column) for column in columns])
    every = np.concatenate(columns)
    order = np.argsort(every, kind="stable")
    again = np.flatnonzero(every[order][1:] == every[order][:-1])
    if not len(again):
        return
    one, other = (int(numbers[order[again[0] + step]]) for step in (0, 1))
    shared = np.intersect1d(columns[one], columns[other])
    row = int(np.flatnonzero(_contents(tasks[other]) == shared[0])[0])
    raise DataError(
        f"total: the tasks {tasks[one].policy.name} and {tasks[other].policy.name} share "
        f"{count_of(len(shared), 'example')}, by input and references: the first is "
        f"{tasks[other].comparison.pair.ids[row]!r} in {tasks[other].comparison.old}. {WAY_OUT}"
    )


def _contents(task: CheckedTask) -> NDArray[np.int64]:
    contents = task.comparison.evidence.contents
    if contents is None:
        raise ValueError("examples of several tasks are told apart by contents")
    return contents


def _compare_without_inputs(
    one: tuple[str, Mapping[str, Key]], other: tuple[str, Mapping[str, Key]], seldom: float
) -> str:
    """Compare the examples without an input that have an id in common; return a doubt."""
    (name, left), (second, right) = one, other
    ids = left.keys() & right.keys()
    if not ids:
        return ""
    size, alike = len(ids), sum(left[example_id] == right[example_id] for example_id in ids)
    counts = Counter(right[example_id] for example_id in ids)
    expected = sum(counts[left[example_id]] for example_id in ids) / size**2
    p_value = 1.0 if alike == 0 else beta_share(alike, size - alike + 1, expected)
    if p_value < NEVER:
        raise DataError(
            f"total: of {size:,} ids that the tasks {name} and {second} share, {alike:,} have the "
            f"same references and results, and {expected * size:,.0f} were expected of unlike "
            f"tasks: these are the same examples. {WAY_OUT}"
        )
    if alike < size and p_value >= seldom:
        return ""
    return (
        f"total: the tasks {name} and {second} share {size:,} ids, of which {alike:,} have the "
        "same references and results, and no inputs tell whether they are the same examples"
    )


def _keys_without_input(task: CheckedTask) -> Mapping[str, Key]:
    pair, has_input = task.comparison.pair, task.comparison.evidence.has_input
    rows = np.flatnonzero(~has_input).tolist()
    contents = _contents(task)
    return {
        pair.ids[row]: (int(contents[row]), float(pair.old.right[row]), float(pair.new.right[row]))
        for row in rows
    }
