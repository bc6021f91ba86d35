"""GitHub: annotations of a gate's verdict, as workflow commands.

A command is `::error title=TITLE,file=PATH,line=N::MESSAGE` on a line of its own; file and line are
those of the new model's record. Sources: GitHub, 'Workflow
commands for GitHub Actions'; github.com/actions/toolkit, packages/core/src/command.ts.
"""

from collections.abc import Iterator

from msgspec import Struct

from compatkit.gate.policy import FAIL, PASS
from compatkit.gate.verdict import Verdict
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.location import FIRST, find_path, list_lines
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


class Annotation(Struct, frozen=True):
    """What GitHub shows, and beside which line.

    Attributes:
        title: above it.
        message: what is said.
        path: the file, empty for none.
        line: of the file.
    """

    title: str
    message: str
    path: str = ""
    line: int = FIRST


def render_github(verdict: Verdict, view: View | None = None) -> str:  # noqa: ARG001
    """Return the annotations of a gate, one a line; what blocks is an error.

    Args:
        verdict: the gate's.
        view: not used.
    """
    annotations: dict[str, list[Annotation]] = {"error": [], "warning": [], "notice": []}
    for kind, annotation in _annotate(verdict):
        annotations[kind].append(annotation)
    return "".join(
        f"::{kind} {_write_properties(annotation)}::{_escape_data(annotation.message)}\n"
        for kind, of_kind in annotations.items()
        for annotation in _cap(of_kind)
    )


def annotate_error(message: str) -> str:
    """Return the annotation that says that the gate could not measure."""
    return f"::error title=compatkit gate::{_escape_data(message)}\n"


def _write_properties(annotation: Annotation) -> str:
    properties = [f"title={_escape_property(annotation.title)}"]
    if annotation.path:
        properties += [f"file={_escape_property(annotation.path)}", f"line={annotation.line}"]
    return ",".join(properties)


def _annotate(verdict: Verdict) -> Iterator[tuple[str, Annotation]]:
    name = f" ({brief(verdict.name)})" if verdict.name else ""
    summary = Annotation(f"compatkit gate{name}", summarize_verdict(verdict))
    yield "notice" if verdict.outcome == PASS else "error", summary
    lines = list_lines(verdict)
    for example in verdict.guarded:
        if is_broken(example):
            task = f" of {brief(example.task)}" if example.task else ""
            named = "" if example.named == "id" else f", guarded by {brief(example.named)},"
            message = f"the example {brief(example.id)}{task}{named} was right and is now wrong"
            line = lines.get((example.task, example.id), FIRST)
            path = find_path(verdict, example.task)
            yield "error", Annotation("must not flip", message, path, line)
    yield from _annotate_decisions(verdict)
    for warning in verdict.warnings:
        yield "warning", Annotation("compatkit gate", warning)
    for hint in verdict.hints:
        yield "notice", Annotation("compatkit gate", hint)
    for use in verdict.waivers:
        if use.state == "expired":
            waiver = use.waiver
            message = (
                f"the waiver of {brief(waiver.id)} ({brief(waiver.reason)}) ended on "
                f"{waiver.expires.isoformat()}: a flip counts again"
            )
            yield "warning", Annotation("waiver expired", message)


def _annotate_decisions(verdict: Verdict) -> Iterator[tuple[str, Annotation]]:
    for decision in order_decisions(verdict.decisions):
        if decision.outcome != PASS:
            beyond = "beyond the budget" if decision.outcome == FAIL else "inconclusive"
            place = name_place(decision)
            title = f"{f'{place}: ' if place else ''}{name_quantity(decision)} {beyond}"
            advisory = "" if decision.blocks else " (does not block)"
            sentence = describe_decision(decision, verdict)
            path = find_path(verdict, decision.task)
            kind = "error" if decision.blocks else "warning"
            yield kind, Annotation(title + advisory, sentence, path)


def _cap(annotations: list[Annotation]) -> list[Annotation]:
    if len(annotations) <= MOST:
        return annotations
    more = len(annotations) - MOST + 1
    message = f"{count_of(more, 'more annotation')} of this kind; the report has all"
    return [*annotations[: MOST - 1], Annotation("compatkit gate", message)]


def _escape_data(text: str) -> str:
    shown = visible(text, TEXT_LIMIT)
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
