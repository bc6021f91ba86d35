"""Schema of the JSON report: what `compatkit score --json` prints, as JSON Schema.

`make docs` writes it, and the verdict's, beside the pages and into compatkit/schemas; the tests
hold reports to them. The metrics are those of `METRICS`, the corrections those of `CORRECTIONS`.
"""

from collections.abc import Sequence

from compatkit.addresses import page
from compatkit.comparison.confidences import ORIGINS
from compatkit.comparison.examples import KINDS as FLIP_KINDS
from compatkit.metrics.cause_metrics import CAUSES
from compatkit.metrics.definitions import METRICS, names_always
from compatkit.metrics.p_values import CORRECTIONS
from compatkit.notes import KINDS
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


def _counts(left_out: Sequence[str], counted_wrong: Sequence[str], description: str) -> Schema:
    """Return the schema of `compatkit.metrics.pair.Counts`."""
    cells = ("both_right", "negative_flips", "positive_flips", "both_wrong")
    reasons = {"errored": count(), "missing": count(), "edited": count()}
    return record(
        {
            "total": count(least=1),
            **{cell: number(minimum=0) for cell in cells},
            "no_answer_old": count(),
            "no_answer_new": count(),
            "excluded": record(
                reasons | {"unscored": count(least=1)},
                "Examples left out, by reason; unscored where there are such.",
                left_out,
            ),
            "counted_wrong": record(
                {"errored": count(), "missing": count()},
                "Answers counted as wrong, by reason.",
                counted_wrong,
            ),
        },
        description,
    )


def _metrics() -> Schema:
    named = {name: refer("metric", metric.meaning) for name, metric in METRICS.items()}
    return record(named, required=names_always())


def metric_schema() -> Schema:
    """Return the schema of `compatkit.metrics.estimates.MetricValue`, as a report writes it."""
    fraction = {"numerator": count(), "denominator": count(least=1)}
    interval = {
        "value": number(),
        "low": number(),
        "high": number(),
        "level": number(exclusiveMinimum=0, exclusiveMaximum=1),
        "method": text(minLength=1),
    }
    reason = {"reason": text(minLength=1)}
    alone = {"value": number(), "level": number(), "method": text(minLength=1), **reason}
    nothing = {"value": value("null"), **reason, "numerator": count(), "denominator": {"const": 0}}
    return {
        "description": "A value with its interval; a value without one, and why; or no value, and "
        "why.",
        "oneOf": [
            record(interval | fraction, required=list(interval), title="measured"),
            record(alone, required=["value", "reason"], title="measured, without an interval"),
            record(nothing, required=["value", "reason"], title="undefined"),
        ],
    }


def _close_margin() -> Schema:
    """Return the schema of `compatkit.comparison.confidences.CloseMargin`."""
    return record(
        {
            "value": number("The largest old margin of a close call.", minimum=0, maximum=2),
            "origin": one_of(list(ORIGINS)),
            "measured": value(["number", "null"], "What a second run moves margins by.", minimum=0),
            "examples": count(),
        },
        "Up to which old margin a flip is a close call, and whether close_margin said it, "
        "--old-rerun measured it by so many examples, or it is the default.",
    )


def _test() -> Schema:
    """Return the schema of `compatkit.metrics.p_values.PValue`."""
    return record(
        {
            "test": text(),
            "alternative": one_of(["two-sided", "worse", "equivalent"]),
            "p_value": number(minimum=0, maximum=1),
            "p_adjusted": number(minimum=0, maximum=1),
            "family": count(least=1),
            "correction": one_of(list(CORRECTIONS)),
            "least": number("The smallest p-value that so many resamples can give."),
            "margin": number("Largest change that counts as none, of a test of equivalence."),
        },
        "A test; p_adjusted is corrected over `family` tasks, candidates or slices.",
        ["test", "alternative", "p_value", "p_adjusted", "family", "correction"],
    )


def _sweep() -> Schema:
    return record(
        {
            "thresholds": array(number(), minItems=1, uniqueItems=True),
            "negative_flips": array(count()),
            "positive_flips": array(count()),
            "total": count(least=1),
        },
        "Flips at every threshold where they change: columns of equal length.",
    )


def _flip() -> Schema:
    """Return the schema of `compatkit.comparison.examples.FlippedExample`."""
    share = value(["number", "null"], minimum=0, maximum=1)
    margin = value(["number", "null"], minimum=-1, maximum=1)
    confidence = record(
        {
            "old_probability": share,
            "new_probability": share,
            "old_margin": margin,
            "new_margin": margin,
            "close": value("boolean", "Whether the old margin is that of a close call."),
        },
        "Of files with likelihoods of choices: those of the right one.",
    )
    flip = record(
        {
            "id": text(),
            "kind": one_of(FLIP_KINDS),
            "old_score": number(),
            "new_score": number(),
            "old_prediction": value(["string", "null"]),
            "new_prediction": value(["string", "null"]),
            "references": array(text()),
            "input": value(["string", "null"]),
            "old_answer": value(["string", "null"], "What was judged of the old text."),
            "new_answer": value(["string", "null"], "What was judged of the new text."),
            "slices": value(
                "object",
                "Field to value, of the fields sliced by.",
                additionalProperties=value(["string", "null"]),
            ),
            "cause": one_of([*CAUSES, None], "Why the answer broke, where that is known."),
        }
    )
    flip["properties"]["confidence"] = confidence
    return flip


def _slices() -> Schema:
    measured = {"counts": "slice_counts", "metrics": "metrics", "tests": "tests"}
    limits = refer("metric", "The NFR with limits that hold for all slices of the field at once.")
    part = record(
        {name: refer(definition) for name, definition in measured.items()} | {"together": limits}
    )
    by_value = value("object", minProperties=1, additionalProperties=part)
    return value(
        "object", "Field, then value, to counts and metrics.", additionalProperties=by_value
    )


def _differ() -> Schema:
    """Return the schema of `compatkit.metrics.picking.SlicesDiffer`, by field."""
    test = record(
        {
            "p_value": value(["number", "null"], minimum=0, maximum=1),
            "resamples": count(),
            "reason": text("Why it is undefined; empty otherwise."),
        }
    )
    meaning = "Field to whether its slices differ in their NFR more than chance would have it."
    return value("object", meaning, additionalProperties=test)


def _found_slices() -> Schema:
    """Return the schema of `compatkit.metrics.found_slices.FoundSlices`."""
    share = value(["number", "null"], minimum=0, maximum=1)
    end = value(["number", "null"])
    condition = record(
        {
            "field": text("The feature: a field, or what the texts tell.", minLength=1),
            "value": value(["string", "null"], "Its value; null where it is a range."),
            "above": end,
            "up_to": end,
        }
    )
    part = record(
        {
            "name": text("The conditions in words.", minLength=1),
            "conditions": array(condition, minItems=1, maxItems=2),
            "total": count("Its examples among all.", least=1),
            "size": count("Its examples on the tested half; all that follows is of these."),
            "broken": number("Negative flips; an expected number of several samples.", minimum=0),
            "nfr": share,
            "nfr_outside": share,
            "lift": refer(
                "metric", "The NFR inside over outside; limits hold for all tested slices at once."
            ),
            "lost": share | {"description": "Of the answers that were right, the share broken."},
            "lost_outside": share,
            "p_value": number(minimum=0, maximum=1),
            "p_adjusted": number("By Holm, over `family` slices.", minimum=0, maximum=1),
            "family": count(least=1),
            "example": text("The id of a broken answer in it."),
        }
    )
    whole = record(
        {
            "gathered": array(part, "Where more broke than chance would have it."),
            "not_shown": array(part, "What was tested, too, and is not shown to differ."),
            "searched": count("Examples of the half that was searched."),
            "held_out": count("Examples of the half that slices were tested on."),
            "fields": array(text(), "What was searched, and pairs of these."),
            "aside": value(
                "object", "Field to why it was not searched.", additionalProperties=text()
            ),
            "looked_at": count("How many slices the search looked at."),
            "level": number(exclusiveMinimum=0, exclusiveMaximum=1),
            "reason": text("Why nothing could be found; empty otherwise."),
            "repeated": count("Examples that have the content of an earlier one."),
        },
        f"Where broken answers gather, with --find-slices: {page('found-slices')}",
    )
    return {"oneOf": [value("null"), whole]}


def _result() -> Schema:
    """Return the schema of `compatkit.Comparison.to_dict`."""
    flips = [
        value("null", "Not kept; a total over tasks keeps none."),
        array(refer("flip"), "Negative flips first, in the old file's order."),
    ]
    return record(
        {
            "task": text("Empty where there is one task only."),
            "old": text(),
            "new": text(),
            "old_name": text("What reports call the old model."),
            "new_name": text("What reports call the new model."),
            "baseline": value(
                ["string", "null"], "The first new model's file, where this is a further candidate."
            ),
            "scorer": text(),
            "threshold": number("An answer is right when its score is at least this."),
            "pass_at": value(
                ["integer", "null"],
                "k, where accuracy is pass@k, and flips are expected ones of k samples.",
                minimum=1,
            ),
            "signature": text("Two results with the same one are comparable.", minLength=1),
            "short_signature": text(
                "The signature's short form, as reports for people show it.",
                pattern="^[0-9a-f]{8}$",
            ),
            "identical": value("boolean", "Both files hold the same bytes."),
            "counts": refer("counts"),
            "metrics": refer("metrics"),
            "tests": refer("tests"),
            "slices": _slices(),
            "slices_differ": _differ(),
            "found_slices": _found_slices(),
            "close_margin": {"oneOf": [value("null"), refer("close_margin")]},
            "notes": array(text(), uniqueItems=True),
            "note_kinds": array(
                {"enum": list(KINDS), "description": "The kind of each note, in their order."}
            ),
            "runs": record(
                {"old": refer("run"), "new": refer("run")},
                "How each file was made: the header that `compatkit run` wrote beside it; null "
                "where none lies there.",
            ),
            "sweep": {"oneOf": [value("null"), refer("sweep")]},
            "flips": {"oneOf": flips},
        }
    )


def _matrix() -> Schema:
    """Return the schema of what `compatkit score --matrix` adds."""
    shares = array(value(["number", "null"]), minItems=2)
    return record(
        {
            "names": array(text(), minItems=2),
            "accuracy": shares,
            "negative_flip_rate": array(
                shares, "Of each row's model updated to each column's; null on the diagonal."
            ),
        },
        "Of --matrix alone: every update between several models.",
    )


def score_schema() -> Schema:
    """Return the schema of the report that `compatkit score --json` prints."""
    tests = (
        "By name: accuracy_changed, accuracy_worse, score_changed, score_worse, "
        "accuracy_equivalent, score_equivalent, delta_nfr, nfr_above_others (of a slice), "
        "any_task_worse_*."
    )
    asked = {"required": ["accuracy_changed", "accuracy_worse"]}
    run = {"required": ["compatkit_run"], "properties": {"compatkit_run": {"const": 1}}}
    whole = record(
        {
            "format": {"const": FORMAT},
            "compatkit": text("The version that wrote the report."),
            "signature": text("The results' signatures, joined by ' + '.", minLength=1),
            "results": array(refer("result"), minItems=1),
            "macro_averages": array(
                record({"old_name": text(), "new_name": text(), "metrics": refer("metrics")}),
                "Of each candidate the mean of every metric over several tasks, each counting "
                "once, without an interval; empty where there is one task.",
            ),
            "matrix": _matrix(),
        },
        "What an update broke: one result per task and candidate, in the order given; of a matrix "
        f"one per pair of models. Within format {FORMAT} keys may be added; those that are here "
        "stay.",
        ["format", "compatkit", "signature", "results"],
    )
    definitions = {
        "result": _result(),
        "slice_counts": _counts(
            [], [], "As counts; what was left out is known for the whole alone."
        ),
        "counts": _counts(
            ["errored", "missing", "edited"],
            ["errored", "missing"],
            "With several samples per example the four counts are expected ones, and need not be "
            "whole.",
        ),
        "metrics": _metrics(),
        "metric": metric_schema(),
        "sweep": _sweep(),
        "close_margin": _close_margin(),
        "flip": _flip(),
        "test": _test(),
        "tests": value("object", tests, **asked, additionalProperties=refer("test")),
        "run": value(["object", "null"], f"The keys of its format 1: {page('runner')}", **run),
    }
    title = f"compatkit score --json, format {FORMAT}"
    return {"$schema": DRAFT, "title": title, **whole, "$defs": definitions}
