"""Verdict layout: what the readable reports show of a gate's verdict, in order."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from compatkit.comparison.comparison import Comparison
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import FAIL, INCONCLUSIVE, PASS, Waiver
from compatkit.gate.verdict import Decision, Guarded, Verdict
from compatkit.metrics.metric import name_average
from compatkit.reports.blocks import Block, Explanation, FlipList, Fold, Heading, Line, Tone
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.basis import describe_basis, describe_counts, describe_unanswered
from compatkit.reports.verdicts.headline import write_headline
from compatkit.reports.verdicts.tables import decision_table, waiver_table
from compatkit.reports.verdicts.view import (
    brief,
    count_settling,
    count_shown,
    describe_decision,
    describe_doubt,
    describe_guarded,
    describe_settling,
    explain_verdict,
    find_field,
    is_approximate,
    is_broken,
    measure_excess,
    name_place,
    name_quantity,
    order_decisions,
    place_in,
)
from compatkit.reports.view import NOTHING_LEFT_OUT, View, count_of, describe_order, left_out

if TYPE_CHECKING:
    from compatkit.comparison.examples import FlippedExample, FlippedExamples

MOST_TASKS = 5
MOST_DOUBTS = 5
MOST_LINES = 20
NOTE_LIMIT = 1000
TONES = {PASS: Tone.GOOD, FAIL: Tone.BAD, INCONCLUSIVE: Tone.NOTE}


def lay_out_verdict(verdict: Verdict, view: View) -> Iterator[Block]:
    """Yield the blocks of a gate's report.

    Args:
        verdict: the gate's.
        view: what to show.
    """
    yield Heading(write_headline(verdict), 1, TONES[verdict.outcome])
    reasons = explain_verdict(verdict)
    if reasons:
        yield Line(reasons)
    yield from tell_basis(verdict)
    if verdict.decisions:
        yield decision_table(verdict)
    if len(verdict.decisions) > 1:  # what stands first says it of a single one
        yield from tell_doubts(verdict)
    yield from list_notes("warning", verdict.warnings)
    yield from list_notes("hint", verdict.hints)
    if verdict.guarded:
        yield Line(describe_guarded(verdict.guarded), Tone.ASIDE)
    yield from _look_first(verdict, view)
    if verdict.waivers:
        yield waiver_table(verdict)
    if view.explain:
        yield Fold("what the budgets mean", tuple(explain_budgets(verdict)))
    yield from tell_left_out(verdict)
    yield from list_notes(
        "note", [note for comparison in verdict.comparisons for note in comparison.notes]
    )
    yield _sign_briefly(verdict.comparisons)


def _sign_briefly(comparisons: Sequence[Comparison]) -> Line:
    """Give the signatures so short that people can hold two against each other."""
    short = [comparison.short_signature for comparison in comparisons[:MOST_TASKS]]
    more = len(comparisons) - len(short)
    listed = ", ".join([*short, *([f"and {more:,} more"] if more else [])])
    noun, them = ("signature", "it") if len(comparisons) == 1 else ("signatures", "them")
    return Line(f"{noun}: {listed}; --json shows {them} in full", Tone.FAINT)


def list_notes(kind: str, notes: Sequence[str]) -> Iterator[Line]:
    """Yield notes, each once, long ones cut."""
    every = list(dict.fromkeys(notes))
    for note in every[:MOST_LINES]:
        yield Line(f"{kind}: {visible(note, NOTE_LIMIT)}", Tone.NOTE)
    yield from _say_more(len(every), kind)


def _say_more(number: int, what: str) -> Iterator[Line]:
    if number > MOST_LINES:
        yield Line(f"and {count_of(number - MOST_LINES, f'more {what}')}; --json has all")


def tell_basis(verdict: Verdict) -> Iterator[Line]:
    """Say what was compared, and by which policy."""
    tasks = verdict.comparisons
    if len(tasks) <= MOST_TASKS:
        counted = len(tasks) > 1  # the headline counts all together
        yield from (Line(describe_basis(task, counted=counted)) for task in tasks)
    else:
        yield Line(f"{count_of(len(tasks), 'task')}: {describe_counts(tasks)}")
    if verdict.policy or verdict.name:
        name = f" ({brief(verdict.name)})" if verdict.policy and verdict.name else ""
        yield Line(f"policy: {brief(verdict.policy or verdict.name)}{name}")


def tell_doubts(verdict: Verdict) -> Iterator[Line]:
    """Say of each inconclusive or undefined decision why, and what would settle it."""
    doubtful = [
        decision
        for decision in order_decisions(verdict.decisions)
        if decision.outcome == INCONCLUSIVE or decision.value is None
    ]
    settled = [one for one in doubtful if one.more_examples is not None and not one.reason]
    others = [one for one in doubtful if one not in settled]
    yield from _tell_settling(verdict, settled)
    for decision in others[:MOST_DOUBTS]:
        parts = [visible(decision.reason, NOTE_LIMIT)] if decision.reason else []
        parts += [describe_doubt(decision, verdict)] if decision.outcome == INCONCLUSIVE else []
        if parts:
            yield Line(f"{_name_doubtful(decision)}: {'; '.join(parts)}", Tone.ASIDE)
    if len(others) > MOST_DOUBTS:
        yield Line(f"and {len(others) - MOST_DOUBTS:,} more; --json has all", Tone.ASIDE)


def _tell_settling(verdict: Verdict, settled: Sequence[Decision]) -> Iterator[Line]:
    """Say in one sentence how many examples would settle each of these."""
    if len(settled) == 1:
        doubt = describe_doubt(settled[0], verdict)
        yield Line(f"{_name_doubtful(settled[0])}: {doubt}", Tone.ASIDE)
    elif settled:
        shown = settled[:MOST_DOUBTS]
        names = _name_apart(verdict, shown)
        numbers = [
            f"{name} {count_settling(one, verdict):,}"
            for name, one in zip(names, shown, strict=True)
        ]
        numbers += [f"and {len(settled) - len(shown):,} more"] if len(settled) > len(shown) else []
        noun, how, rest = describe_settling(verdict)
        sentence = f"about so many {noun}s{how} would settle these{rest}"
        yield Line(f"{sentence}: {', '.join(numbers)}", Tone.ASIDE)


def _name_apart(verdict: Verdict, decisions: Sequence[Decision]) -> list[str]:
    """Name each decision by no more than what tells it from the others."""
    if len({decision.budget for decision in decisions}) > 1:
        return [f"{_name_doubtful(decision)}:" for decision in decisions]
    if find_field(verdict) and all(decision.field for decision in decisions):
        return [brief(decision.slice) for decision in decisions]
    return [f"{place_in(verdict, decision) or 'all examples'}:" for decision in decisions]


def _name_doubtful(decision: Decision) -> str:
    place = name_place(decision)
    return f"{place}: {name_quantity(decision)}" if place else name_quantity(decision)


def _look_first(verdict: Verdict, view: View) -> Iterator[Block]:
    blocks: list[Block] = [*show_guarded(verdict, view), *show_worst_slice(verdict)]
    blocks += show_flips_of(verdict, view)
    if blocks:
        yield Heading("look at first", 2)
        yield from blocks
    yield from show_waived(verdict, view)


def show_guarded(verdict: Verdict, view: View) -> Iterator[FlipList]:
    """Show the must-not-flip examples that broke."""
    broken = sorted(filter(is_broken, verdict.guarded), key=by_harm)
    shown = [example for example in broken if example.flip is not None][: view.show_flips or 0]
    if not shown:
        return
    several = len(verdict.comparisons) > 1
    title = f"{count_shown(len(shown), len(broken), 'must-not-flip example')} that broke"
    yield FlipList(
        title,
        [example.flip for example in shown if example.flip is not None],
        [
            _join(example.task if several else "", "" if example.named == "id" else example.named)
            for example in shown
        ],
    )


def by_harm(example: Guarded) -> float:
    """Return what sorts must-not-flip examples, the largest fall of score first."""
    return 0.0 if example.flip is None else -round(example.flip.harm, 12)


def show_worst_slice(verdict: Verdict) -> Iterator[Line]:
    """Name the slice that is the furthest beyond its budget, or the nearest to it.

    It was picked after all were seen: a bound by which it passes, or may, is that of one slice.
    """
    sliced = [decision for decision in verdict.decisions if decision.field]
    if not sliced:
        return
    worst = max(sliced, key=lambda one: (one.blocks, one.outcome == FAIL, measure_excess(one)))
    number = len({(decision.task, decision.field, decision.slice) for decision in sliced})
    sentence = f"worst slice{f' of {number:,}' if number > 1 else ''}: "
    sentence += describe_decision(worst, verdict, advised=False)
    if number > 1 and worst.outcome != FAIL and verdict.decide != "point":
        sentence += f". These bounds are for one slice, not for one picked from {number:,}"
    yield Line(sentence)


def show_flips_of(verdict: Verdict, view: View) -> Iterator[Block]:
    """Show the negative flips, the largest fall of score first, the old file's order among equals.

    Those that a waiver accepts, and the broken must-not-flip examples, are shown by themselves.
    """
    from compatkit.comparison.examples import take_worst  # noqa: PLC0415  (start-up time)

    apart = {(example.task, example.id) for example in verdict.guarded if is_broken(example)}
    tasks, flips = [comparison.task for comparison in verdict.comparisons], []
    for comparison in verdict.comparisons:
        waived = waived_in(verdict, comparison)
        negative = _negative(comparison)
        shown_apart = {name for task, name in apart if task == comparison.task}
        left = np.ones(len(negative), np.bool_)
        left[negative.find(waived.keys() | shown_apart)] = False
        flips.append(negative.take(np.flatnonzero(left)))
    shown = take_worst(flips, view.show_flips or 0)
    if not shown:
        return
    noun = f"{'further ' if apart else ''}negative flip"
    count = count_shown(len(shown), sum(map(len, flips)), noun)
    remarks = [brief(tasks[owner]) if len(tasks) > 1 else "" for owner, _ in shown]
    yield Fold(
        f"{count}, {describe_order(flips)}",
        (FlipList("", [example for _, example in shown], remarks),),
    )


def show_waived(verdict: Verdict, view: View) -> Iterator[Block]:
    """Show the flips that a waiver accepts."""
    examples: list[FlippedExample] = []
    remarks: list[str] = []
    total = 0
    for comparison in verdict.comparisons:
        waived = waived_in(verdict, comparison)
        negative = _negative(comparison)
        held = negative.find(waived)
        total += len(held)
        room = (view.show_flips or 0) - len(examples)
        for example in negative.take(held).by_harm(by_slice=False)[:room]:
            waiver = waived[example.id]
            until = f"waived until {waiver.expires.isoformat()}: {waiver.reason}"
            examples.append(example)
            remarks.append(_join(comparison.task if len(verdict.comparisons) > 1 else "", until))
    if examples:
        what = count_shown(len(examples), total, "waived flip")
        title = f"{what}, which {'does' if total == 1 else 'do'} not count"
        yield Fold(title, (FlipList("", examples, remarks),))


def _negative(comparison: Comparison) -> "FlippedExamples":
    from compatkit.comparison.examples import FlippedExamples  # noqa: PLC0415  (start-up time)

    examples = comparison.examples
    return FlippedExamples.of(()) if examples is None else examples.of_kind("negative")


def waived_in(verdict: Verdict, comparison: Comparison) -> dict[str, Waiver]:
    """Return the waivers that accept a flip of this task, by the example's id."""
    return {
        use.waiver.id: use.waiver
        for use in verdict.waivers
        if use.state == "used" and use.waiver.task in {"", comparison.task}
    }


def _join(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def explain_budgets(verdict: Verdict) -> Iterator[Explanation | Line]:
    """Say what the budgets mean, and which bounds are approximate."""
    limited = {(decision.budget, decision.label): decision for decision in verdict.decisions}
    for (name, label), decision in limited.items():
        meaning = name_average(BUDGETS[name].meaning, decision.pass_at)
        yield Explanation(label, meaning, name)
    by_interval = verdict.decide != "point"
    approximate = filter(is_approximate, verdict.decisions if by_interval else ())
    bootstrapped = {decision.budget: name_quantity(decision) for decision in approximate}
    for quantity in bootstrapped.values():
        yield Line(
            f"approximate: the bounds of {quantity} are a bootstrap's, since the scores "
            "have no range, so that a pass or a fail may be wrong more often than stated.",
            Tone.ASIDE,
        )


def tell_left_out(verdict: Verdict) -> Iterator[Line]:
    """Say what was left out, counted as wrong or cannot break, of several tasks where any was."""
    comparisons = verdict.comparisons
    several = len(comparisons) > 1
    sentences = [
        f"{brief(comparison.task)}: {sentence}" if several else sentence
        for comparison in comparisons
        for sentence in (
            *left_out([comparison], nothing=not several),
            *describe_unanswered(verdict, comparison),
        )
    ]
    yield from (Line(sentence) for sentence in (sentences or [NOTHING_LEFT_OUT])[:MOST_LINES])
    yield from _say_more(len(sentences), "line")


def any_left_out(verdict: Verdict) -> bool:
    """Whether something was left out, counted as wrong, or cannot break."""
    return any(
        left_out([comparison], nothing=False) or any(describe_unanswered(verdict, comparison))
        for comparison in verdict.comparisons
    )


def sign_tasks(comparisons: Sequence[Comparison]) -> Iterator[Line]:
    """Give the signatures."""
    for comparison in comparisons[:MOST_LINES]:
        where = f" of {brief(comparison.task)}" if comparison.task else ""
        yield Line(f"signature{where}: {comparison.signature}", Tone.FAINT, whole=True)
    yield from _say_more(len(comparisons), "signature")
