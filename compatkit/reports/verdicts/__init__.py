"""Reports of a gate's verdict: each turns it into a text.

To add one: a file with one function `render_KIND(verdict, view)`, and a line in `VERDICT_REPORTS`
(and in `VERDICT_SUFFIXES`, if `-o` should know it by its file's suffix).
"""

from collections.abc import Callable

from compatkit.gate.verdict import Verdict
from compatkit.reports.verdicts.github import render_github
from compatkit.reports.verdicts.gitlab import render_gitlab
from compatkit.reports.verdicts.junit import render_junit
from compatkit.reports.verdicts.markdown import render_markdown
from compatkit.reports.verdicts.page import render_html
from compatkit.reports.verdicts.readable import render_json, render_terminal
from compatkit.reports.view import View

__all__ = ["REPORT_BEGINNINGS", "VERDICT_FLIPS", "VERDICT_REPORTS", "VERDICT_SUFFIXES"]

VERDICT_REPORTS: dict[str, Callable[[Verdict, View | None], str]] = {
    "github": render_github,
    "gitlab": render_gitlab,
    "html": render_html,
    "json": render_json,
    "junit": render_junit,
    "markdown": render_markdown,
    "terminal": render_terminal,
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
