"""CSV: one row per task, candidate, slice and metric.

Slices that were found have three rows each: NFR, lift, and the corrected p-value.

A text that a spreadsheet would take for a formula begins with a single quote.
"""

from collections.abc import Iterator, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.metrics.estimates import Metrics, MetricValue
from compatkit.metrics.found_slices import FoundSlice
from compatkit.reports.hostile import csv_line
from compatkit.reports.view import View

GATHERED = "(gathered)"  # in the place of a field, of slices that were found
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
        if comparison.found_slices is not None:
            for place in comparison.found_slices.gathered:
                lines += _lines([*head, GATHERED, place.name, place.size], _tell(place), names)
    return "".join(lines)


def _tell(place: FoundSlice) -> Metrics:
    """Return what a slice that was found is told by: three rows in the place of metrics."""
    return {
        "negative_flip_rate": MetricValue(place.nfr),
        "lift": place.lift,
        "p_adjusted": MetricValue(place.p_adjusted),
    }


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
