"""Headline of a verdict: the outcome, and what broke, in counts."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.gate.verdict import Verdict
from compatkit.reports.verdicts.view import is_broken
from compatkit.reports.view import format_count


def write_headline(verdict: Verdict) -> str:
    """Say the outcome, how many answers broke, how many of them must not, how many were repaired.

    With several samples of an example the counts are those to be expected of one sample of each
    model. Where the scorer is continuous, answers fall below its threshold and rise to it.
    """
    tasks = verdict.comparisons
    broken = sum(task.counts.negative_flips for task in tasks)
    right = broken + sum(task.counts.both_right for task in tasks)
    repaired = format_count(sum(task.counts.positive_flips for task in tasks))
    noun, broke, mended = _name_change(tasks)
    sentence = f"{format_count(broken)} of {format_count(right)} {noun} {broke}"
    forbidden = {(example.task, example.id) for example in verdict.guarded if is_broken(example)}
    if forbidden:
        all_of_them = len(forbidden) == broken
        which = "none of which may" if all_of_them else f"{len(forbidden):,} of them must not"
        sentence += f", {which}"
    waived = sum(use.state == "used" for use in verdict.waivers)
    sentence += f", {waived:,} waived" if waived else ""
    return f"{verdict.outcome.upper()}: {sentence}; {repaired} {mended}"


def _name_change(tasks: Sequence[Comparison]) -> tuple[str, str, str]:
    """Return what answers are called, and what became of them."""
    expected = not all(task.pair.single for task in tasks)
    if all(task.continuous for task in tasks):
        fell = "are expected to fall" if expected else "fell"
        return (
            "answers",
            f"{fell} below the threshold",
            "to rise to it" if expected else "rose to it",
        )
    broke = "are expected to break" if expected else "broke"
    drawn = any(task.pair.pass_at is not None for task in tasks)
    return (
        "solved examples" if drawn else "right answers",
        broke,
        "to be repaired" if expected else "repaired",
    )
