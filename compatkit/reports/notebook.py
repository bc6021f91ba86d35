"""Notebook: comparisons as a notebook shows them, light and without a script."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compatkit.comparison.comparison import Comparison
from compatkit.comparison.history import History
from compatkit.comparison.matrix import ModelMatrix
from compatkit.metrics.definitions import METRICS
from compatkit.metrics.measure_pair import Slice
from compatkit.reports.blocks import Line, Table
from compatkit.reports.history import lay_out_history
from compatkit.reports.layout import lay_out
from compatkit.reports.matrix import lay_out_matrix
from compatkit.reports.page.fragment import draw_fragment
from compatkit.reports.shown_metrics import MAIN_METRICS
from compatkit.reports.view import View, count_of, format_interval, format_value

if TYPE_CHECKING:
    from compatkit.gate.verdict import Verdict


def render_fragment(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the report as HTML within a page, without the flips.

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    return draw_fragment(lay_out(results, view or View()))


def render_verdict(verdict: "Verdict") -> str:
    """Return a gate's verdict as HTML within a page."""
    from compatkit.reports.verdicts.layout import lay_out_verdict  # noqa: PLC0415  (start-up time)

    return draw_fragment(lay_out_verdict(verdict, View()))


def render_matrix(matrix: ModelMatrix) -> str:
    """Return every update between several models as HTML within a page."""
    return draw_fragment(lay_out_matrix(matrix))


def render_history(history: History) -> str:
    """Return what became of each example over several versions as HTML within a page."""
    return draw_fragment(lay_out_history(history, View()))


def render_slice(part: Slice) -> str:
    """Return the counts and the main metrics of a slice as HTML within a page."""
    counts = part.counts
    sentence = (
        f"{count_of(counts.total, 'example')}, {count_of(counts.negative_flips, 'negative flip')}, "
        f"{count_of(counts.positive_flips, 'positive flip')}"
    )
    rows = [
        (METRICS[name].label, format_value(name, metric), format_interval(name, metric))
        for name in MAIN_METRICS
        if (metric := part.metrics.get(name)) is not None and metric.value is not None
    ]
    together = format_interval("negative_flip_rate", part.together)
    note = f"NFR with limits that hold for all slices at once: {together}"
    table = Table("", ("metric", "value", "interval"), rows, note=note)
    return draw_fragment([Line(sentence), table])
