"""GitLab: a code-quality report of a gate's verdict, one issue per budget that is not kept.

Source: docs.gitlab.com, 'Code Quality', section 'Code Quality report format'.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from compatkit.gate.policy import ADVISORY, FAIL, PASS
from compatkit.gate.verdict import Decision, Verdict
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.location import FIRST, find_path, list_lines
from compatkit.reports.verdicts.view import brief, describe_decision, is_broken
from compatkit.reports.view import View

PATH_LIMIT = 1000


def render_gitlab(verdict: Verdict, view: View | None = None) -> str:  # noqa: ARG001
    """Return the code-quality report of a gate; an empty list where all is well.

    Args:
        verdict: the gate's.
        view: not used.
    """
    issues = [*_report_guarded(verdict), *_report_decisions(verdict)]
    return json.dumps(issues, indent=2) + "\n"


def _report_guarded(verdict: Verdict) -> Iterator[dict[str, Any]]:
    lines = list_lines(verdict)
    for example in filter(is_broken, verdict.guarded):
        task = f" of {brief(example.task)}" if example.task else ""
        yield {
            "description": f"The must-not-flip example {brief(example.id)}{task} was right and is "
            "now wrong.",
            "check_name": "compatkit-must-not-flip",
            "fingerprint": _fingerprint(verdict.name, "must-not-flip", example.task, example.id),
            "severity": "blocker",
            "location": _locate(
                verdict, example.task, lines.get((example.task, example.id), FIRST)
            ),
        }


def _report_decisions(verdict: Verdict) -> Iterator[dict[str, Any]]:
    for decision in verdict.decisions:
        if decision.outcome == PASS:
            continue
        sentence = describe_decision(decision, verdict)
        advisory = " (advisory)" if decision.tier == ADVISORY else ""
        key = (
            verdict.name,
            decision.budget,
            decision.tier,
            decision.task,
            decision.field,
            decision.slice,
        )
        yield {
            "description": visible(f"{sentence[0].upper()}{sentence[1:]}{advisory}."),
            "check_name": f"compatkit-{decision.budget}",
            "fingerprint": _fingerprint(*key),
            "severity": _severity(decision),
            "location": _locate(verdict, decision.task),
        }


def _severity(decision: Decision) -> str:
    if not decision.blocks:
        return "minor"
    return "critical" if decision.counts_as == FAIL else "major"


def _fingerprint(*key: str) -> str:
    """Return what tells an issue from others; it knows no number, so it stays over runs."""
    return hashlib.sha256(json.dumps(key).encode("ascii")).hexdigest()


def _locate(verdict: Verdict, task: str, line: int = FIRST) -> dict[str, Any]:
    return {"path": visible(find_path(verdict, task), PATH_LIMIT), "lines": {"begin": line}}
