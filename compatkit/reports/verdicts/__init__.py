"""Reports of a gate's verdict: each turns it into a text.

To add one: a file with one function `render_KIND(verdict, view)`, and a line in `VERDICT_REPORTS`
(and in `VERDICT_SUFFIXES`, if `-o` should know it by its file's suffix). A report is imported when
it is made.
"""

from collections.abc import Callable
from importlib import import_module

from compatkit.gate.verdict import Verdict
from compatkit.reports.view import View

__all__ = ["REPORT_BEGINNINGS", "VERDICT_FLIPS", "VERDICT_REPORTS", "VERDICT_SUFFIXES"]

Render = Callable[[Verdict, View | None], str]


def _from(module: str, function: str) -> Render:
    """Return the report that a function of a module of this room makes."""

    def render(verdict: Verdict, view: View | None = None) -> str:
        made: Render = getattr(import_module(f"{__name__}.{module}"), function)
        return made(verdict, view)

    return render


VERDICT_REPORTS: dict[str, Render] = {
    "github": _from("github", "render_github"),
    "gitlab": _from("gitlab", "render_gitlab"),
    "html": _from("page", "render_html"),
    "json": _from("readable", "render_json"),
    "junit": _from("junit", "render_junit"),
    "markdown": _from("markdown", "render_markdown"),
    "terminal": _from("readable", "render_terminal"),
}

VERDICT_SUFFIXES = {
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".txt": "terminal",
    ".xml": "junit",
}

REPORT_BEGINNINGS = {
    "gitlab": r'\[\]\n\Z|\[\n  \{\n    "description": .*\n    "check_name": "compatkit-',
    "html": r"<!DOCTYPE html>[^\0]*?<title>compatkit",
    "json": r'\{\n  "compatkit": "',
    "junit": r'<\?xml [^\0]*?<testsuite name="compatkit',
    "markdown": r"<!-- compatkit-gate",
    "terminal": r"(PASS|FAIL|INCONCLUSIVE)\b",
}
"""How the reports of a verdict that lie in files begin, as regular expressions."""

VERDICT_FLIPS = {"terminal": 5, "markdown": 20}
"""How many negative flips a report of a verdict shows where nobody says; HTML has every flip."""
