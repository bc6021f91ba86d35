"""Field: a number or boolean that the file already holds."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from compatkit.arrays import BoolArray, FloatArray, as_float
from compatkit.errors import ConfigError, DataError
from compatkit.option import Option
from compatkit.predictions.fields import MISSING, list_keys
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, is_score, whole_texts

UNSCORED = "unscored"  # the field that says why a row was not judged
WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


def field(
    name: str,
    lower_is_better: bool | None = None,
    *,
    unscored: Annotated[
        str | None,
        Option(
            metavar="VALUE",
            help="the value of rows that were not judged: null, nan, or another such as -1.",
        ),
    ] = None,
    right: Annotated[
        str | None,
        Option(metavar="VALUE", help="the value of right rows, as pass; others are wrong."),
    ] = None,
) -> Scorer:
    """Take the score from a field of the record: `correct`, `acc`, a judge's score.

    True and false are 1 and 0; CSV's texts are read as numbers. The answer that churn
    compares is the prediction, if there is one. A row without a value, whose field `unscored`
    says why, was not judged: it is left out, neither right nor wrong.

    Args:
        name: the field's path, nested by dots.
        lower_is_better: the score is 1 - x, as less of x is better: an error rate, a distance. A
            threshold is one of 1 - x.
        unscored: the value of rows that were not judged: `null` (a row without the field, or with
            an empty cell, too), `nan`, or any other as JSON or CSV write it, such as -1.
        right: the value of rows that are right, such as `pass`, case apart; every other value is
            wrong, and how many rows have it is noted.

    Raises:
        ConfigError: no name, or a direction of values of which one is right.
        DataError: a value that is missing, null, NaN, a list or a text. A row that failed
            belongs into the field `error`; it is not a 0.
    """
    if not name:
        raise ConfigError("the scorer field needs a name, as in --scorer field:correct.")
    if right is not None and lower_is_better:
        raise ConfigError("--right names what is right, and --lower-is-better turns numbers.")

    def score(rows: Predictions) -> Scored:
        column = rows.attributes[name]
        left_out = _unscored(column, rows.attributes.get(UNSCORED) or [MISSING] * len(rows))
        if unscored is not None:
            called = (_name_value(value) == unscored.lower() for value in column)
            left_out |= np.fromiter(called, np.bool_, len(column))
        if right is not None:
            return _compare_values(column, left_out, rows, name, right)
        scores = _read_scores(column, left_out, rows, name)
        scores = 1.0 - scores if lower_is_better else scores
        return Scored(scores, whole_texts(rows), unscored=left_out)

    options = {"unscored": unscored, "lower_is_better": lower_is_better or None, "right": right}
    return Scorer(
        f"field:{name}",
        score,
        options={key: value for key, value in options.items() if value is not None},
        continuous=None if right is None else False,
        fields=(name, UNSCORED),
        needs_prediction=False,
        needs_references=False,
        answers=whole_texts,
    )


def _compare_values(
    column: Sequence[Any], left_out: BoolArray, rows: Predictions, name: str, right: str
) -> Scored:
    """Score 1 where a row has the value that is right, 0 where it has another."""
    values = [_name_value(value) for value in column]
    absent = (value is MISSING or value is None for value in column)
    for row in np.flatnonzero(np.fromiter(absent, np.bool_, len(column)) & ~left_out).tolist():
        if not rows.errored[row]:
            raise _no_score(column[row], rows, row, name)
    scores = np.array([value == right.strip().lower() for value in values], np.float64)
    scores[left_out] = 0.0
    count = int(scores.sum())
    notes = {f"rows whose {name} is {right!r}, which are right": count}
    return Scored(scores, whole_texts(rows), notes, unscored=left_out)


def _read_scores(
    column: Sequence[Any], left_out: BoolArray, rows: Predictions, name: str
) -> FloatArray:
    if set(map(type, column)) <= {bool, float, int}:
        scores = np.fromiter(map(as_float, column), np.float64, len(rows))
        scores[left_out] = 0.0
    else:
        scores = np.fromiter(
            (
                0.0 if left_out[row] else _number(value, rows, row, name)
                for row, value in enumerate(column)
            ),
            np.float64,
            len(rows),
        )
    for row in np.flatnonzero(~is_score(scores)).tolist():
        if not rows.errored[row]:
            raise _no_score(column[row], rows, row, name)
    return scores


def _name_value(value: Any) -> str:
    """Return what `unscored` calls a value; no score is called so where it is a list."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is MISSING or plain is None:
        return "null"
    if isinstance(plain, float) and plain != plain:  # noqa: PLR0124 (NaN)
        return "nan"
    return (
        json.dumps(plain) if isinstance(plain, bool | int | float) else str(plain).strip().lower()
    )


def _unscored(column: Sequence[Any], reasons: Sequence[Any]) -> BoolArray:
    """Tell which rows say that they were not judged, and have no score."""
    if set(map(type, reasons)) <= {type(MISSING), type(None)}:
        return np.zeros(len(column), np.bool_)
    return np.array(
        [
            _says(reason) and (value is MISSING or value is None)
            for value, reason in zip(column, reasons, strict=True)
        ],
        np.bool_,
    )


def _says(reason: Any) -> bool:
    return isinstance(reason, str) and bool(reason)


def _number(value: Any, rows: Predictions, row: int, name: str) -> float:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return as_float(value)
    if isinstance(value, str):
        try:
            return WORDS[value.strip().lower()] if value.strip().lower() in WORDS else float(value)
        except ValueError:
            pass
    if rows.errored[row]:
        return float("nan")
    raise _no_score(value, rows, row, name)


def _no_score(value: Any, rows: Predictions, row: int, name: str) -> DataError:
    shown = f"{value!r:.60}"
    if value is MISSING or value is None:
        shown = "missing" if value is MISSING else "null, or an empty cell"
    hint = ""
    if isinstance(value, Mapping):
        hint = f" Its keys are {list_keys(value)}: name one, as in --scorer field:{name}.KEY."
    elif _name_value(value) in {"null", "nan"}:
        hint = f" If such rows were not judged, say --unscored {_name_value(value)}."
    elif isinstance(value, str) and value.strip():
        hint = " If one text says that a row is right, as pass does, say --right TEXT."
    return DataError(
        f"{rows.name}:{rows.lines[row]}: the field {name!r} is {shown}; a finite number or a "
        f"boolean was expected. A row that failed belongs into the field 'error'.{hint}"
    )
