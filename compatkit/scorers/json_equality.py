"""JSON equality: 1 if the value that the answer gives is the reference's, or how much of it is."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial as partial_of
from typing import Annotated, Any

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.json_compare import Comparer, sort_lists, without_numbers
from compatkit.scorers.json_schema import Schema, load_schema
from compatkit.scorers.json_text import NoValueError, find_json, read_json, write_json
from compatkit.scorers.scorer import Scored, Scorer, score_pairs
from compatkit.scorers.unread import NEAR_ZERO, count_unread
from compatkit.scorers.unseen import leave_out_unseen

NO_VALUE = "predictions without a JSON value: wrong"
NOT_JSON = "references are no JSON: left out where there is no other"
NOT_VALID = "predictions that the schema does not allow: wrong"
Read = dict[str, tuple[Any, ...]]


def json(
    *,
    partial: Annotated[
        bool, Option(help="the share that is right, instead of all or nothing.")
    ] = False,
    unordered: Annotated[bool, Option(help="the order of what is listed means nothing.")] = False,
    tolerance: Annotated[
        float, Option(least=0, help="the largest difference that counts as equal.")
    ] = 0.0,
    schema: Annotated[
        str | None, Option(metavar="FILE", help="a JSON schema that an answer must fit.")
    ] = None,
) -> Scorer:
    """Score 1 if the JSON value that the prediction gives equals the reference's, else 0.

    The value is the whole text, else the last code fence that holds one, else the last object or
    list in the text. Objects are equal whatever the order of their keys, numbers by their value
    (1, 1.0 and 1e0), texts as they are; `true` is not 1 and `"1"` is not 1. An object with a key
    twice, NaN and infinity are no JSON. No value is no answer and wrong; an example whose
    reference is no JSON is left out and counted. The answer that churn compares is the value in
    one way of writing: keys sorted, no white space.

    Args:
        partial: score by the share of leaves that are equal at the same place: shared / (leaves of
            the one + leaves of the other - shared). A leaf is what is neither object nor list, or
            is empty.
        unordered: lists are equal whatever the order of their elements, as often as each stands;
            with `partial`, only an element that is equal as a whole is shared.
        tolerance: the largest absolute difference of two numbers that still counts as equal.
        schema: a file with a JSON schema; an answer that it does not allow is wrong, and counted.

    Raises:
        ConfigError: the schema cannot be read.
        MissingExtraError: a schema is given and jsonschema is not installed.
    """
    allows = load_schema(schema)
    compare = Comparer(unordered=unordered, tolerance=Decimal(str(tolerance)))
    measure = compare.share if partial else compare.equal

    in_order = sort_lists if unordered else _as_it_is
    score = partial_of(_score, compare, measure=measure, allows=allows, in_order=in_order)
    options: dict[str, object] = {
        "partial": partial,
        "unordered": unordered,
        "tolerance": tolerance,
    }
    options |= {"schema": allows.digest} if allows.digest else {}
    return Scorer("json", score, options, continuous=partial, reads_lists=True)


def _score(
    compare: Comparer,
    rows: Predictions,
    *,
    measure: Callable[[Any, Any], float],
    allows: Schema,
    in_order: Callable[[Any], Any],
) -> Scored:
    """Score a batch: `in_order` makes equal answers one text."""
    read = _read(rows.prediction, find_json)
    accepted = _read((text for texts in rows.references for text in texts), read_json)
    near = {text for text, value in accepted.items() if value and _is_near_zero(compare, *value)}
    invalid = {text for text, value in read.items() if value and not allows(*value)}

    def score_columns(texts: Sequence[str], references: Sequence[str]) -> FloatArray:
        pairs = zip(texts, references, strict=True)
        return np.array(
            [
                float(measure(*read[text], *accepted[reference]))
                if read[text] and accepted[reference] and text not in invalid
                else 0.0
                for text, reference in pairs
            ]
        )

    written = {text: write_json(in_order(*value)) for text, value in read.items() if value}
    answers = [None if text is None else written.get(text) for text in rows.prediction]
    notes = {
        NO_VALUE: count_unread(answers, rows),
        NOT_VALID: sum(text in invalid for text in rows.prediction),
        NEAR_ZERO: sum(text in near for texts in rows.references for text in texts),
    }
    scored = Scored(
        score_pairs(rows, score_columns),
        answers,
        {note: count for note, count in notes.items() if count},
    )
    return leave_out_unseen(scored, rows, lambda text: bool(accepted[text]), NOT_JSON)


def _is_near_zero(compare: Comparer, reference: Any) -> bool:
    """Whether a reference holds other numbers than 0, and would equal itself if all were 0."""
    zeros = without_numbers(reference)
    return bool(compare.tolerance and zeros != reference and compare.equal(reference, zeros))


def _read(texts: Iterable[str | None], read: Callable[[str], Any]) -> Read:
    """Return for each distinct text its value, in a tuple that is empty where there is none."""
    values: Read = {}
    for text in texts:
        if text is not None and text not in values:
            try:
                values[text] = (read(text),)
            except NoValueError:
                values[text] = ()
    return values


def _as_it_is(value: Any) -> Any:
    return value
