"""Terminal: one screen that says what the update broke."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from compatkit.comparison.comparison import Comparison
from compatkit.record import replace
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
from compatkit.reports.view import View

if TYPE_CHECKING:
    from rich.console import Console

    from compatkit.comparison.examples import FlippedExample

TEXT_LIMIT = 300
CELL_LIMIT = 60
LEAST_WIDTH = 60
GAPS = (3, 2)  # between two columns, and where more would not fit
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
    from compatkit.reports.layout import lay_out  # noqa: PLC0415  (a verdict has one of its own)

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
    blocks, gap = _fit(cells, table, console.width)
    for number, columns in enumerate(blocks):
        if number:
            console.print()
        _draw(console, table, cells, columns, gap)
    shown = set().union(*blocks)
    spared = [name for number, name in enumerate(table.header) if number not in shown]
    notes = [table.note, f"No room for: {', '.join(spared)}." if spared else ""]
    for note in filter(None, notes):
        console.print(Text(visible(note), style="dim"))


def _fit(cells: Sequence[Sequence[str]], table: Table, width: int) -> tuple[list[list[int]], int]:
    """Return the columns of each table that is drawn, and the gap between them.

    One table where it can be: with narrower gaps, with texts folded at every word, without what
    may be spared. Else each of several begins with the texts.
    """
    widths = _measure(cells, table)
    folded = _measure(cells, table, by_word=True)
    every = list(range(len(widths)))
    kept = every[: len(every) - table.spare]
    for needed, columns, gap in (
        *((widths, every, gap) for gap in GAPS),
        (folded, every, GAPS[-1]),
        (folded, kept, GAPS[-1]),
    ):
        if sum(needed[number] + gap for number in columns) - gap <= width:
            return [columns], gap
    return _split(widths, table, width), GAPS[0]


def _measure(cells: Sequence[Sequence[str]], table: Table, *, by_word: bool = False) -> list[int]:
    """Return how narrow each column may be; a number is never cut.

    Texts may be folded down to the table's `least_text` columns, or to their longest word.
    """
    from rich.cells import cell_len  # noqa: PLC0415

    columns = list(zip(*cells, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    for number in _foldable(table):
        words = [word for cell in columns[number] for word in cell.split()] if by_word else []
        longest = max(map(cell_len, words), default=widths[number])
        widths[number] = min(longest, table.least_text)
    return widths


def _share_out(
    cells: Sequence[Sequence[str]], table: Table, columns: Sequence[int], room: int
) -> list[int]:
    """Return the width of each column: texts are folded where all do not fit, the widest first."""
    from rich.cells import cell_len  # noqa: PLC0415

    widths = [max(cell_len(row[number]) for row in cells) for number in columns]
    least = [_measure(cells, table, by_word=True)[number] for number in columns]
    while sum(widths) > room:
        slack = [width - few for width, few in zip(widths, least, strict=True)]
        if max(slack) <= 0:
            break
        widest = max(range(len(widths)), key=lambda place: (slack[place] > 0) * widths[place])
        widths[widest] -= 1
    return widths


def _split(widths: Sequence[int], table: Table, width: int) -> list[list[int]]:
    """Share the columns out over tables that fit, each of which begins with the texts."""
    texts, gap = list(range(table.text_columns)), GAPS[0]
    blocks = [list(texts)]
    for number in range(table.text_columns, len(widths)):
        taken = sum(widths[place] + gap for place in blocks[-1])
        if taken + widths[number] > width and len(blocks[-1]) > len(texts):
            blocks.append(list(texts))
        blocks[-1].append(number)
    return blocks


def _foldable(table: Table) -> set[int]:
    last = {len(table.header) - 1} if table.remarks else set()
    return last | set(range(table.text_columns))


def _draw(
    console: "Console",
    table: Table,
    cells: Sequence[Sequence[str]],
    columns: Sequence[int],
    gap: int,
) -> None:
    from rich import box  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    # Between two columns stand the paddings of both, and one that parts them.
    padding = (0, gap // 2, 0, gap - 1 - gap // 2)
    drawn = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=padding)
    widths = _share_out(cells, table, columns, console.width - gap * (len(columns) - 1))
    for number, column_width in zip(columns, widths, strict=True):
        drawn.add_column(
            Text(cells[0][number]),
            width=column_width,
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


def _flip(
    console: "Console", example: "FlippedExample", remark: str, fields: Sequence[str]
) -> None:
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print()
    scores = f"score {example.old_score:.4g} -> {example.new_score:.4g}"
    graded = {example.old_score, example.new_score} - {0.0, 1.0}
    head = [f"id {visible(example.id, TEXT_LIMIT)}", scores if graded else ""]
    head += [str(example.confidence or ""), visible(remark, TEXT_LIMIT)]
    console.print(Text("   ".join(filter(None, head)), style="bold"))
    lines = [
        ("input", example.input),
        ("reference", " / ".join(example.references) if example.references else None),
        ("judged", _write_judged(example)),
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


def _write_judged(example: "FlippedExample") -> str | None:
    """Write both answers as they were judged; None where these are the texts themselves."""
    answers = example.old_answer, example.new_answer
    if answers in {(example.old_prediction, example.new_prediction), (None, None)}:
        return None
    return " -> ".join("(no answer)" if answer is None else answer for answer in answers)


def _explain(console: "Console", explanation: Explanation) -> None:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    formula = f"  = {explanation.formula}" if explanation.formula else ""
    console.print(Text(explanation.label + formula, style="bold"))
    source = f" [{explanation.source}]" if explanation.source else ""
    console.print(Padding(Text(explanation.meaning + source), (0, 0, 0, 2)))
