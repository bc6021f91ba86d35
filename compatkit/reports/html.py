"""HTML: the report as a page of its own, and in a notebook."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape

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
from compatkit.reports.hostile import visible
from compatkit.reports.layout import lay_out
from compatkit.reports.tables import flip_table
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
TONE_STYLE = "<style>{}.compatkit summary{{font-weight:bold}}</style>".format(
    "".join(
        f".compatkit h3.{tone},.compatkit tr.{tone} td:first-child{{color:{color}}}"
        for tone, color in (("good", "#1a7f37"), ("bad", "#cf222e"), ("note", "#9a6700"))
    )
)


def render_html(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the HTML report, a fragment that stands alone: no script, nothing loaded.

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    return draw_page(lay_out(results, replace(view or View(), verbose=True)), STYLE)


def draw_page(blocks: Iterable[Block], style: str) -> str:
    """Return blocks as a page of its own."""
    head = ['<!DOCTYPE html><meta charset="utf-8"><title>compatkit</title>', style]
    shown = map(_show, blocks)
    return "\n".join([*head, '<div class="compatkit">', *shown, "</div>"]) + "\n"


def _show(block: Block) -> str:
    match block:
        case Heading(text, level, tone):
            return f"<h{level + 2}{_class(tone)}>{_text(text)}</h{level + 2}>"
        case Line(text, tone):
            tag = {Tone.STRONG: "b", Tone.FAINT: "small"}.get(tone)
            return f"<p><{tag}>{_text(text)}</{tag}></p>" if tag else f"<p>{_text(text)}</p>"
        case Table():
            return _table(block)
        case FlipList():
            return _table(flip_table(block))
        case Explanation(label, meaning, formula, source):
            name = f"<b>{_text(label)}</b>" + (f" = {_text(formula)}" if formula else "")
            where = f" <small>[{_text(source)}]</small>" if source else ""
            return f"<p>{name}<br>{_text(meaning)}{where}</p>"
        case Fold(title, blocks):
            inner = "\n".join(map(_show, blocks))
            return f"<details open><summary>{_text(title)}</summary>\n{inner}\n</details>"


def _class(tone: Tone) -> str:
    return f" class={tone.value}" if tone in {Tone.GOOD, Tone.BAD, Tone.NOTE} else ""


def _text(text: str, limit: int | None = None) -> str:
    return escape(visible(text, limit))


def _table(table: Table) -> str:
    def row(cells: Sequence[str], tag: str, tone: Tone = Tone.PLAIN) -> str:
        inner = "".join(
            f"<{tag}{' class=t' if number < table.text_columns else ''}>{_text(cell, TEXT_LIMIT)}"
            f"</{tag}>"
            for number, cell in enumerate(cells)
        )
        return f"<tr{_class(tone)}>{inner}</tr>"

    tones = table.tones or [Tone.PLAIN] * len(table.rows)
    title = f"<p><b>{_text(table.title)}</b></p>" if table.title else ""
    body = row(table.header, "th") + "".join(
        row(cells, "td", tone) for cells, tone in zip(table.rows, tones, strict=True)
    )
    note = f"<p><small>{_text(table.note)}</small></p>" if table.note else ""
    return f"{title}<table>{body}</table>{note}"
