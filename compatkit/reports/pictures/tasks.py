"""Tasks: what broke and what was repaired in each."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.record import replace
from compatkit.reports.pictures.lacking import NoPictureError
from compatkit.reports.pictures.panels import (
    MOST_PANELS,
    MOST_ROWS,
    change_of,
    describe_rate,
    end_together,
    flip_rate,
    join_sentences,
    level_text,
    refuse_undefined,
    rest_of,
)
from compatkit.reports.pictures.picture import (
    BROKEN,
    REPAIRED,
    Forest,
    ForestRow,
    Picture,
    is_drawn,
)
from compatkit.reports.view import count_of, tasks_of


def describe_tasks(results: Sequence[Comparison]) -> Picture:
    """Describe NFR and PFR of each task, the most certain damage first, and of all together.

    Args:
        results: one comparison per task and candidate, totals last.

    Raises:
        NoPictureError: there is one task, or none has an NFR.
    """
    tasks = tasks_of(results)
    if len(tasks) < 2:  # noqa: PLR2004
        raise NoPictureError("tasks: there is one alone. Folders of several have such a picture.")
    refuse_undefined("tasks", [flip_rate(comparison) for comparison in results])
    by_task = [[comparison for comparison in results if comparison.task == task] for task in tasks]
    candidates = list(zip(*by_task, strict=True))
    panels = [_panel(of_one) for of_one in candidates[:MOST_PANELS]]
    if len(candidates) > 1:
        panels = [
            replace(panel, heading=of_one[-1].new_name)
            for panel, of_one in zip(panels, candidates, strict=False)
        ]
    title = "Broken and repaired answers by task"
    panels = end_together(panels)
    sentences = join_sentences(
        [_sentence(of_one, panel) for of_one, panel in zip(candidates, panels, strict=False)]
    )
    rest = rest_of(len(panels), len(candidates), "candidate")
    return Picture("tasks", title, f"{title}. {sentences}", panels, rest)


def _panel(comparisons: Sequence[Comparison]) -> Forest:
    *parts, total = comparisons
    parts.sort(key=lambda comparison: (-(flip_rate(comparison).low or 0.0), comparison.task))
    shown = parts[:MOST_ROWS]
    notes = [
        f"{level_text(total)} limits, each for itself",
        rest_of(len(shown), len(parts), "task"),
    ]
    return Forest(
        heading="",
        group="task",
        rows=tuple(_row(comparison, apart=comparison is total) for comparison in (*shown, total)),
        series=(BROKEN, REPAIRED),
        remark="N",
        note="; ".join(filter(None, notes)),
    )


def _row(comparison: Comparison, *, apart: bool) -> ForestRow:
    return ForestRow(
        comparison.task,
        (flip_rate(comparison), flip_rate(comparison, "positive")),
        f"{comparison.counts.total:,}",
        apart,
    )


def _sentence(comparisons: Sequence[Comparison], panel: Forest) -> str:
    total = comparisons[-1]
    *rows, _ = panel.rows
    text = (
        f"{change_of(total)}: over {count_of(len(comparisons) - 1, 'task')} the NFR is "
        f"{describe_rate(flip_rate(total))} and the PFR "
        f"{describe_rate(flip_rate(total, 'positive'))}"
    )
    first = next((row for row in rows if is_drawn(row.values[0])), None)
    if first is not None:
        text += f"; the NFR is worst in {first.label}, {describe_rate(first.values[0])}"
    undefined = sum(not is_drawn(row.values[0]) for row in rows)
    text += f"; it is undefined in {count_of(undefined, 'task')}" if undefined else ""
    return f"{text}; {panel.note}."
