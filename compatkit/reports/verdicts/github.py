"""GitHub: annotations of a gate's verdict, as workflow commands.

A command is `::error title=TITLE::MESSAGE` on a line of its own. Sources: GitHub, 'Workflow
commands for GitHub Actions'; github.com/actions/toolkit, packages/core/src/command.ts.
"""

from collections.abc import Iterator

from compatkit.gate.policy import FAIL, PASS
from compatkit.gate.verdict import Verdict
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.view import (
    brief,
    describe_decision,
    is_broken,
    name_place,
    name_quantity,
    order_decisions,
    summarize_verdict,
)
from compatkit.reports.view import View, count_of

MOST = 10  # of a kind in a step; GitHub shows no more
TEXT_LIMIT = 1000


def render_github(verdict: Verdict, view: View | None = None) -> str:  # noqa: ARG001
    """Return the annotations of a gate, one a line; what blocks is an error.

    Args:
        verdict: the gate's.
        view: not used.
    """
    annotations: dict[str, list[tuple[str, str]]] = {"error": [], "warning": [], "notice": []}
    for kind, title, message in _annotate(verdict):
        annotations[kind].append((title, message))
    return "".join(
        f"::{kind} title={_escape_property(title)}::{_escape_data(message)}\n"
        for kind, of_kind in annotations.items()
        for title, message in _cap(of_kind)
    )


def annotate_error(message: str) -> str:
    """Return the annotation that says that the gate could not measure."""
    return f"::error title=compatkit gate::{_escape_data(message)}\n"


def _annotate(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    name = f" ({brief(verdict.name)})" if verdict.name else ""
    yield (
        "notice" if verdict.outcome == PASS else "error",
        f"compatkit gate{name}",
        summarize_verdict(verdict),
    )
    for example in verdict.guarded:
        if is_broken(example):
            task = f" of {brief(example.task)}" if example.task else ""
            named = "" if example.named == "id" else f", guarded by {brief(example.named)},"
            message = f"the example {brief(example.id)}{task}{named} was right and is now wrong"
            yield "error", "must not flip", message
    for decision in order_decisions(verdict.decisions):
        if decision.outcome != PASS:
            beyond = "beyond the budget" if decision.outcome == FAIL else "inconclusive"
            place = name_place(decision)
            title = f"{f'{place}: ' if place else ''}{name_quantity(decision)} {beyond}"
            advisory = "" if decision.blocks else " (does not block)"
            kind = "error" if decision.blocks else "warning"
            yield kind, title + advisory, describe_decision(decision, verdict)
    for warning in verdict.warnings:
        yield "warning", "compatkit gate", warning
    for use in verdict.waivers:
        if use.state == "expired":
            waiver = use.waiver
            message = (
                f"the waiver of {brief(waiver.id)} ({brief(waiver.reason)}) ended on "
                f"{waiver.expires.isoformat()}: a flip counts again"
            )
            yield "warning", "waiver expired", message


def _cap(annotations: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(annotations) <= MOST:
        return annotations
    more = len(annotations) - MOST + 1
    message = f"{count_of(more, 'more annotation')} of this kind; the report has all"
    return [*annotations[: MOST - 1], ("compatkit gate", message)]


def _escape_data(text: str) -> str:
    shown = visible(text, TEXT_LIMIT)
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
