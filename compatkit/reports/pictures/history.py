"""History: what each version kept, repaired, learned and broke."""

from compatkit.comparison.history import History, Version
from compatkit.reports.pictures.panels import MOST_ROWS, describe_rate, rest_of
from compatkit.reports.pictures.picture import Band, Picture, Role, Stack, StackRow
from compatkit.reports.view import count_of, format_number

BANDS = {
    "kept": Band("kept", Role.PLAIN, 0.3),
    "repaired": Band("repaired", Role.REPAIRED),
    "learned": Band("right for the first time", Role.REPAIRED, 0.35),
    "broken": Band("ever right, now wrong", Role.BROKEN),
    "never_right": Band("never right yet", Role.PLAIN, 0.0),
}
"""Name of a count to how its part of a row is drawn."""


def describe_history(history: History) -> Picture:
    """Describe each version by what became of its examples, the oldest first.

    Of more versions than find room the last ones are drawn.
    """
    shown = history.versions[-MOST_ROWS:]
    rows = tuple(_row(version, history.total) for version in shown)
    title = "Kept, repaired and broken answers by version"
    note = rest_of(len(shown), len(history.versions), "version")
    note = f"the last {note}" if note else ""
    panel = Stack("", "version", rows, tuple(BANDS.values()), "broken", note)
    return Picture("history", title, f"{title}. {_sentences(history)}", [panel])


def _row(version: Version, total: int) -> StackRow:
    shares = tuple(getattr(version.counts, name) / total for name in BANDS)
    return StackRow(version.name, shares, f"{version.counts.broken:,}")


def _sentences(history: History) -> str:
    first, last = history.versions[0], history.versions[-1]
    worst = max(history.versions[1:], key=lambda version: version.counts.first_broken)
    accuracy = " to ".join(
        format_number(version.metrics["accuracy"].value, "share") for version in (first, last)
    )
    text = (
        f"Over {count_of(len(history.versions), 'version')} and "
        f"{count_of(history.total, 'example')} accuracy goes from {accuracy}. Of the examples that "
        f"an earlier version had right, {last.name} has "
        f"{describe_rate(last.metrics['ever_right_now_wrong'])} wrong"
    )
    if worst.counts.first_broken:
        broke = count_of(worst.counts.first_broken, "example")
        text += f"; {worst.name} was the first to break {broke}, the most of all"
    never = history.metrics["never_right_rate"]
    return f"{text}. No version has {describe_rate(never)} of the examples right."
