"""Terminal: one screen that says what the update broke."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from compatkit.comparison import Comparison, FlippedExample
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

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

TEXT_LIMIT = 300
CELL_LIMIT = 60
LEAST_WIDTH = 60
LEAST_TEXT = 16
GAP = 3  # between two columns


def render_terminal(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the terminal report.

    Args:
        results: one comparison per task and candidate.
        view: what to show, how wide (60 columns at least), and whether in colour.
    """
    from rich.console import Console  # noqa: PLC0415

    view = view or View()
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
    if len(tasks_of(results)) > 1:
        _title(console, results, f"{len(tasks_of(results)) - 1} tasks")
        _table(console, task_table(results))
    elif len(results) > 1:
        _title(console, results, _examples(results[0]))
        _table(console, candidate_table(results))
        for each in results[1:]:
            _detail(console, each, view, heading=True)
    else:
        _title(console, results, _examples(results[0]))
        _detail(console, results[0], view)
    if view.explain:
        _explain(console, results)
    _notes(console, results)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _examples(comparison: Comparison) -> str:
    kind = "example" if comparison.counts.total == 1 else "examples"
    return f"{comparison.counts.total:,} {kind}, {describe_scorer(comparison)}"


def _title(console: "Console", results: Sequence[Comparison], what: str) -> None:
    from rich.text import Text  # noqa: PLC0415

    first = results[-1] if len(tasks_of(results)) > 1 else results[0]
    console.print(Text(f"{visible(first.old)} -> {visible(first.new)}", style="bold"))
    console.print(Text(visible(what)))


def _table(console: "Console", table: Table) -> None:
    from rich.text import Text  # noqa: PLC0415

    console.print()
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

    Texts may be folded down to `LEAST_TEXT` columns; a number is never cut.
    """
    from rich.cells import cell_len  # noqa: PLC0415

    widths = [max(map(cell_len, column)) + GAP for column in zip(*cells, strict=True)]
    for number in _foldable(table):
        widths[number] = min(widths[number], LEAST_TEXT + GAP)
    texts = list(range(table.text_columns))
    blocks = [list(texts)]
    for number in range(table.text_columns, len(widths)):
        taken = sum(widths[each] for each in blocks[-1])
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
    for row in cells[1:]:
        drawn.add_row(*(_styled(row[number]) for number in columns))
    console.print(drawn)


def _styled(cell: str) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    if cell.endswith("negative flips"):
        return Text(cell, style="red")
    if cell.endswith("positive flips"):
        return Text(cell, style="green")
    return Text(cell)


def _detail(
    console: "Console", comparison: Comparison, view: View, *, heading: bool = False
) -> None:
    from rich.text import Text  # noqa: PLC0415

    if heading:
        console.print()
        console.print(Text(f"candidate {visible(comparison.new)}", style="bold"))
    if comparison.identical:
        console.print(Text("identical: both files hold the same bytes", style="bold"))
    _table(console, count_table(comparison))
    _table(console, metric_table(comparison))
    for table in slice_tables(comparison):
        _table(console, table)
    sweep = sweep_table(comparison) if view.sweep else None
    if sweep is not None:
        _table(console, sweep)
    if view.show_flips:
        _flips(console, comparison, view.show_flips)


def _flips(console: "Console", comparison: Comparison, limit: int) -> None:
    from rich.text import Text  # noqa: PLC0415

    negative = [each for each in comparison.examples or () if each.kind == "negative"]
    shown = negative[:limit]
    console.print()
    console.print(
        Text(
            f"{len(shown)} of {len(negative)} negative flips, in the old file's order"
            + ("; --flips FILE writes all" if len(shown) < len(negative) else "")
        )
    )
    for example in shown:
        _flip(console, example)


def _flip(console: "Console", example: FlippedExample) -> None:
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print()
    scores = f"score {example.old_score:.4g} -> {example.new_score:.4g}"
    console.print(Text(f"id {visible(example.id, TEXT_LIMIT)}   {scores}", style="bold"))
    lines = [
        ("input", example.input),
        ("reference", " / ".join(example.references) if example.references else None),
        ("old", example.old_prediction),
        ("new", example.new_prediction),
    ]
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(min_width=11)
    grid.add_column(overflow="fold")
    for label, text in lines:
        if text is not None or label in {"old", "new"}:
            shown = "(no answer)" if text is None else visible(text, TEXT_LIMIT)
            grid.add_row(Text(f"  {label}"), Text(shown))
    console.print(grid)


def _explain(console: "Console", results: Sequence[Comparison]) -> None:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print()
    for name in shown_metrics(results):
        metric = METRICS[name]
        console.print(Text(f"{metric.label}  = {metric.formula}", style="bold"))
        source = f" [{metric.source}]" if metric.source else ""
        console.print(Padding(Text(metric.meaning + source), (0, 0, 0, 2)))
    console.print(
        Text(
            "N examples; n11 both right, n10 negative flips, n01 positive flips, n00 both wrong. "
            "More in docs/metrics.md.",
            style="dim",
        )
    )


def _notes(console: "Console", results: Sequence[Comparison]) -> None:
    from rich.text import Text  # noqa: PLC0415

    console.print()
    total = results[-1] if len(tasks_of(results)) > 1 else results[0]
    for sentence in left_out(total):
        console.print(Text(sentence))
    notes = dict.fromkeys(note for each in results for note in each.notes)
    for note in notes:
        console.print(Text(f"note: {visible(note)}", style="yellow"))
    for each in results if len(tasks_of(results)) == 1 else ():
        console.print(Text(f"signature: {visible(each.signature)}", style="dim"), soft_wrap=True)
