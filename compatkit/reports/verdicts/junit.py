"""JUnit: a gate's verdict as test cases, one per budget and per must-not-flip example.

The elements and their order are those of Jenkins' schema of JUnit reports (junit-10.xsd of its
xUnit plugin), which GitLab and others read too. Texts are made visible, so that no character is
left that XML forbids.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from compatkit.comparison.examples import FlippedExample
from compatkit.gate.policy import ADVISORY, FAIL, INCONCLUSIVE, PASS
from compatkit.gate.verdict import Decision, Guarded, Verdict
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.basis import describe_basis, describe_unanswered
from compatkit.reports.verdicts.layout import waived_in
from compatkit.reports.verdicts.view import (
    brief,
    describe_decision,
    name_quantity,
)
from compatkit.reports.view import View, left_out

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TEXT_LIMIT = 2000
SUMS = ("tests", "failures", "errors")


def render_junit(verdict: Verdict, view: View | None = None) -> str:  # noqa: ARG001
    """Return the JUnit report of a gate, a suite per task.

    A budget that fails is a failure, an inconclusive one an error, one that is advisory and not
    kept is skipped; so is a must-not-flip example whose flip a waiver accepts.

    Args:
        verdict: the gate's.
        view: not used.
    """
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    tasks = [comparison.task for comparison in verdict.comparisons]
    tasks += [decision.task for decision in verdict.decisions]
    suites = [_make_suite(verdict, task) for task in dict.fromkeys(tasks)]
    told = [f"warning: {warning}" for warning in verdict.warnings]
    _say(suites[0], "system-out", [*told, *(f"hint: {hint}" for hint in verdict.hints)])
    root = ET.Element("testsuites", {"name": visible(verdict.name or "compatkit gate")})
    for name in SUMS:
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _make_suite(verdict: Verdict, task: str) -> "Element":
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    name = f"compatkit.{brief(task)}" if task else "compatkit"
    cases = [
        _decision_case(decision, verdict) for decision in verdict.decisions if decision.task == task
    ]
    cases += [
        _guarded_case(example, verdict) for example in verdict.guarded if example.task == task
    ]
    for case in cases:
        case.set("classname", name)
    suite = ET.Element("testsuite", {"name": name, "tests": str(len(cases))})
    for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    properties = dict(_describe_task(verdict, task))
    if properties:
        parent = ET.SubElement(suite, "properties")
        for key, value in properties.items():
            ET.SubElement(parent, "property", {"name": key, "value": visible(value)})
    suite.extend(cases)
    sentences = [
        sentence
        for comparison in verdict.comparisons
        if comparison.task == task
        for sentence in (
            describe_basis(comparison),
            *left_out([comparison]),
            *describe_unanswered(verdict, comparison),
            *(f"note: {note}" for note in comparison.notes),
        )
    ]
    _say(suite, "system-out", sentences)
    return suite


def _describe_task(verdict: Verdict, task: str) -> Iterator[tuple[str, str]]:
    for comparison in verdict.comparisons:
        if comparison.task == task:
            yield "old", comparison.old
            yield "new", comparison.new
            yield "signature", comparison.signature


def _decision_case(decision: Decision, verdict: Verdict) -> "Element":
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    part = f", {brief(decision.field)} = {brief(decision.slice)}" if decision.field else ""
    advisory = ", advisory" if decision.tier == ADVISORY else ""
    case = ET.Element("testcase", {"name": f"{name_quantity(decision)}{part}{advisory}"})
    sentence = describe_decision(decision, verdict)
    if decision.outcome == PASS or (decision.counts_as == PASS and not advisory):
        _say(case, "system-out", [sentence])
    elif advisory:
        _say(case, "skipped", [], f"advisory: {sentence}")
    elif decision.counts_as == FAIL:
        _say(case, "failure", [decision.reason], sentence, decision.budget)
    else:
        _say(case, "error", [decision.reason], sentence, INCONCLUSIVE)
    return case


def _guarded_case(example: Guarded, verdict: Verdict) -> "Element":
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    case = ET.Element("testcase", {"name": f"must not flip: {visible(example.id, TEXT_LIMIT)}"})
    named = "" if example.named == "id" else f" (guarded by {example.named})"
    if example.outcome == FAIL and example.waived:
        _say(case, "skipped", [], f"waived{_find_reason(example, verdict)}")
    elif example.outcome == FAIL:
        flip = [] if example.flip is None else [*_describe_flip(example.flip)]
        _say(case, "failure", flip, f"was right and is now wrong{named}", "must not flip")
    elif example.was_wrong:
        _say(case, "system-out", [f"wrong before the update already{named}"])
    return case


def _find_reason(example: Guarded, verdict: Verdict) -> str:
    for comparison in verdict.comparisons:
        waiver = waived_in(verdict, comparison).get(example.id)
        if comparison.task == example.task and waiver is not None:
            return f" until {waiver.expires.isoformat()}: {waiver.reason}"
    return ""


def _describe_flip(flip: FlippedExample) -> Iterator[str]:
    for label, text in (
        ("input", flip.input),
        ("reference", " / ".join(flip.references) or None),
        ("old", flip.old_prediction),
        ("new", flip.new_prediction),
    ):
        if text is not None or label in {"old", "new"}:
            shown = "(no answer)" if text is None else visible(text, TEXT_LIMIT)
            yield f"{label}: {shown}"


def _say(
    parent: "Element", tag: str, lines: list[str], message: str | None = None, kind: str = ""
) -> None:
    """Add an element that says something, each line of it visible; none that says nothing."""
    if tag == "system-out" and not lines:
        return
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    element = ET.SubElement(parent, tag)
    if kind:
        element.set("type", visible(kind))
    if message is not None:
        element.set("message", visible(message, 2 * TEXT_LIMIT))
    element.text = "\n".join(visible(line, 2 * TEXT_LIMIT) for line in lines if line) or None
