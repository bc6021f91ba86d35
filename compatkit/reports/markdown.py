"""Markdown: tables for an issue, a pull request or a paper's notebook."""

from collections.abc import Sequence

from compatkit.comparison import Comparison
from compatkit.reports.hostile import markdown_text
from compatkit.reports.layout import Block, Explanation, FlipList, Heading, Line, Tone, lay_out
from compatkit.reports.tables import Table, flip_table
from compatkit.reports.view import View

CELL_LIMIT = 60
TEXT_LIMIT = 300


def render_markdown(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the Markdown report (GitHub's flavour).

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    blocks = [_show(block) for block in lay_out(results, view or View())]
    return "\n\n".join(blocks) + "\n"


def _show(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {markdown_text(text)}"
        case Line(text, tone):
            shown = markdown_text(text)
            return f"**{shown.strip()}**" if tone is Tone.STRONG else shown
        case Table():
            return _table(block, CELL_LIMIT)
        case FlipList(title, examples):
            return _table(flip_table(title, examples), TEXT_LIMIT)
        case Explanation(metric):
            formula, meaning = markdown_text(metric.formula), markdown_text(metric.meaning)
            source = markdown_text(f" [{metric.source}]") if metric.source else ""
            return f"**{markdown_text(metric.label)}** = {formula}. {meaning}{source}"


def _table(table: Table, limit: int) -> str:
    header = [markdown_text(cell) or " " for cell in table.header]
    marks = [":--" if number < table.text_columns else "--:" for number in range(len(table.header))]
    rows = [[markdown_text(cell, limit) for cell in row] for row in table.rows]
    lines = [f"**{markdown_text(table.title).strip()}**", ""] if table.title else []
    lines += ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
    lines += ["", markdown_text(table.note)] if table.note else []
    return "\n".join(lines)
