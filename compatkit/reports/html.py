"""HTML: the report as a page of its own, and in a notebook."""

from collections.abc import Sequence
from html import escape

from compatkit.comparison import Comparison
from compatkit.reports.hostile import visible
from compatkit.reports.layout import Block, Explanation, FlipList, Heading, Line, Tone, lay_out
from compatkit.reports.tables import Table, flip_table
from compatkit.reports.view import View

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
    blocks = [_show(block) for block in lay_out(results, view or View())]
    head = ['<!DOCTYPE html><meta charset="utf-8"><title>compatkit</title>', STYLE]
    return "\n".join([*head, '<div class="compatkit">', *blocks, "</div>"]) + "\n"


def _show(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 2}>{_text(text)}</h{level + 2}>"
        case Line(text, tone):
            tag = {Tone.STRONG: "b", Tone.FAINT: "small"}.get(tone)
            return f"<p><{tag}>{_text(text)}</{tag}></p>" if tag else f"<p>{_text(text)}</p>"
        case Table():
            return _table(block)
        case FlipList(title, examples):
            return _table(flip_table(title, examples))
        case Explanation(metric):
            name, formula = _text(metric.label), _text(metric.formula)
            source = f" <small>[{_text(metric.source)}]</small>" if metric.source else ""
            return f"<p><b>{name}</b> = {formula}<br>{_text(metric.meaning)}{source}</p>"


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
