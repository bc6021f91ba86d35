"""CSV: one row per task, candidate, slice and metric.

A text that a spreadsheet would take for a formula begins with a single quote.
"""

from collections.abc import Iterator, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.estimates import Metrics
from compatkit.reports.hostile import csv_line
from compatkit.reports.view import View

HEADER = (
    "task",
    "old",
    "new",
    "scorer",
    "threshold",
    "slice_field",
    "slice_value",
    "examples",
    "metric",
    "value",
    "low",
    "high",
    "level",
    "method",
    "numerator",
    "denominator",
    "reason",
    "old_name",
    "new_name",
    "pass_at",
)


def render_csv(results: Sequence[Comparison], view: View | None = None) -> str:  # noqa: ARG001
    """Return the CSV report; `view` changes nothing, since all numbers are in it.

    Args:
        results: one comparison per task and candidate.
        view: not used.
    """
    lines = [csv_line(HEADER)]
    for comparison in results:
        head = [
            comparison.task,
            comparison.old,
            comparison.new,
            comparison.scorer,
            comparison.threshold,
        ]
        names = (comparison.old_name, comparison.new_name, comparison.pair.pass_at)
        lines += _lines([*head, "", "", comparison.counts.total], comparison.metrics, names)
        for path, parts in comparison.slices.items():
            for value, part in parts.items():
                lines += _lines([*head, path, value, part.counts.total], part.metrics, names)
    return "".join(lines)


def _lines(head: Sequence[object], metrics: Metrics, names: Sequence[object]) -> Iterator[str]:
    for name, metric in metrics.items():
        cells = (
            *head,
            name,
            metric.value,
            metric.low,
            metric.high,
            metric.level,
            metric.method,
            metric.numerator,
            metric.denominator,
            metric.reason,
            *names,
        )
        yield csv_line(cells)
