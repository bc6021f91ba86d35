"""Comment: what a pull request shows of a verdict, so that it is decided in five seconds."""

from collections.abc import Iterator

from compatkit.gate.policy import PASS
from compatkit.gate.verdict import Verdict
from compatkit.reports.blocks import Block, Fold, Heading, Line, Tone
from compatkit.reports.verdicts.headline import write_headline
from compatkit.reports.verdicts.layout import (
    TONES,
    any_left_out,
    explain_budgets,
    list_notes,
    show_flips_of,
    show_guarded,
    show_waived,
    show_worst_slice,
    sign_tasks,
    tell_basis,
    tell_doubts,
    tell_left_out,
)
from compatkit.reports.verdicts.tables import decision_table, read_table, waiver_table
from compatkit.reports.verdicts.view import describe_guarded, explain_verdict, order_decisions
from compatkit.reports.view import View, count_of


def lay_out_comment(verdict: Verdict, view: View) -> Iterator[Block]:
    """Yield the blocks of a comment: what decides stands open, the rest is folded.

    Args:
        verdict: the gate's.
        view: what to show.
    """
    yield Heading(write_headline(verdict), 1, TONES[verdict.outcome])
    reasons = explain_verdict(verdict)
    if reasons:
        yield Line(reasons, Tone.STRONG)
    yield from show_guarded(verdict, view)
    ordered = order_decisions(verdict.decisions)
    open_ones = [decision for decision in ordered if decision.outcome != PASS]
    if open_ones:
        yield decision_table(verdict, open_ones)
        yield from tell_doubts(verdict)
    yield from show_worst_slice(verdict)
    yield from list_notes("warning", verdict.warnings)
    yield from list_notes("hint", verdict.hints)
    if any_left_out(verdict):
        yield from tell_left_out(verdict)
    yield from show_flips_of(verdict, view)
    yield from show_waived(verdict, view)
    if verdict.waivers:
        yield Fold(count_of(len(verdict.waivers), "waiver"), (waiver_table(verdict),))
    kept = [decision for decision in ordered if decision.outcome == PASS]
    if kept:
        verb = "is" if len(kept) == 1 else "are"
        yield Fold(f"{count_of(len(kept), 'budget')} {verb} kept", (decision_table(verdict, kept),))
    if view.explain:
        yield Fold("what the budgets mean", tuple(explain_budgets(verdict)))
    yield Fold("how it was compared", tuple(_tell_how(verdict)))


def _tell_how(verdict: Verdict) -> Iterator[Line]:
    yield from tell_basis(verdict)
    if verdict.decisions:
        yield Line(read_table(verdict), Tone.ASIDE)
    if verdict.guarded:
        yield Line(describe_guarded(verdict.guarded), Tone.ASIDE)
    if not any_left_out(verdict):
        yield from tell_left_out(verdict)
    yield from list_notes("note", [note for task in verdict.comparisons for note in task.notes])
    yield from sign_tasks(verdict.comparisons)
