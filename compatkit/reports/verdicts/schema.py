"""Schema of the verdict: what `compatkit gate --json` prints, as JSON Schema.

The budgets are those of `BUDGETS`; flips and comparisons are those of the score's schema.
"""

from typing import Any

from compatkit.addresses import page
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.policy import ADVISORY, BLOCKING, FAIL, INCONCLUSIVE, OUTCOMES, PASS, WAYS
from compatkit.gate.verdict import EXIT_CODES
from compatkit.reports.json_report import FORMAT
from compatkit.reports.schema_terms import (
    DRAFT,
    Schema,
    array,
    count,
    number,
    one_of,
    record,
    refer,
    text,
    value,
)

SCORE_SCHEMA = "score.schema.json"


def _if(outcome: str, **then: Any) -> Schema:
    """Return the rule of what else holds for an outcome."""
    return {
        "if": {"properties": {"outcome": {"const": outcome}}},
        "then": {"properties": {name: {"const": fixed} for name, fixed in then.items()}},
    }


def _level(description: str) -> Schema:
    return value(["number", "null"], description, exclusiveMinimum=0, exclusiveMaximum=1)


def _measured(description: str) -> Schema:
    return value(["number", "null"], description)


def _counted(description: str) -> Schema:
    return value(["integer", "null"], description, minimum=0)


def _decision() -> Schema:
    """Return the schema of `compatkit.gate.Decision`."""
    return record(
        {
            "task": text(
                "The task's name, empty where there is one only; `total` for the examples of all "
                "tasks."
            ),
            "budget": one_of(list(BUDGETS), f"What is limited. What each is: {page('gate')}"),
            "limit": number("What the policy allows."),
            "tier": one_of([BLOCKING, ADVISORY]),
            "outcome": one_of(OUTCOMES, "By the policy's way of deciding."),
            "counts_as": one_of(
                OUTCOMES, "The same, after the policy's rule for inconclusive ones."
            ),
            "total": count("Number of examples that it rests on."),
            "value": _measured("What was measured; null where it is undefined."),
            "low": _measured("What it is at least, at `low_level`; null where unknown."),
            "high": _measured("What it is at most, at `high_level`; null where unknown."),
            "low_level": _level("One-sided confidence level of `low`."),
            "high_level": _level("One-sided confidence level of `high`."),
            "method": value(["string", "null"], "How the bounds were made."),
            "numerator": _counted(
                "The count above the fraction line, where the quantity is a proportion."
            ),
            "denominator": _counted("The count below it."),
            "field": text("The field that is sliced by, empty for all examples of the task."),
            "slice": text("The field's value."),
            "reason": text("Why it is undefined or inconclusive; empty otherwise."),
            "more_examples": _counted(
                "About how many further examples like these would settle an inconclusive one; null "
                "where none would, too many to be of use, or nobody knows."
            ),
            "passing_limit": _measured(
                "The limit nearest to the policy's that an inconclusive one would have passed; "
                "null where there is none."
            ),
        },
        "One budget, decided.",
        allOf=[
            _if(end, counts_as=end, more_examples=None, passing_limit=None) for end in (PASS, FAIL)
        ],
    )


def _guarded() -> Schema:
    """Return the schema of `compatkit.gate.Guarded`."""
    flip = {
        "oneOf": [value("null"), {"$ref": f"{SCORE_SCHEMA}#/$defs/flip"}],
        "description": "The flipped example; null where it did not flip.",
    }
    held: Schema = {
        "if": {"properties": {"outcome": {"const": PASS}}},
        "then": {"properties": {"flip": value("null")}},
        "else": {"properties": {"was_wrong": {"const": False}}},
    }
    return record(
        {
            "task": text(),
            "id": text(),
            "outcome": one_of([PASS, FAIL], "`fail` where it was right and is now wrong."),
            "named": text("What named it: `id`, or the tag as `field=value`.", minLength=1),
            "waived": value("boolean", "The flip is accepted for now."),
            "was_wrong": value(
                "boolean",
                "The old model's answer was wrong already, so there was nothing to break.",
            ),
            "flip": flip,
        },
        "One must-not-flip example.",
        **held,
    )


def _waiver() -> Schema:
    """Return the schema of `compatkit.gate.Waiver`, with what became of it."""
    return record(
        {
            "task": text(),
            "id": text(),
            "reason": text(),
            "expires": text(
                "The last day on which it holds.",
                format="date",
                pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            ),
            "state": one_of(
                ["used", "unused", "expired"],
                "`used`: its flip is accepted; `unused`: its example did not flip; `expired`: its "
                "flip, if there is one, counts again.",
            ),
        },
        "A flip that is accepted for a while.",
    )


def _verdict() -> Schema:
    """Return the schema of `compatkit.gate.Verdict.to_dict`, with the version that wrote it."""
    results: Schema = {"$ref": f"{SCORE_SCHEMA}#/$defs/result"}
    own = {
        "format": {"const": FORMAT},
        "outcome": one_of(OUTCOMES),
        "exit_code": one_of(
            sorted(EXIT_CODES.values()), "0 for a pass, 1 for a fail, 3 for an inconclusive one."
        ),
        "name": text("The policy's name, empty for none."),
        "policy": text("The policy's file, empty for none."),
        "level": number(
            "Confidence level of the gate's word.", exclusiveMinimum=0.5, exclusiveMaximum=1
        ),
        "decide": one_of(WAYS),
        "looks": count("How many looks share the error.", least=1),
        "decisions": array(refer("decision"), "One per budget: tasks, their slices, the total."),
        "must_not_flip": array(refer("guarded")),
        "waivers": array(refer("waiver")),
        "warnings": array(text()),
        "hints": array(text(), "Where broken answers gather; they decide nothing."),
        "results": array(results, "One comparison per task.", minItems=1),
    }
    wrote = "The version that wrote the report; a report has it, `Verdict.to_dict()` has not."
    summary = (
        "The outcome and what broke, in one sentence; a report has it, `Verdict.to_dict()` has not."
    )
    return record(
        {"compatkit": text(wrote), "headline": text(summary), **own},
        "Whether an update stays within its policy, and why. Within format "
        f"{FORMAT} keys may be added; those that are here stay. The comparisons are those of "
        f"{SCORE_SCHEMA}, which lies beside this file.",
        list(own),
        allOf=[_if(end, exit_code=EXIT_CODES[end]) for end in (PASS, FAIL, INCONCLUSIVE)],
    )


def verdict_schema() -> Schema:
    """Return the schema of the report that `compatkit gate --json` prints."""
    title = f"compatkit gate --json, format {FORMAT}"
    definitions = {"decision": _decision(), "guarded": _guarded(), "waiver": _waiver()}
    return {"$schema": DRAFT, "title": title, **_verdict(), "$defs": definitions}
