"""Schema of the JSON report of a history: what `compatkit history --json` prints."""

from dataclasses import fields

from compatkit.addresses import page
from compatkit.metrics.trajectories import (
    HISTORY_QUANTITIES,
    VERSION_QUANTITIES,
    Quantity,
    VersionCounts,
)
from compatkit.notes import KINDS
from compatkit.reports.json_report import FORMAT
from compatkit.reports.schema import metric_schema
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


def _measured(quantities: dict[str, Quantity]) -> Schema:
    return record(
        {name: refer("metric", quantity.meaning) for name, quantity in quantities.items()}
    )


def _version() -> Schema:
    counts = {field.name: count() for field in fields(VersionCounts)}
    return record(
        {
            "name": text("What reports call it.", minLength=1),
            "file": text(),
            "counts": record(
                counts,
                "kept, repaired, learned, broken and never_right are all examples. What each is: "
                f"{page('history')}",
            ),
            "metrics": _measured(VERSION_QUANTITIES),
            "no_answer": count("Null predictions, counted as wrong."),
            "counted_wrong": record({"errored": count(), "missing": count()}),
        }
    )


def _history() -> Schema:
    string = text("R for right and W for wrong, a letter a version.", pattern="^[RW]{2,}$")
    none = value("null")
    reasons = {"errored": count(), "missing": count(), "edited": count(), "unscored": count()}
    return record(
        {
            "task": text("Empty where there is one only; `total` over several."),
            "scorer": text(),
            "threshold": number(),
            "level": number(exclusiveMinimum=0, exclusiveMaximum=1),
            "signature": text(minLength=1),
            "short_signature": text(minLength=8),
            "total": count("Examples, N.", least=1),
            "excluded": record(
                reasons,
                "Examples left out of every version, by reason.",
                ["errored", "missing", "edited"],
            ),
            "versions": array(refer("version"), "The oldest first.", minItems=2),
            "metrics": _measured(HISTORY_QUANTITIES),
            "events": record(
                {"forgetting": count(), "learning": count()},
                "From right to wrong, and from an answer that was wrong to right, between one "
                "version and the next.",
            ),
            "patterns": value(
                "object",
                "Each string of right and wrong, with the number of its examples.",
                additionalProperties=count(least=1),
            ),
            "notes": array(text()),
            "note_kinds": array(one_of(list(KINDS))),
            "ids": {"oneOf": [none, array(text(), "The examples; null for a total.")]},
            "right": {"oneOf": [none, array(string, "Of each id, in their order.")]},
        }
    )


def history_schema() -> Schema:
    """Return the schema of the report that `compatkit history --json` prints."""
    whole = record(
        {
            "format": {"const": FORMAT},
            "compatkit": text("The version that wrote the report."),
            "signature": text("That of the history.", minLength=1),
            "history": refer("history", "Of all tasks."),
            "tasks": array(refer("history"), "Of each task; empty where there is one only."),
        },
        "Since when it is broken: right and wrong of each example over several versions. Within "
        f"format {FORMAT} keys may be added; those that are here stay.",
    )
    definitions = {"history": _history(), "version": _version(), "metric": metric_schema()}
    title = f"compatkit history --json, format {FORMAT}"
    return {"$schema": DRAFT, "title": title, **whole, "$defs": definitions}
