"""Reports: each turns comparisons into a text; those of a gate's verdict are in `verdicts`.

To add one: a file with one function `render_KIND(results, view)`, and a line in `REPORTS`
(and in `SUFFIXES`, if `-o` should know it by its file's suffix). A report is imported when it is
made: a table on the terminal waits for no page.
"""

from collections.abc import Callable, Sequence
from importlib import import_module

from compatkit.comparison.comparison import Comparison
from compatkit.reports.view import View

__all__ = ["REPORTS", "SUFFIXES", "Render", "View"]

Render = Callable[[Sequence[Comparison], View | None], str]


def _from(module: str, function: str) -> Render:
    """Return the report that a function of a module of this room makes."""

    def render(results: Sequence[Comparison], view: View | None = None) -> str:
        made: Render = getattr(import_module(f"{__name__}.{module}"), function)
        return made(results, view)

    return render


REPORTS: dict[str, Render] = {
    "csv": _from("csv_report", "render_csv"),
    "html": _from("page.comparison_page", "render_html"),
    "json": _from("json_report", "render_json"),
    "latex": _from("latex", "render_latex"),
    "markdown": _from("markdown", "render_markdown"),
    "terminal": _from("terminal", "render_terminal"),
}

SUFFIXES = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".tex": "latex",
    ".txt": "terminal",
}
