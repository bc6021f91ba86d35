"""Markdown: tables for an issue, a pull request or a paper's notebook."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.reports.blocks import (
    Block,
    Explanation,
    FlipList,
    Fold,
    Heading,
    Line,
    Table,
    Tone,
)
from compatkit.reports.hostile import markdown_text
from compatkit.reports.layout import lay_out
from compatkit.reports.tables import flip_table
from compatkit.reports.view import View

CELL_LIMIT = 60
TEXT_LIMIT = 300


def render_markdown(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the Markdown report (GitHub's flavour).

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    blocks = [draw_block(block) for block in lay_out(results, view or View())]
    return "\n\n".join(blocks) + "\n"


def draw_block(block: Block) -> str:
    """Return a block as Markdown."""
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {markdown_text(text)}"
        case Line(text, tone):
            # Four spaces at the start of a line would make it code.
            shown = markdown_text(text).strip()
            return f"**{shown}**" if tone is Tone.STRONG else shown
        case Table():
            return _table(block, CELL_LIMIT)
        case FlipList():
            return _table(flip_table(block), TEXT_LIMIT)
        case Explanation(label, meaning, formula, source):
            name = f"**{markdown_text(label)}**"
            name += f" = {markdown_text(formula)}" if formula else ""
            where = markdown_text(f" [{source}]") if source else ""
            return f"{name}. {markdown_text(meaning)}{where}"
        case Fold(title, blocks):
            return draw_fold(title, [draw_block(inner) for inner in blocks])


def draw_fold(title: str, blocks: Sequence[str]) -> str:
    """Return blocks that a click shows."""
    # Without the empty lines Markdown within HTML is not read.
    inner = "\n\n".join(blocks)
    return f"<details>\n<summary>{markdown_text(title)}</summary>\n\n{inner}\n\n</details>"


def _table(table: Table, limit: int) -> str:
    header = [markdown_text(cell) or " " for cell in table.header]
    marks = [":--" if number < table.text_columns else "--:" for number in range(len(table.header))]
    rows = [[markdown_text(cell, limit) for cell in row] for row in table.rows]
    lines = [f"**{markdown_text(table.title).strip()}**", ""] if table.title else []
    lines += ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
    lines += ["", markdown_text(table.note)] if table.note else []
    return "\n".join(lines)
