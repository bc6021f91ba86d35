"""Verdict tables: the rows of a gate's decisions and waivers."""

from collections import Counter
from collections.abc import Iterator, Sequence

from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import ADVISORY, ANYTIME, FAIL, INCONCLUSIVE, PASS
from compatkit.gate.verdict import Decision, Verdict
from compatkit.reports.blocks import Table, Tone
from compatkit.reports.verdicts.view import (
    describe_confidence,
    describe_outcome,
    find_field,
    format_level,
    format_limit,
    format_measured,
    is_approximate,
    name_quantity,
    order_decisions,
    place_in,
    shorten_quantity,
)
from compatkit.reports.view import DASH, SIGNS

MOST_DECISIONS = 20
MOST_WAIVERS = 20
LEAST_TEXT = 13  # as wide as `inconclusive,`
ROUNDING = 1e-9
STATES = {
    "expired": "expired: a flip counts again",
    "used": "used: the flip does not count",
    "unused": "unused: the example did not flip",
}


def decision_table(verdict: Verdict, chosen: Sequence[Decision] | None = None) -> Table:
    """Return decisions, one a row, those that block first.

    The column of places is left out where all rest on the same examples; one quantity of several
    places heads the column of what was measured.

    Args:
        verdict: the gate's.
        chosen: those to show; all, with how to read them below, if not given.
    """
    ordered = order_decisions(verdict.decisions) if chosen is None else list(chosen)
    shown, hidden = ordered[:MOST_DECISIONS], ordered[MOST_DECISIONS:]
    places = any(place_in(verdict, decision) for decision in verdict.decisions)
    one = places and len({decision.budget for decision in verdict.decisions}) == 1
    columns = dict(_texts(verdict, shown, places=places, one=one))
    texts = len(columns)
    measured = shorten_quantity(verdict.decisions[0]) if one else "measured"
    columns |= {
        "budget": [format_budget(decision) for decision in shown],
        measured: [format_measured(decision, decision.value) for decision in shown],
        "between": [format_bounds(decision) for decision in shown],
        "counted": [format_fraction(decision) for decision in shown],
    }
    notes = _count_hidden(hidden) if chosen is not None else [read_table(verdict)]
    return Table(
        "",
        list(columns),
        [list(row) for row in zip(*columns.values(), strict=True)],
        text_columns=texts,
        note=" ".join(notes),
        tones=[tone_of(decision) for decision in shown],
        least_text=LEAST_TEXT,
        spare=1,
    )


def _texts(
    verdict: Verdict, shown: Sequence[Decision], *, places: bool, one: bool
) -> Iterator[tuple[str, list[str]]]:
    """Yield the columns of texts."""
    yield "outcome", [describe_outcome(decision) for decision in shown]
    if places:
        field = find_field(verdict)
        yield (
            field or "where",
            [
                (decision.slice if field else place_in(verdict, decision)) or "all examples"
                for decision in shown
            ],
        )
    if not one:
        name = shorten_quantity if places else name_quantity
        yield "quantity", [name(decision) for decision in shown]


def read_table(verdict: Verdict) -> str:
    """Say how to read the table of all decisions."""
    ordered = order_decisions(verdict.decisions)
    shown, hidden = ordered[:MOST_DECISIONS], ordered[MOST_DECISIONS:]
    places = any(place_in(verdict, decision) for decision in verdict.decisions)
    return " ".join(_notes(verdict, hidden, _legend(shown) if places else ""))


def format_bounds(decision: Decision) -> str:
    """Write both bounds, the unit once."""
    if decision.low is None and decision.high is None:
        return DASH
    low, high = (format_measured(decision, bound) for bound in (decision.low, decision.high))
    sign = SIGNS.get(BUDGETS[decision.budget].unit, "")
    return f"{low.removesuffix(sign) if decision.high is not None else low} to {high}"


def format_budget(decision: Decision) -> str:
    """Write a limit with its sign."""
    if decision.two_sided:
        return format_limit(decision)
    return f"{'>=' if decision.at_least else '<='} {format_limit(decision)}"


def format_fraction(decision: Decision) -> str:
    """Write the count and the denominator of a proportion."""
    if decision.denominator is None:
        return ""
    return f"{decision.numerator:,} / {decision.denominator:,}"


def tone_of(decision: Decision) -> Tone:
    """Return how an outcome is meant: a fail that does not block is no more than a note."""
    if decision.outcome == PASS:
        return Tone.GOOD
    beyond = decision.blocks and decision.counts_as == FAIL
    return Tone.BAD if beyond else Tone.NOTE


def _legend(shown: list[Decision]) -> str:
    """Say what the abbreviations of a crowded table stand for."""
    names = {shorten_quantity(decision): name_quantity(decision) for decision in shown}
    meanings = [
        f"{short}: {name.removesuffix(f' ({short})')}"
        for short, name in names.items()
        if short != name
    ]
    return f"{'; '.join(meanings)}." if meanings else ""


def _notes(verdict: Verdict, hidden: list[Decision], legend: str) -> list[str]:
    """Say how to read the table."""
    sentences = [legend] if legend else []
    sentences += _count_hidden(hidden)
    if verdict.decide == "point":
        sentences.append("Decided by the measured value alone, which chance may have moved.")
        return sentences
    level = format_level(verdict.level)
    sentences.append(
        "The true value is at least, and at most, what stands under 'between', each with "
        f"{describe_confidence(verdict)}. "
        "Pass: this range is within the budget. Fail: all of it is beyond. Inconclusive: the "
        "budget lies inside it."
    )
    sentences += _describe_looks(verdict)
    bounds = [(decision.low_level, decision.high_level) for decision in verdict.decisions]
    highest = max((at for levels in bounds for at in levels if at), default=0.0)
    if 1.0 - highest < (1.0 - verdict.level) / verdict.looks - ROUNDING:
        sentences.append(
            "Several budgets are decided together: a bound that makes one fail is at up to "
            f"{format_level(highest)} (Holm's correction), so that any fail is right at {level}."
        )
    approximate = {
        name_quantity(decision): None for decision in verdict.decisions if is_approximate(decision)
    }
    if approximate:
        sentences.append(
            "Approximate, by a bootstrap of scores without a range: the bounds of "
            f"{', '.join(approximate)}."
        )
    if any(decision.tier == ADVISORY for decision in verdict.decisions):
        sentences.append("Advisory: reported, but never counted.")
    return sentences


def _count_hidden(hidden: Sequence[Decision]) -> list[str]:
    if not hidden:
        return []
    number = Counter(decision.outcome for decision in hidden)
    words = {FAIL: "fail", INCONCLUSIVE: "are inconclusive", PASS: "pass"}
    parts = [f"{number[outcome]:,} more {words[outcome]}" for outcome in words if number[outcome]]
    return [f"{', '.join(parts)}; --json has all."]


def _describe_looks(verdict: Verdict) -> list[str]:
    """Say what may be done after this look."""
    if verdict.decide == ANYTIME:
        return ["Examples may be added, and the gate asked again, until it is settled."]
    if verdict.looks == 1:
        return []
    share = format_level(1.0 - (1.0 - verdict.level) / verdict.looks)
    looks = f"This is one of {verdict.looks:,} looks, each by bounds at {share}"
    return [f"{looks}; examples may be added between them."]


def waiver_table(verdict: Verdict) -> Table:
    """Return the waivers, expired ones first."""
    order = list(STATES)
    uses = sorted(verdict.waivers, key=lambda use: order.index(use.state))
    tones = {"expired": Tone.NOTE}
    several = any(use.waiver.task for use in uses)
    rows = [
        [
            STATES[use.state],
            *([use.waiver.task] if several else []),
            use.waiver.id,
            use.waiver.reason,
            use.waiver.expires.isoformat(),
        ]
        for use in uses[:MOST_WAIVERS]
    ]
    header = ["waiver", *(["task"] if several else []), "id", "reason", "last day"]
    more = len(uses) - MOST_WAIVERS
    return Table(
        "",
        header,
        rows,
        text_columns=len(header) - 1,
        note=f"{more:,} more; --json has all" if more > 0 else "",
        tones=[tones.get(use.state, Tone.PLAIN) for use in uses[:MOST_WAIVERS]],
    )
