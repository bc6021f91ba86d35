"""Readable reports of a verdict that need no more than its layout, and JSON."""

from compatkit.gate.verdict import Verdict
from compatkit.reports.terminal import draw_blocks
from compatkit.reports.verdicts.headline import write_headline
from compatkit.reports.verdicts.layout import lay_out_verdict
from compatkit.reports.view import View
from compatkit.version import __version__


def render_terminal(verdict: Verdict, view: View | None = None) -> str:
    """Return the terminal report of a gate: one screen that says what and why.

    Args:
        verdict: the gate's.
        view: what to show, how wide (60 columns at least), and whether in colour.
    """
    view = view or View()
    return draw_blocks(lay_out_verdict(verdict, view), view)


def render_json(verdict: Verdict, view: View | None = None) -> str:  # noqa: ARG001
    """Return the JSON report of a gate, held to compatkit/schemas/verdict.schema.json.

    Args:
        verdict: the gate's.
        view: not used.
    """
    from compatkit.reports.json_report import write_json  # noqa: PLC0415  (start-up time)

    headline = {"headline": write_headline(verdict)}
    return write_json({"compatkit": __version__, **headline, **verdict.to_dict()})
