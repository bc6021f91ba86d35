"""Reports of a gate's verdict: each turns it into a text.

To add one: a file with one function `render_KIND(verdict, view)`, and a line in `VERDICT_REPORTS`
(and in `VERDICT_SUFFIXES`, if `-o` should know it by its file's suffix). A report is imported when
it is made.
"""

from collections.abc import Callable, Iterator

from compatkit.gate.verdict import Verdict
from compatkit.reports.late import late
from compatkit.reports.view import View

__all__ = [
    "REPORT_BEGINNINGS",
    "VERDICT_FLIPS",
    "VERDICT_PARTS",
    "VERDICT_REPORTS",
    "VERDICT_SUFFIXES",
]

Render = Callable[[Verdict, View | None], str]

VERDICT_REPORTS: dict[str, Render] = {
    "github": late("compatkit.reports.verdicts.github", "render_github"),
    "gitlab": late("compatkit.reports.verdicts.gitlab", "render_gitlab"),
    "html": late("compatkit.reports.verdicts.page", "render_html"),
    "json": late("compatkit.reports.verdicts.readable", "render_json"),
    "junit": late("compatkit.reports.verdicts.junit", "render_junit"),
    "markdown": late("compatkit.reports.verdicts.markdown", "render_markdown"),
    "terminal": late("compatkit.reports.verdicts.readable", "render_terminal"),
}

# As `compatkit.reports.PARTS`.
VERDICT_PARTS: dict[str, Callable[[Verdict, View | None], Iterator[str]]] = {
    "json": late("compatkit.reports.verdicts.readable", "stream_json"),
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
