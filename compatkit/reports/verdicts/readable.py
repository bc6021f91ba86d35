"""Readable reports of a verdict that need no more than its layout, and JSON."""

from collections.abc import Iterator

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
    return "".join(stream_json(verdict))


def stream_json(verdict: Verdict, view: View | None = None) -> Iterator[str]:  # noqa: ARG001
    """Yield what `render_json` returns, a part at a time."""
    from compatkit.reports.json_report import stream_report  # noqa: PLC0415  (start-up time)

    headline = {"headline": write_headline(verdict)}
    report = {"compatkit": __version__, **headline, **verdict.to_dict(flips=False)}
    return stream_report(report, verdict.comparisons)
