"""Field: a number or boolean that the file already holds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from compatkit.arrays import BoolArray
from compatkit.errors import ConfigError, DataError
from compatkit.predictions.fields import MISSING
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, is_score

UNSCORED = "unscored"  # the field that says why a row was not judged
WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


def field(name: str) -> Scorer:
    """Take the score from a field of the record: `correct`, `acc`, a judge's score.

    True and false are 1 and 0; CSV's texts are read as numbers. The answer that churn
    compares is the prediction, if there is one. A row without a value, whose field `unscored`
    says why, was not judged: it is left out, neither right nor wrong.

    Args:
        name: the field's path, nested by dots.

    Raises:
        ConfigError: no name.
        DataError: a value that is missing, null, NaN, a list or a text. A row that failed
            belongs into the field `error`; it is not a 0.
    """
    if not name:
        raise ConfigError("the scorer field needs a name, as in --scorer field:correct.")

    def score(rows: Predictions) -> Scored:
        column = rows.attributes[name]
        reasons = rows.attributes.get(UNSCORED) or [MISSING] * len(rows)
        unscored = _unscored(column, reasons)
        if set(map(type, column)) <= {bool, float, int}:
            scores = np.array(column, np.float64)
        else:
            scores = np.fromiter(
                (
                    0.0 if unscored[row] else _number(value, rows, row, name)
                    for row, value in enumerate(column)
                ),
                np.float64,
                len(rows),
            )
        for row in np.flatnonzero(~is_score(scores)).tolist():
            if not rows.errored[row]:
                raise _no_score(column[row], rows, row, name)
        return Scored(scores, list(rows.prediction), unscored=unscored)

    return Scorer(
        f"field:{name}",
        score,
        continuous=None,
        fields=(name, UNSCORED),
        needs_prediction=False,
        needs_references=False,
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
        return float(value)
    if isinstance(value, str):
        try:
            return WORDS[value.strip().lower()] if value.strip().lower() in WORDS else float(value)
        except ValueError:
            pass
    if rows.errored[row]:
        return float("nan")
    raise _no_score(value, rows, row, name)


def _no_score(value: Any, rows: Predictions, row: int, name: str) -> DataError:
    found = "missing" if value is MISSING else f"{value!r:.60}"
    return DataError(
        f"{rows.name}:{rows.lines[row]}: the field {name!r} is {found}; a finite number or a "
        "boolean was expected. A row that failed belongs into the field 'error'."
    )
