"""Notebook: comparisons as a notebook shows them, light and without a script."""

from collections.abc import Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.reports.layout import lay_out
from compatkit.reports.page.fragment import draw_fragment
from compatkit.reports.view import View


def render_fragment(results: Sequence[Comparison], view: View | None = None) -> str:
    """Return the report as HTML within a page, without the flips.

    Args:
        results: one comparison per task and candidate.
        view: what to show.
    """
    return draw_fragment(lay_out(results, view or View()))
