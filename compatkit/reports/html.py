"""HTML: the report as a page of its own, and in a notebook."""

from collections.abc import Sequence
from html import escape

from compatkit.comparison import Comparison
from compatkit.metrics import METRICS
from compatkit.reports.hostile import visible
from compatkit.reports.tables import (
    Table,
    candidate_table,
    count_table,
    metric_table,
    slice_tables,
    sweep_table,
    task_table,
)
from compatkit.reports.view import View, describe_scorer, left_out, shown_metrics, tasks_of

TEXT_LIMIT = 2000
STYLE = (
    "<style>.compatkit{font-family:system-ui,sans-serif;line-height:1.4;max-width:60rem}"
    ".compatkit table{border-collapse:collapse;margin:.8rem 0}"
    ".compatkit th,.compatkit td{padding:.15rem .7rem;text-align:right;"
    "border-bottom:1px solid #8884;vertical-align:top}"
    ".compatkit .t{text-align:left;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".compatkit small{opacity:.75;overflow-wrap:anywhere}</style>"
)


def render_html(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the HTML report, a fragment that stands alone: no script, nothing loaded.

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    view = view or View()
    several = len(tasks_of(results)) > 1
    head = results[-1] if several else results[0]
    parts = ['<!DOCTYPE html><meta charset="utf-8"><title>compatkit</title>', STYLE]
    parts.append(f'<div class="compatkit"><h3>{_text(head.old)} → {_text(head.new)}</h3>')
    if several:
        parts.append(_table(task_table(results)))
    else:
        parts.append(f"<p>{head.counts.total:,} examples, {_text(describe_scorer(head))}</p>")
        if len(results) > 1:
            parts.append(_table(candidate_table(results)))
        for each in results if len(results) == 1 else results[1:]:
            parts += _detail(each, view, heading=len(results) > 1)
    if view.explain:
        parts += [
            f"<p><b>{_text(METRICS[name].label)}</b> = {_text(METRICS[name].formula)}<br>"
            f"{_text(METRICS[name].meaning)}</p>"
            for name in shown_metrics(results)
        ]
    parts += [f"<p>{_text(sentence)}</p>" for sentence in left_out(head)]
    notes = dict.fromkeys(note for each in results for note in each.notes)
    parts += [f"<p>note: {_text(note)}</p>" for note in notes]
    if not several:
        parts += [f"<p><small>{_text(each.signature)}</small></p>" for each in results]
    return "\n".join([*parts, "</div>"]) + "\n"


def _text(text: str, limit: int | None = None) -> str:
    return escape(visible(text, limit))


def _table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        inner = "".join(
            f"<{tag}{' class=t' if number < table.text_columns else ''}>{_text(cell, TEXT_LIMIT)}"
            f"</{tag}>"
            for number, cell in enumerate(cells)
        )
        return f"<tr>{inner}</tr>"

    title = f"<p><b>{_text(table.title)}</b></p>" if table.title else ""
    body = row(table.header, "th") + "".join(row(cells, "td") for cells in table.rows)
    note = f"<p><small>{_text(table.note)}</small></p>" if table.note else ""
    return f"{title}<table>{body}</table>{note}"


def _detail(comparison: Comparison, view: View, *, heading: bool) -> list[str]:
    parts = [f"<h4>{_text(comparison.new)}</h4>"] if heading else []
    if comparison.identical:
        parts.append("<p><b>identical</b>: both files hold the same bytes</p>")
    tables = [count_table(comparison), metric_table(comparison), *slice_tables(comparison)]
    sweep = sweep_table(comparison) if view.sweep else None
    parts += [_table(table) for table in [*tables, *([sweep] if sweep is not None else [])]]
    if view.show_flips:
        parts.append(_table(_flips(comparison, view.show_flips)))
    return parts


def _flips(comparison: Comparison, limit: int) -> Table:
    negative = [each for each in comparison.examples or () if each.kind == "negative"]
    rows = [
        (
            each.id,
            " / ".join(each.references),
            "(no answer)" if each.old_prediction is None else each.old_prediction,
            "(no answer)" if each.new_prediction is None else each.new_prediction,
        )
        for each in negative[:limit]
    ]
    title = f"{len(rows)} of {len(negative)} negative flips"
    return Table(title, ("id", "reference", "old", "new"), rows, text_columns=4)
