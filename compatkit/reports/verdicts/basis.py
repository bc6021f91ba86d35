"""Basis: what a verdict rests on, in words."""

from collections.abc import Iterator, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.gate.verdict import Verdict
from compatkit.reports.verdicts.view import brief
from compatkit.reports.view import count_of, describe_scorer, format_count


def describe_basis(comparison: Comparison, *, counted: bool = True) -> str:
    """Say what was compared, and how many answers broke and were repaired.

    Args:
        comparison: one of a verdict's.
        counted: say the counts, where no headline does.
    """
    task = f"{brief(comparison.task)}: " if comparison.task else ""
    names = f"{task}{brief(comparison.old_name)} -> {brief(comparison.new_name)}"
    scorer = brief(describe_scorer(comparison))
    if not counted:
        return f"{names}: {count_of(comparison.counts.total, 'example')}, {scorer}"
    return f"{names}, by {scorer}: {describe_counts([comparison])}"


def describe_counts(comparisons: Sequence[Comparison]) -> str:
    """Say how many answers broke and were repaired."""
    counts = [comparison.counts for comparison in comparisons]
    total = count_of(sum(count.total for count in counts), "example")
    broken = format_count(sum(count.negative_flips for count in counts))
    repaired = format_count(sum(count.positive_flips for count in counts))
    return f"of {total} {broken} broke (negative flips), {repaired} were repaired"


def describe_unanswered(verdict: Verdict, comparison: Comparison) -> Iterator[str]:
    """Say how many examples the old model did not answer, beside what the policy allows.

    They count as wrong before the update, so that they cannot break and hide what would.
    """
    number, total = int(comparison.evidence.unanswered.sum()), comparison.counts.total
    if number:
        allowed = 100 * verdict.max_left_out.get(comparison.task, 0.0)
        yield (
            f"the old model did not answer {number:,} of {count_of(total, 'example')}, which "
            f"cannot break: max_left_out = {allowed:g}%"
        )
