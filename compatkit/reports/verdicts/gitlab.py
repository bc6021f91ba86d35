"""GitLab: a code-quality report of a gate's verdict, one issue per budget that is not kept.

Source: docs.gitlab.com, 'Code Quality', section 'Code Quality report format'.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compatkit.gate.policy import ADVISORY, FAIL, PASS
from compatkit.gate.verdict import Decision, Verdict
from compatkit.reports.hostile import visible
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
    for each in filter(is_broken, verdict.guarded):
        task = f" of {brief(each.task)}" if each.task else ""
        yield {
            "description": f"The must-not-flip example {brief(each.id)}{task} was right and is "
            "now wrong.",
            "check_name": "compatkit-must-not-flip",
            "fingerprint": _fingerprint(verdict.name, "must-not-flip", each.task, each.id),
            "severity": "blocker",
            "location": _locate(verdict, each.task),
        }


def _report_decisions(verdict: Verdict) -> Iterator[dict[str, Any]]:
    for each in verdict.decisions:
        if each.outcome == PASS:
            continue
        said = describe_decision(each, verdict)
        advisory = " (advisory)" if each.tier == ADVISORY else ""
        key = (verdict.name, each.budget, each.tier, each.task, each.field, each.slice)
        yield {
            "description": visible(f"{said[0].upper()}{said[1:]}{advisory}."),
            "check_name": f"compatkit-{each.budget}",
            "fingerprint": _fingerprint(*key),
            "severity": _severity(each),
            "location": _locate(verdict, each.task),
        }


def _severity(decision: Decision) -> str:
    if not decision.blocks:
        return "minor"
    return "critical" if decision.counts_as == FAIL else "major"


def _fingerprint(*key: str) -> str:
    """Return what tells an issue from others; it knows no number, so it stays over runs."""
    return hashlib.sha256(json.dumps(key).encode("ascii")).hexdigest()


def _locate(verdict: Verdict, task: str) -> dict[str, Any]:
    """Name the new model's file, relative to the working directory where it is below it."""
    named = [each.new for each in verdict.comparisons if each.task == task]
    path = next(iter(named), verdict.policy or verdict.comparisons[0].new)
    whole = os.path.abspath(path)  # noqa: PTH100 - a link is shown as it is named
    shown = os.path.relpath(whole) if Path(whole).is_relative_to(Path.cwd()) else path
    return {"path": visible(shown, PATH_LIMIT), "lines": {"begin": 1}}
