"""Doubts: what is wrong with a policy or its files, though it could be measured.

A verdict warns of each; with `strict` none is let through.
"""

from collections.abc import Sequence

from compatkit.gate.breakable import list_unbreakable
from compatkit.gate.checked_task import CheckedTask
from compatkit.gate.decide import Question
from compatkit.gate.verdict import Decision, Guarded

SOME = 0.01  # share of the examples from which copies are worth a word


def list_doubts(
    tasks: Sequence[CheckedTask],
    questions: Sequence[Question],
    decisions: Sequence[Decision],
    guarded: Sequence[Guarded],
) -> list[str]:
    """Say in sentences what a verdict warns of.

    Args:
        tasks: what was compared.
        questions: the budgets, with the examples that each is decided by.
        decisions: those of these that bounds decide.
        guarded: the must-not-flip examples.
    """
    return [
        *_doubt_files(tasks),
        *list_unbreakable(questions),
        *_doubt_bounds(decisions),
        *_doubt_guarded(guarded),
    ]


def _doubt_files(tasks: Sequence[CheckedTask]) -> list[str]:
    same = [
        f"{task.comparison.old} and {task.comparison.new} hold the same bytes: the candidate is "
        "the baseline itself"
        for task in tasks
        if task.comparison.identical
    ]
    same += [
        f"{task.where}{task.comparison.evidence.repeated:,} examples have the input and references "
        "of another under another id, and count as one each"
        for task in tasks
        if task.comparison.evidence.repeated > SOME * len(task.comparison.pair.ids)
    ]
    return same + [note.text for task in tasks for note in task.comparison.noted if note.doubt]


def _doubt_bounds(decisions: Sequence[Decision]) -> list[str]:
    """Name the budgets that nothing better than a bootstrap decides."""
    names = dict.fromkeys(
        f"{decision.where}: {decision.budget}" if decision.where else decision.budget
        for decision in decisions
        if (decision.method or "").startswith("bootstrap")
    )
    if not names:
        return []
    text = (
        f"the scores have no range, so that a bootstrap decides {', '.join(names)}, which does not "
        "see rare large falls and passes more updates than the level says"
    )
    return [text]


def _doubt_guarded(guarded: Sequence[Guarded]) -> list[str]:
    if not guarded or not all(example.was_wrong for example in guarded):
        return []
    return [
        f"all {len(guarded):,} must-not-flip examples were wrong before, so that none can break"
    ]
