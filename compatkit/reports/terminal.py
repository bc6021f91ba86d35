"""Terminal: one screen that says what the update broke."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from compatkit.comparison.comparison import Comparison
from compatkit.comparison.examples import FlippedExample
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
from compatkit.reports.view import View

if TYPE_CHECKING:
    from rich.console import Console

TEXT_LIMIT = 300
CELL_LIMIT = 60
LEAST_WIDTH = 60
GAP = 3  # between two columns
STYLES = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.NOTE: "yellow",
    Tone.FAINT: "dim",
    Tone.ASIDE: "",
    Tone.GOOD: "green",
    Tone.BAD: "red",
}


def render_terminal(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the terminal report.

    Args:
        results: one comparison per task and candidate.
        view: what to show, how wide (60 columns at least), and whether in colour.
    """
    view = view or View()
    return draw_blocks(lay_out(results, view), view)


def draw_blocks(blocks: Iterable[Block], view: View) -> str:
    """Return blocks as a terminal shows them."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(
        file=io.StringIO(),
        width=max(view.width, LEAST_WIDTH),
        force_terminal=view.color,
        force_jupyter=False,
        color_system="standard" if view.color else None,
        no_color=not view.color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    previous: Block | None = None
    for block in _unfold(blocks):
        _space(console, previous, block)
        _show(console, block)
        previous = block
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _unfold(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Fold(title, [FlipList(title="") as flips]):
                yield replace(flips, title=title)
            case Fold(title, inner):
                yield Line(title)
                yield from inner
            case _:
                yield block


def _space(console: "Console", previous: Block | None, block: Block) -> None:
    """Leave a line free between blocks, but for lines that follow a line or a heading."""
    together = isinstance(block, Line | Explanation) and isinstance(
        previous, Line | Heading | Explanation
    )
    asides = [
        isinstance(neighbour, Line) and neighbour.tone is Tone.ASIDE
        for neighbour in (previous, block)
    ]
    if previous is not None and (not together or asides[0] != asides[1]):
        console.print()


def _show(console: "Console", block: Block) -> None:
    from rich.text import Text  # noqa: PLC0415

    match block:
        case Heading(text, tone=tone):
            console.print(Text(visible(text), style=f"bold {STYLES[tone]}".strip()))
        case Line(text, tone, whole):
            console.print(Text(visible(text), style=STYLES[tone]), soft_wrap=whole)
        case Table():
            _table(console, block)
        case FlipList(title, examples, remarks, fields):
            console.print(Text(visible(title)))
            for example, remark in zip(examples, remarks or [""] * len(examples), strict=True):
                _flip(console, example, remark, fields)
        case Explanation():
            _explain(console, block)


def _table(console: "Console", table: Table) -> None:
    from rich.text import Text  # noqa: PLC0415

    if table.title:
        console.print(Text(visible(table.title)))
    cells = [[visible(cell, CELL_LIMIT) for cell in row] for row in (table.header, *table.rows)]
    for number, columns in enumerate(_blocks(cells, table, console.width)):
        if number:
            console.print()
        _draw(console, table, cells, columns)
    if table.note:
        console.print(Text(visible(table.note), style="dim"))


def _blocks(cells: Sequence[Sequence[str]], table: Table, width: int) -> list[list[int]]:
    """Share the columns out over tables that fit, each of which begins with the texts.

    Texts may be folded down to the table's `least_text` columns; a number is never cut.
    """
    from rich.cells import cell_len  # noqa: PLC0415

    widths = [max(map(cell_len, column)) + GAP for column in zip(*cells, strict=True)]
    for number in _foldable(table):
        widths[number] = min(widths[number], table.least_text + GAP)
    texts = list(range(table.text_columns))
    blocks = [list(texts)]
    for number in range(table.text_columns, len(widths)):
        taken = sum(widths[place] for place in blocks[-1])
        if taken + widths[number] > width + GAP and len(blocks[-1]) > len(texts):
            blocks.append(list(texts))
        blocks[-1].append(number)
    return blocks


def _foldable(table: Table) -> set[int]:
    last = {len(table.header) - 1} if table.remarks else set()
    return last | set(range(table.text_columns))


def _draw(
    console: "Console", table: Table, cells: Sequence[Sequence[str]], columns: Sequence[int]
) -> None:
    from rich import box  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    for number in columns:
        drawn.add_column(
            Text(cells[0][number]),
            justify="left" if number < table.text_columns else "right",
            overflow="fold",
            no_wrap=number not in _foldable(table),
        )
    tones = table.tones or [Tone.PLAIN] * len(table.rows)
    for number, (row, tone) in enumerate(zip(cells[1:], tones, strict=True)):
        drawn.add_row(
            Text(row[0], style=STYLES[tone]),
            *(
                Text(row[column], style=STYLES[table.cell_tones.get((number, column), Tone.PLAIN)])
                for column in columns[1:]
            ),
        )
    console.print(drawn)


def _flip(console: "Console", example: FlippedExample, remark: str, fields: Sequence[str]) -> None:
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print()
    scores = f"score {example.old_score:.4g} -> {example.new_score:.4g}"
    aside = f"   {visible(remark, TEXT_LIMIT)}" if remark else ""
    console.print(Text(f"id {visible(example.id, TEXT_LIMIT)}   {scores}{aside}", style="bold"))
    lines = [
        ("input", example.input),
        ("reference", " / ".join(example.references) if example.references else None),
        ("old", example.old_prediction),
        ("new", example.new_prediction),
        *(
            (f"{side} {visible(name, CELL_LIMIT)}".strip(), text)
            for name in fields
            for side, text in example.show_field(name).items()
        ),
    ]
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(min_width=11)
    grid.add_column(overflow="fold")
    for label, text in lines:
        if text is not None or label in {"old", "new"}:
            shown = "(no answer)" if text is None else visible(text, TEXT_LIMIT)
            grid.add_row(Text(f"  {label}"), Text(shown))
    console.print(grid)


def _explain(console: "Console", explanation: Explanation) -> None:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    formula = f"  = {explanation.formula}" if explanation.formula else ""
    console.print(Text(explanation.label + formula, style="bold"))
    source = f" [{explanation.source}]" if explanation.source else ""
    console.print(Padding(Text(explanation.meaning + source), (0, 0, 0, 2)))
