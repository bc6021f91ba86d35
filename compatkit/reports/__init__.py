"""Reports: each turns comparisons into a text; those of a gate's verdict are in `verdicts`.

To add one: a file with one function `render_KIND(results, view)`, and a line in `REPORTS`
(and in `SUFFIXES`, if `-o` should know it by its file's suffix). A report is imported when it is
made: a table on the terminal waits for no page.
"""

from collections.abc import Callable, Iterator, Sequence

from compatkit.comparison.comparison import Comparison
from compatkit.reports.late import late
from compatkit.reports.view import View

__all__ = ["PARTS", "REPORTS", "SUFFIXES", "Render", "View"]

Render = Callable[[Sequence[Comparison], View | None], str]

REPORTS: dict[str, Render] = {
    "csv": late("compatkit.reports.csv_report", "render_csv"),
    "html": late("compatkit.reports.page.comparison_page", "render_html"),
    "json": late("compatkit.reports.json_report", "render_json"),
    "latex": late("compatkit.reports.latex", "render_latex"),
    "markdown": late("compatkit.reports.markdown", "render_markdown"),
    "terminal": late("compatkit.reports.terminal", "render_terminal"),
}

# Those that hold every flip, of which there may be millions, a part at a time.
PARTS: dict[str, Callable[[Sequence[Comparison], View | None], Iterator[str]]] = {
    "json": late("compatkit.reports.json_report", "stream_json"),
}

SUFFIXES = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".tex": "latex",
    ".txt": "terminal",
}
