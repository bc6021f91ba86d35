"""Grades of promptfoo: what a row says of its answer, and whether anything judged it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compatkit.readers.logs.log import as_text

ASSERTION, ERROR = 1, 2  # of failureReason; 0 is none
OF_FORMAT = ("success", "score")
# Assertions that another model judges, and what promptfoo writes where its answer was none.
JUDGED = re.compile(
    r"^(not-)?(llm-rubric|model-graded|factuality|g-eval|answer-relevance|context-|search-rubric"
    r"|agent-rubric|select-best|pi|similar|moderation)"
)
NO_JUDGEMENT = re.compile(
    r"Could not extract JSON|produced malformed response|No output|^(Grading|Grader|API( call)?)"
    r" (failed|error)|^Error:|^Invalid grader|Failed to parse",
    re.IGNORECASE,
)
THREW = re.compile(
    r"^(Custom function threw error|(Python|Ruby) code execution failed|Assertion threw)",
    re.IGNORECASE,
)

Row = Mapping[str, Any]


def case_of(row: Row) -> Row:
    """Return the test of a row; the row itself where there is none."""
    case = row.get("testCase")
    return case if isinstance(case, dict) else row


def list_metrics(rows: Sequence[Row]) -> list[str]:
    """Return the names of the scores of all rows."""
    named = [row.get("namedScores") for row in rows]
    names = dict.fromkeys(name for scores in named if isinstance(scores, dict) for name in scores)
    return list(dict.fromkeys([*OF_FORMAT, *names]))


def state_directions(rows: Sequence[Row]) -> dict[str, bool]:
    """Return the scores whose direction the format states: more of an assertion's is better."""
    directions = dict.fromkeys(OF_FORMAT, False)
    for row in rows:
        asserted = case_of(row).get("assert")
        for assertion in asserted if isinstance(asserted, list) else []:
            if isinstance(assertion, dict) and isinstance(assertion.get("metric"), str):
                directions[assertion["metric"]] = False
    return directions


def read_metric(row: Row, metric: str) -> Any:
    """Return the value of a metric, None where the row has none."""
    value = row.get(metric) if metric in OF_FORMAT else None
    named = row.get("namedScores")
    return named.get(metric) if value is None and isinstance(named, dict) else value


def run_failed(row: Row) -> bool:
    """Tell an error of the run; `error` also holds why an assertion failed.

    Older files write an error of the run with a failure reason of 0, or without any: nothing
    graded it. A grade of which nothing is known is a grade.
    """
    reason = row.get("failureReason")
    ungraded = reason != ASSERTION and row.get("gradingResult") is None
    return bool(reason == ERROR or (row.get("error") and ungraded))


def _components(row: Row) -> Iterator[Mapping[str, Any]]:
    """Yield what each assertion of a row says, those within a set of assertions too."""
    waiting = [row.get("gradingResult")]
    while waiting:
        result = waiting.pop()
        if not isinstance(result, dict):
            continue
        inner = result.get("componentResults")
        if isinstance(inner, list) and inner:
            waiting += inner
        else:
            yield result


def _assertion(result: Mapping[str, Any]) -> Mapping[str, Any]:
    assertion = result.get("assertion")
    return assertion if isinstance(assertion, dict) else {}


def _failed_to_judge(result: Mapping[str, Any]) -> bool:
    about = result.get("metadata")
    if isinstance(about, dict) and about.get("graderError"):
        return True
    judged = JUDGED.match(as_text(_assertion(result).get("type", "")))
    reason = as_text(result.get("reason", ""))
    return bool(judged and not result.get("pass") and NO_JUDGEMENT.search(reason))


def judge_failed(row: Row, metric: str) -> str:
    """Say why a row has no score: the judge gave no judgement; empty where it has one.

    A row that another assertion failed is wrong whatever the judge would have said, and one
    that is right without it is right.
    """
    if metric == "success" and row.get("success") is True:
        return ""
    results = list(_components(row))
    failed = [result for result in results if _failed_to_judge(result)]
    if metric not in OF_FORMAT:
        failed = [result for result in failed if _assertion(result).get("metric") == metric]
    if not failed:
        return ""
    if metric == "success":
        others = [result for result in results if not any(result is failure for failure in failed)]
        decided = case_of(row).get("threshold") is None and any(
            result.get("pass") is False for result in others
        )
        if decided:
            return ""
    return as_text(failed[0].get("reason") or "it gave no reason")


def threw_error(row: Row) -> bool:
    """Tell a row of which an assertion of the user's own threw an error."""
    return any(
        not result.get("pass") and THREW.match(as_text(result.get("reason", "")))
        for result in _components(row)
    )
