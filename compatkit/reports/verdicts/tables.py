"""Verdict tables: the rows of a gate's decisions and waivers."""

from collections import Counter

from compatkit.gate.policy import ADVISORY, ANYTIME, FAIL, INCONCLUSIVE, PASS
from compatkit.gate.verdict import Decision, Verdict
from compatkit.reports.blocks import Table, Tone
from compatkit.reports.verdicts.view import (
    describe_confidence,
    describe_outcome,
    format_level,
    format_limit,
    format_measured,
    is_approximate,
    name_place,
    name_quantity,
    order_decisions,
    shorten_quantity,
)

MOST_DECISIONS = 20
MOST_WAIVERS = 20
LEAST_TEXT = 13  # as wide as `inconclusive,`
ROUNDING = 1e-9
STATES = {
    "expired": "expired: a flip counts again",
    "used": "used: the flip does not count",
    "unused": "unused: the example did not flip",
}


def decision_table(verdict: Verdict) -> Table:
    """Return the decisions, one a row, those that block first.

    The column of places is left out where all rest on the same examples.
    """
    ordered = order_decisions(verdict.decisions)
    shown = ordered[:MOST_DECISIONS]
    places = any(map(name_place, verdict.decisions))
    header = ["outcome", *(["where"] if places else []), "quantity"]
    texts = len(header)
    header += ["budget", "measured", "at least", "at most", "counted"]
    rows = [
        [
            describe_outcome(each),
            *([name_place(each) or "all examples"] if places else []),
            shorten_quantity(each) if places else name_quantity(each),
            _format_budget(each),
            format_measured(each, each.value),
            format_measured(each, each.low),
            format_measured(each, each.high),
            _format_fraction(each),
        ]
        for each in shown
    ]
    return Table(
        "",
        header,
        rows,
        text_columns=texts,
        note=" ".join(_notes(verdict, ordered[MOST_DECISIONS:], _legend(shown) if places else "")),
        tones=[_tone(each) for each in shown],
        least_text=LEAST_TEXT,
    )


def _format_budget(decision: Decision) -> str:
    if decision.two_sided:
        return format_limit(decision)
    return f"{'>=' if decision.at_least else '<='} {format_limit(decision)}"


def _format_fraction(decision: Decision) -> str:
    if decision.denominator is None:
        return ""
    return f"{decision.numerator:,} / {decision.denominator:,}"


def _tone(decision: Decision) -> Tone:
    if decision.outcome == PASS:
        return Tone.GOOD
    beyond = decision.blocks and decision.counts_as == FAIL
    return Tone.BAD if beyond else Tone.NOTE


def _legend(shown: list[Decision]) -> str:
    """Say what the abbreviations of a crowded table stand for."""
    names = {shorten_quantity(each): name_quantity(each) for each in shown}
    said = [
        f"{short}: {name.removesuffix(f' ({short})')}"
        for short, name in names.items()
        if short != name
    ]
    return f"{'; '.join(said)}." if said else ""


def _notes(verdict: Verdict, hidden: list[Decision], legend: str) -> list[str]:
    """Say how to read the table."""
    said = [legend] if legend else []
    if hidden:
        number = Counter(each.outcome for each in hidden)
        words = {FAIL: "fail", INCONCLUSIVE: "are inconclusive", PASS: "pass"}
        parts = [f"{number[each]:,} more {words[each]}" for each in words if number[each]]
        said.append(f"{', '.join(parts)}; --json has all.")
    if verdict.decide == "point":
        said.append("Decided by the measured value alone, which chance may have moved.")
        return said
    level = format_level(verdict.level)
    said.append(
        "The true value is at least, and at most, what is shown, each with "
        f"{describe_confidence(verdict)}. "
        "Pass: this range is within the budget. Fail: all of it is beyond. Inconclusive: the "
        "budget lies inside it."
    )
    said += _describe_looks(verdict)
    levels = [each for d in verdict.decisions for each in (d.low_level, d.high_level) if each]
    highest = max(levels, default=0.0)
    if 1.0 - highest < (1.0 - verdict.level) / verdict.looks - ROUNDING:
        said.append(
            "Several budgets are decided together: a bound that makes one fail is at up to "
            f"{format_level(highest)} (Holm's correction), so that any fail is right at {level}."
        )
    approximate = {name_quantity(each): None for each in verdict.decisions if is_approximate(each)}
    if approximate:
        said.append(
            "Approximate, by a bootstrap of scores without a range: the bounds of "
            f"{', '.join(approximate)}."
        )
    if any(each.tier == ADVISORY for each in verdict.decisions):
        said.append("Advisory: reported, but never counted.")
    return said


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
    uses = sorted(verdict.waivers, key=lambda each: order.index(each.state))
    tones = {"expired": Tone.NOTE}
    several = any(each.waiver.task for each in uses)
    rows = [
        [
            STATES[each.state],
            *([each.waiver.task] if several else []),
            each.waiver.id,
            each.waiver.reason,
            each.waiver.expires.isoformat(),
        ]
        for each in uses[:MOST_WAIVERS]
    ]
    header = ["waiver", *(["task"] if several else []), "id", "reason", "last day"]
    more = len(uses) - MOST_WAIVERS
    return Table(
        "",
        header,
        rows,
        text_columns=len(header) - 1,
        note=f"{more:,} more; --json has all" if more > 0 else "",
        tones=[tones.get(each.state, Tone.PLAIN) for each in uses[:MOST_WAIVERS]],
    )
