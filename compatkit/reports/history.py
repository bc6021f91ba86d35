"""History reports: since when it is broken, a line a version."""

from collections.abc import Callable, Iterator

from compatkit.comparison.history import History, Version
from compatkit.metrics.estimates import MetricValue
from compatkit.reports.blocks import Block, Fold, Heading, Line, Table, Tone
from compatkit.reports.history_tables import (
    break_table,
    describe_basis,
    explain_history,
    list_changed,
    rate_table,
    summary_table,
    tell_history,
    tell_left_out,
    version_table,
)
from compatkit.reports.hostile import csv_line
from compatkit.reports.json_report import FORMAT, write_json
from compatkit.reports.markdown import draw_block
from compatkit.reports.page.history_page import render_history_page
from compatkit.reports.terminal import draw_blocks
from compatkit.reports.view import DASH, View, count_of
from compatkit.version import __version__

SHOWN = 10  # examples that a readable report names, if not said otherwise
CSV_HEADER = (
    *("task", "version", "file", "scorer", "threshold", "examples"),
    *("quantity", "value", "low", "high", "level", "method", "numerator", "denominator", "reason"),
)


def lay_out_history(history: History, view: View) -> Iterator[Block]:
    """Yield the blocks of the readable reports.

    Args:
        history: of several versions.
        view: how many examples are shown, and whether quantities are explained.
    """
    names = history.names
    yield Heading(f"history of {count_of(len(names), 'version')}: {names[0]} to {names[-1]}", 1)
    yield from (Line(text, tone) for text, tone in tell_history(history))
    yield Line(describe_basis(history))
    yield version_table(history)
    yield rate_table(history)
    yield break_table(history)
    yield summary_table(history)
    for part in history.parts:
        yield version_table(part)
    yield from _show_examples(history, view)
    if view.explain:
        yield Fold("what the numbers mean", tuple(explain_history()))
    yield from (Line(text) for text in tell_left_out(history))
    notes = dict.fromkeys(note for part in (history, *history.parts) for note in part.notes)
    yield from (Line(f"note: {note}", Tone.NOTE) for note in notes)
    yield Line(f"signature: {history.short_signature}", Tone.FAINT)


def _show_examples(history: History, view: View) -> Iterator[Table | Line]:
    """Show the examples that changed most often."""
    most = SHOWN if view.show_flips is None else view.show_flips
    parts = history.of_tasks
    total = sum(len(part.changed) for part in parts)
    if not total:
        yield Line("No example changed.")
        return
    if not most:
        return
    shown = list_changed(history)[:most]
    several = len(parts) > 1
    rows = []
    for number, place in shown:
        part = parts[number]
        first = int(part.changed.first_broken[place])
        rows.append(
            [
                *([part.task] if several else []),
                part.changed.ids[place],
                part.trajectories.strings(part.changed.rows[place : place + 1])[0],
                DASH if first < 0 else history.names[first],
            ]
        )
    title = f"{len(shown):,} of {count_of(total, 'example')} that changed, most often first"
    header = (*(["task"] if several else []), "example", "right (R), wrong (W)", "first broken by")
    yield Table(title, header, rows, text_columns=len(header))


def _terminal(history: History, view: View | None = None) -> str:
    view = view or View()
    return draw_blocks(lay_out_history(history, view), view)


def _markdown(history: History, view: View | None = None) -> str:
    return "\n\n".join(map(draw_block, lay_out_history(history, view or View()))) + "\n"


def _json(history: History, view: View | None = None) -> str:  # noqa: ARG001
    report = {
        "format": FORMAT,
        "compatkit": __version__,
        "signature": history.signature,
        "history": history.to_dict(),
        "tasks": [part.to_dict() for part in history.parts],
    }
    return write_json(report)


def _csv(history: History, view: View | None = None) -> str:  # noqa: ARG001
    lines = [csv_line(CSV_HEADER)]
    for part in (*history.parts, history):
        for version in part.versions:
            head = (part.task, version.name, version.file)
            lines += _csv_lines(part, head, version)
        lines += [
            _csv_line(part, (part.task, "", ""), name, value)
            for name, value in part.metrics.items()
        ]
    return "".join(lines)


def _csv_lines(history: History, head: tuple[str, str, str], version: Version) -> Iterator[str]:
    for name in version.counts.__slots__:
        count = getattr(version.counts, name)
        yield _csv_line(history, head, name, MetricValue(count))
    for name, value in version.metrics.items():
        yield _csv_line(history, head, name, value)


def _csv_line(history: History, head: tuple[str, str, str], name: str, value: MetricValue) -> str:
    measured = (
        *(value.value, value.low, value.high, value.level, value.method),
        *(value.numerator, value.denominator, value.reason),
    )
    basis = (history.scorer, history.threshold, history.total)
    return csv_line((*head, *basis, name, *measured))


HISTORY_REPORTS: dict[str, Callable[[History, View | None], str]] = {
    "csv": _csv,
    "html": render_history_page,
    "json": _json,
    "markdown": _markdown,
    "terminal": _terminal,
}
