"""Found slices: where broken answers gather, as the readable reports say it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compatkit.comparison.comparison import Comparison
from compatkit.reports.blocks import Line, Table
from compatkit.reports.hostile import visible
from compatkit.reports.view import DASH, count_of, format_count, format_number, format_p

if TYPE_CHECKING:
    from compatkit.metrics.found_slices import FoundSlice, FoundSlices

TITLE = "where broken answers gather"
NOTHING = "Nothing gathers more than chance would show"
MOST_QUESTION = 120  # characters of an example's question
MOST_ASIDE = 8
SOME = 0.01  # share of the examples from which copies are worth a word


def lay_out_found(comparison: Comparison) -> Iterator[Line | Table]:
    """Yield the slices that were found with an example of each, or that there are none."""
    outcome = comparison.found_slices
    if outcome is None:
        return
    if outcome.gathered:
        yield _make_table(outcome)
        yield from (Line(describe_loss(comparison, part)) for part in outcome.gathered)
    else:
        yield Line(f"{TITLE}: {describe_nothing(outcome)}")
    yield from (Line(text) for text in _describe_aside(outcome))


def describe_where(comparison: Comparison) -> str:
    """Return the sentence that stands first in a report; empty where none was asked for."""
    outcome = comparison.found_slices
    if outcome is None:
        return ""
    if not outcome.gathered:
        return "There is too little to find slices by." if outcome.reason else f"{NOTHING}."
    part = outcome.gathered[0]
    further = len(outcome.gathered) - 1
    more = f", and in {count_of(further, 'further slice')}" if further else ""
    return (
        f"Broken answers gather where {part.name}: {_share(part.nfr)} broke there, "
        f"{_share(part.nfr_outside)} elsewhere ({_write_p(part)}){more}."
    )


def describe_nothing(outcome: "FoundSlices") -> str:
    """Say that no slice was found, and how many were looked at."""
    if outcome.reason:
        return f"not searched: {outcome.reason}"
    looked = f"{count_of(outcome.looked_at, 'slice')} on one half of the examples"
    if not outcome.tested:
        return f"nothing more than chance would show: of {looked} none was worth a test"
    least = min(part.p_adjusted for part in outcome.tested)
    tested = f"{len(outcome.tested):,} tested on the other half, smallest p"
    return (
        f"nothing more than chance would show: of {looked} {tested} "
        f"{'' if least < 1e-4 else '= '}{format_p(least)}"  # noqa: PLR2004
    )


def describe_loss(comparison: Comparison, part: "FoundSlice") -> str:
    """Say what share of the right answers broke in a slice, and name one that did."""
    text = (
        f"{part.name}: of the answers that were right before, {_share(part.lost)} broke there and "
        f"{_share(part.lost_outside)} elsewhere"
    )
    if not part.example:
        return text
    question = _find_question(comparison, part.example)
    return f"{text}; such as {visible(part.example, 60)}{question}"


def _find_question(comparison: Comparison, example: str) -> str:
    """Return the beginning of an example's question, where the flips were kept."""
    flips = comparison.examples
    if flips is None:
        return ""
    question = next((flip.input for flip in flips.take(flips.find({example})[:1])), None)
    text = " ".join((question or "").split())
    end = " ..." if len(text) > MOST_QUESTION else ""
    return f": {text[:MOST_QUESTION]}{end}" if text else ""


def _make_table(outcome: "FoundSlices") -> Table:
    rows = [
        (
            part.name,
            f"{part.size:,}",
            format_count(part.broken),
            _share(part.nfr),
            _share(part.nfr_outside),
            format_number(part.lift.value, "ratio", digits=2),
            _write_limits(part),
            format_p(part.p_adjusted),
        )
        for part in outcome.gathered
    ]
    number, family = len(outcome.tested), outcome.tested[0].family
    together = f" for all {number:,} at once" if number > 1 else ""
    corrected = f", Holm over {family:,}" if family > 1 else ""
    looked = count_of(outcome.looked_at, "slice")
    note = (
        f"searched: {looked} of {count_of(outcome.searched, 'example')}; tested, and counted here: "
        f"{number:,} on the other {outcome.held_out:,}. lift: NFR there over elsewhere, limits at "
        f"{100 * outcome.level:g}%{together}; p if no more broke there than elsewhere{corrected}"
    )
    header = ("slice", "N", "broken", "NFR", "elsewhere", "lift", "interval", "p")
    return Table(TITLE, header, rows, note=note)


def _write_limits(part: "FoundSlice") -> str:
    low, high = part.lift.low, part.lift.high
    return DASH if low is None or high is None else f"{low:.2f} to {high:.2f}"


def _write_p(part: "FoundSlice") -> str:
    text = f"p = {format_p(part.p_adjusted)}".replace("= <", "< ")
    return f"{text}, Holm over {part.family:,}" if part.family > 1 else text


def _share(value: float | None) -> str:
    return format_number(value, "share", digits=1)


def _describe_aside(outcome: "FoundSlices") -> Iterator[str]:
    """Say by which fields was searched, and by which not and why; not of those with one value."""
    if outcome.fields:
        yield f"fields: {', '.join(outcome.fields)}, and pairs of them"
    if outcome.repeated > SOME * (outcome.searched + outcome.held_out):
        yield (
            f"{count_of(outcome.repeated, 'example')} repeat another's input and references: "
            "copies on both halves confirm each other; --cluster names what they share"
        )
    from compatkit.metrics.search_columns import ALIKE  # noqa: PLC0415  (start-up time)

    by_reason: dict[str, list[str]] = {}
    for name, why in outcome.aside.items():
        if why != ALIKE:
            by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        more = f" and {len(names) - MOST_ASIDE:,} more" if len(names) > MOST_ASIDE else ""
        yield f"no field to search by: {', '.join(names[:MOST_ASIDE])}{more}: {why}"
