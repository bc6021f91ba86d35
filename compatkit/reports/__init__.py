"""Reports: each turns comparisons into a text; those of a gate's verdict are in `verdicts`.

To add one: a file with one function `render_KIND(results, view)`, and a line in `REPORTS`
(and in `SUFFIXES`, if `-o` should know it by its file's suffix).
"""

from collections.abc import Callable, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.reports.csv_report import render_csv
from compatkit.reports.history import HISTORY_REPORTS
from compatkit.reports.json_report import render_json
from compatkit.reports.latex import render_latex
from compatkit.reports.markdown import render_markdown
from compatkit.reports.matrix import MATRIX_REPORTS
from compatkit.reports.notebook import render_fragment
from compatkit.reports.page.comparison_page import render_html
from compatkit.reports.pictures import plot_history, plot_picture
from compatkit.reports.terminal import render_terminal
from compatkit.reports.view import View

__all__ = [
    "HISTORY_REPORTS",
    "MATRIX_REPORTS",
    "REPORTS",
    "SUFFIXES",
    "View",
    "plot_history",
    "plot_picture",
    "render_fragment",
]

REPORTS: dict[str, Callable[[Sequence[Comparison], View | None], str]] = {
    "csv": render_csv,
    "html": render_html,
    "json": render_json,
    "latex": render_latex,
    "markdown": render_markdown,
    "terminal": render_terminal,
}

SUFFIXES = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".tex": "latex",
    ".txt": "terminal",
}
