"""The page of a verdict: what was decided and why, then every flip, to open and to search."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from compatkit.comparison.comparison import Comparison
from compatkit.gate.verdict import Decision, Verdict
from compatkit.record import replace
from compatkit.reports.blocks import Block, Fold
from compatkit.reports.headline import describe_evidence
from compatkit.reports.page.articles import Flip, draw_flips, find_anchor, find_flips
from compatkit.reports.page.bars import Bar, Scale, bar_of, scale_of
from compatkit.reports.page.cards import make_cards
from compatkit.reports.page.choices import Choices, make_choices
from compatkit.reports.page.comparison_page import describe_basis as describe_pair
from compatkit.reports.page.drawing import draw
from compatkit.reports.tables import metric_table
from compatkit.reports.verdicts.basis import describe_basis
from compatkit.reports.verdicts.headline import write_headline
from compatkit.reports.verdicts.layout import (
    TONES,
    by_harm,
    explain_budgets,
    list_notes,
    show_worst_slice,
    sign_tasks,
    tell_doubts,
    tell_left_out,
    waived_in,
)
from compatkit.reports.verdicts.tables import (
    format_bounds,
    format_budget,
    format_fraction,
    read_table,
    tone_of,
    waiver_table,
)
from compatkit.reports.verdicts.view import (
    brief,
    describe_guarded,
    describe_outcome,
    explain_verdict,
    find_field,
    format_measured,
    is_broken,
    order_decisions,
    place_in,
    shorten_quantity,
)
from compatkit.reports.view import View, count_of

MOST_TASKS = 20
MOST_BUDGETS = 200
GUARDED = "must not flip"


class BudgetRow(Struct, frozen=True):
    """A budget as a row with the measured range drawn against the limit.

    Attributes:
        outcome: in words.
        tone: how it is meant.
        place: the task and the slice.
        tokens: the filters that keep the flips of its examples; empty for those of all.
        quantity: what is limited.
        limit: with its sign.
        measured: the value.
        bounds: what it is at least and at most.
        counted: count and denominator.
        bar: value and bounds, drawn; None where there is no value.
        limits: where the limit stands; two for one on both sides.
        allowed: where what the budget allows begins, and how wide it is.
    """

    outcome: str
    tone: str
    place: str
    tokens: str
    quantity: str
    limit: str
    measured: str
    bounds: str
    counted: str
    bar: Bar | None
    limits: Sequence[float]
    allowed: tuple[float, float]


class BrokenRow(Struct, frozen=True):
    """A must-not-flip example that broke.

    Attributes:
        name: its id.
        anchor: where all of it is shown.
        task: the task's name.
        named: what named it.
        question: how it begins.
        answers: what was expected, what the old model said, and the new one.
    """

    name: str
    anchor: str
    task: str
    named: str
    question: str
    answers: tuple[str, str, str]


def render_html(verdict: Verdict, view: View | None = None) -> str:
    """Return the HTML report of a gate, one file that loads nothing: the verdict, every flip.

    Args:
        verdict: the gate's.
        view: how many flips are shown, and whether the budgets are explained.
    """
    view = view or View()
    several = len(verdict.comparisons) > 1
    choices = make_choices(verdict.comparisons, _find_slices(verdict))
    flips = (_remark(flip, verdict) for flip in find_flips(verdict.comparisons, choices))
    ordered = order_decisions(verdict.decisions)
    outcome, _, counts = write_headline(verdict).partition(": ")
    return draw(
        "verdict.html",
        outcome=outcome,
        tone=TONES[verdict.outcome].value,
        counts=counts,
        reasons=explain_verdict(verdict),
        title=_name_files(verdict.comparisons),
        policy=verdict.policy or verdict.name,
        files="" if several else describe_pair(verdict.comparisons),
        basis=_describe_tasks(verdict.comparisons) if several else [],
        sentences=[] if several else describe_evidence(verdict.comparisons[0]),
        cards_of=[] if several else make_cards(verdict.comparisons[0]),
        broken=_list_broken(verdict, choices),
        guarded=describe_guarded(verdict.guarded) if verdict.guarded else "",
        field=find_field(verdict),
        budgets=list(_lay_out_budgets(verdict, ordered[:MOST_BUDGETS], choices)),
        rules=[read_table(verdict)],
        doubts=list(_lay_out_doubts(verdict)),
        waivers=[waiver_table(verdict)] if verdict.waivers else [],
        left_out=[line.text for line in tell_left_out(verdict)],
        notes=list(_lay_out_notes(verdict)),
        numbers=list(_lay_out_numbers(verdict.comparisons)),
        flips=draw_flips(verdict.comparisons, flips, choices, view),
        foot=[
            Fold("what the budgets mean", list(explain_budgets(verdict))),
            Fold(
                "signatures: verdicts with the same ones are comparable",
                list(sign_tasks(verdict.comparisons)),
            ),
        ],
    )


def _describe_tasks(comparisons: Sequence[Comparison]) -> list[str]:
    lines = [describe_basis(task) for task in comparisons[:MOST_TASKS]]
    more = len(comparisons) - len(lines)
    return [*lines, f"and {count_of(more, 'more task')}"] if more else lines


def _name_files(comparisons: Sequence[Comparison]) -> str:
    names = dict.fromkeys(
        f"{brief(one.old_name)} \u2192 {brief(one.new_name)}" for one in comparisons
    )
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return f"{next(iter(names), '')}{more}"


def _remark(flip: Flip, verdict: Verdict) -> Flip:
    """Say of a flip what the policy has to say of its example."""
    task, name = flip.comparison.task, flip.example.id
    if flip.example.kind != "negative":
        return flip
    if waiver := waived_in(verdict, flip.comparison).get(name):
        reason = f"waived until {waiver.expires.isoformat()}: {waiver.reason}"
        return replace(flip, remark=reason)
    guarded = [one for one in verdict.guarded if (one.task, one.id) == (task, name)]
    if any(map(is_broken, guarded)):
        return replace(flip, remark=GUARDED)
    return flip


def _list_broken(verdict: Verdict, choices: Choices) -> list[BrokenRow]:
    anchors = {
        (example.task, example.id): find_anchor(comparison, example.id, choices)
        for comparison in verdict.comparisons
        for example in verdict.guarded
        if example.task == comparison.task
    }
    return [
        BrokenRow(
            example.id,
            anchors.get((example.task, example.id), ""),
            example.task,
            "" if example.named == "id" else example.named,
            example.flip.input or "",
            (
                " / ".join(example.flip.references),
                _answer(example.flip.old_prediction),
                _answer(example.flip.new_prediction),
            ),
        )
        for example in sorted(filter(is_broken, verdict.guarded), key=by_harm)
        if example.flip is not None
    ]


def _answer(text: str | None) -> str:
    return "(no answer)" if text is None else text


def _lay_out_budgets(
    verdict: Verdict, decisions: Sequence[Decision], choices: Choices
) -> Iterator[BudgetRow]:
    """Yield the rows of the budgets; those of one quantity are drawn on one scale."""
    scales = {
        budget: _find_scale([one for one in decisions if one.budget == budget])
        for budget in dict.fromkeys(decision.budget for decision in decisions)
    }
    field = find_field(verdict)
    for decision in decisions:
        place = decision.slice if field else place_in(verdict, decision)
        scale = scales[decision.budget]
        yield BudgetRow(
            describe_outcome(decision),
            tone_of(decision).value,
            place or "all examples",
            " ".join(_find_tokens(decision, choices)),
            shorten_quantity(decision),
            format_budget(decision),
            format_measured(decision, decision.value),
            decision.reason if decision.value is None else format_bounds(decision),
            format_fraction(decision),
            bar_of(scale, decision.value, (decision.low, decision.high)),
            [scale.place(limit) for limit in _list_limits(decision)],
            _allow(decision, scale),
        )


def _find_scale(decisions: Sequence[Decision]) -> Scale:
    ends = [end for one in decisions for end in (one.value, one.low, one.high, *_list_limits(one))]
    return scale_of(ends if decisions[0].at_least else [0.0, *ends])


def _list_limits(decision: Decision) -> list[float]:
    return [-decision.limit, decision.limit] if decision.two_sided else [decision.limit]


def _find_slices(verdict: Verdict) -> dict[str, list[str]]:
    """Return the values of each field of which a slice has a budget, the worst slices first."""
    slices: dict[str, list[str]] = {}
    for decision in order_decisions(verdict.decisions):
        if decision.field:
            slices.setdefault(decision.field, []).append(decision.slice)
    return slices


def _find_tokens(decision: Decision, choices: Choices) -> Iterator[str]:
    if len(choices.task.tokens) > 1 and decision.task in choices.task.tokens:
        yield choices.task.tokens[decision.task]
    if decision.field:
        yield choices.slices[decision.field].tokens[decision.slice]


def _allow(decision: Decision, scale: Scale) -> tuple[float, float]:
    low, high = 0.0, 100.0
    if decision.two_sided:
        low, high = scale.place(-decision.limit), scale.place(decision.limit)
    elif decision.at_least:
        low = scale.place(decision.limit)
    else:
        high = scale.place(decision.limit)
    return low, round(high - low, 2)


def _lay_out_doubts(verdict: Verdict) -> Iterator[Block]:
    if len(verdict.decisions) > 1:  # the heading says it of a single one
        yield from tell_doubts(verdict)
    yield from show_worst_slice(verdict)


def _lay_out_notes(verdict: Verdict) -> Iterator[Block]:
    yield from list_notes("warning", verdict.warnings)
    yield from list_notes("hint", verdict.hints)
    notes = [note for comparison in verdict.comparisons for note in comparison.notes]
    yield from list_notes("note", [note for note in notes if note not in verdict.warnings])


def _lay_out_numbers(comparisons: Sequence[Comparison]) -> Iterator[Block]:
    for comparison in comparisons[:MOST_TASKS]:
        name = f" of {brief(comparison.task)}" if comparison.task else ""
        yield Fold(f"every metric{name}, with its interval", [metric_table(comparison)])
