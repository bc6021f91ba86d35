"""Markdown: tables for an issue, a pull request or a paper's notebook."""

from collections.abc import Sequence

from compatkit.comparison import Comparison
from compatkit.metrics import METRICS
from compatkit.reports.hostile import markdown_text
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

TEXT_LIMIT = 300


def render_markdown(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the Markdown report (GitHub's flavour).

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    view = view or View()
    several = len(tasks_of(results)) > 1
    head = results[-1] if several else results[0]
    lines = [f"## {markdown_text(head.old)} → {markdown_text(head.new)}", ""]
    if several:
        lines += _table(task_table(results))
    else:
        lines += [f"{head.counts.total:,} examples, {markdown_text(describe_scorer(head))}", ""]
        if len(results) > 1:
            lines += _table(candidate_table(results))
        for each in results if len(results) == 1 else results[1:]:
            lines += _detail(each, view, heading=len(results) > 1)
    if view.explain:
        lines += [
            f"- **{METRICS[name].label}** = {markdown_text(METRICS[name].formula)}. "
            f"{markdown_text(METRICS[name].meaning)}"
            for name in shown_metrics(results)
        ]
        lines.append("")
    lines += [f"- {markdown_text(sentence)}" for sentence in left_out(head)]
    notes = dict.fromkeys(note for each in results for note in each.notes)
    lines += [f"- note: {markdown_text(note)}" for note in notes]
    if not several:
        lines += [f"- signature: {markdown_text(each.signature)}" for each in results]
    return "\n".join(lines) + "\n"


def _table(table: Table) -> list[str]:
    header = [markdown_text(cell) or " " for cell in table.header]
    marks = [":--" if number < table.text_columns else "--:" for number in range(len(table.header))]
    rows = [[markdown_text(cell, 60) for cell in row] for row in table.rows]
    lines = [f"**{markdown_text(table.title).strip()}**", ""] if table.title else []
    lines += ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
    lines.append("")
    return [*lines, markdown_text(table.note), ""] if table.note else lines


def _detail(comparison: Comparison, view: View, *, heading: bool) -> list[str]:
    lines = [f"### {markdown_text(comparison.new)}", ""] if heading else []
    if comparison.identical:
        lines += ["**identical**: both files hold the same bytes", ""]
    tables = [count_table(comparison), metric_table(comparison), *slice_tables(comparison)]
    sweep = sweep_table(comparison) if view.sweep else None
    for table in [*tables, *([sweep] if sweep is not None else [])]:
        lines += _table(table)
    if view.show_flips:
        lines += _flips(comparison, view.show_flips)
    return lines


def _flips(comparison: Comparison, limit: int) -> list[str]:
    negative = [each for each in comparison.examples or () if each.kind == "negative"]
    shown = negative[:limit]
    rows = [
        (
            each.id,
            " / ".join(each.references)[:TEXT_LIMIT],
            (each.old_prediction if each.old_prediction is not None else "(no answer)"),
            (each.new_prediction if each.new_prediction is not None else "(no answer)"),
        )
        for each in shown
    ]
    lines = [f"**{len(shown)} of {len(negative)} negative flips**", ""]
    lines += ["| id | reference | old | new |", "| :-- | :-- | :-- | :-- |"]
    lines += [
        "| " + " | ".join(markdown_text(cell, TEXT_LIMIT) for cell in row) + " |" for row in rows
    ]
    return [*lines, ""]
