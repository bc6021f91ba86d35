"""Trainer metrics: flips against the old model at each evaluation of a transformers `Trainer`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from compatkit.errors import DataError
from compatkit.evaluate_modules.columns import NEW, OLD, REFERENCES, check_lengths, to_column
from compatkit.evaluate_modules.measure_columns import compare_columns

IGNORED = -100  # the label that torch's cross entropy leaves out
METRICS = ("accuracy_new", "accuracy_old", "negative_flip_rate", "positive_flip_rate")
BATCH_OF_LABELS = 2  # dimensions of one row of logits per example

Decode = Callable[[Any, Any], tuple[Any, Any]]


def flip_metrics(
    old_predictions: Any, *, decode: Decode | None = None, scorer: Any = None, **options: Any
) -> Callable[[Any], dict[str, float | int | None]]:
    """Make a `compute_metrics` for a transformers `Trainer`, which reports negative flips.

    It holds the old model's predictions on the evaluation set and reports, at each evaluation,
    `negative_flip_rate`, `positive_flip_rate`, `negative_flips`, `accuracy_new` and
    `accuracy_old`; the Trainer adds its prefix `eval_`.

    Args:
        old_predictions: one per example of the evaluation set, in its order: labels, logits of
            shape (N, classes), of which the argmax is taken, or texts.
        decode: from the Trainer's predictions and label ids to a column of predictions and a
            column of references, for what is no classification: `tokenizer.batch_decode` of both.
        scorer: see `compatkit.comparison.options.make_options`; exact match if not given.
        options: `threshold`, and the options of the scorer.

    Returns:
        A function of an `EvalPrediction`.

    Raises:
        DataError: at an evaluation, predictions that are neither labels nor logits, logits that
            are not finite or of one class alone, the label -100, which a loss leaves out and no
            class has, or another number of examples.

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from compatkit import flip_metrics
    >>> report = flip_metrics([0, 1, 1])
    >>> logits = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])
    >>> report(SimpleNamespace(predictions=logits, label_ids=np.array([0, 1, 1])))[
    ...     "negative_flips"
    ... ]
    1
    """
    old = to_column(OLD, read_labels(OLD, old_predictions))

    def compute_metrics(evaluated: Any) -> dict[str, float | int | None]:
        if decode is None:
            new, references = read_labels(NEW, evaluated.predictions), evaluated.label_ids
        else:
            new, references = decode(evaluated.predictions, evaluated.label_ids)
        columns = {
            OLD: old,
            NEW: to_column(NEW, new),
            REFERENCES: to_column(REFERENCES, references),
        }
        if decode is None:
            refuse_ignored(columns[REFERENCES])
        check_lengths(columns)
        comparison = compare_columns(
            columns, "exact_match" if scorer is None else scorer, **options
        )
        rates = {name: comparison.metrics[name].value for name in METRICS}
        return {**rates, "negative_flips": int(comparison.counts.negative_flips)}

    return compute_metrics


def read_labels(name: str, predictions: Any) -> Any:
    """Return labels as they are, and of logits the argmax.

    Args:
        name: what messages call them.
        predictions: labels, or logits of shape (N, classes).
    """
    if isinstance(predictions, tuple) and predictions and np.ndim(predictions[0]) > 0:
        predictions = predictions[0]  # a model that gives hidden states too gives its logits first
    if isinstance(predictions, list) or not hasattr(predictions, "ndim"):
        return predictions
    if hasattr(predictions, "detach"):  # a tensor: of bfloat16 NumPy knows nothing
        predictions = predictions.detach().cpu()
        predictions = predictions.float() if predictions.is_floating_point() else predictions
    values = np.asarray(predictions)
    if values.ndim == BATCH_OF_LABELS and values.dtype.kind == "f":
        _check_logits(name, values)
        return values.argmax(axis=1)
    if values.ndim != 1:
        raise DataError(
            f"{name} have shape {values.shape} and type {values.dtype}; one label or one row of "
            "logits per example was expected. Pass decode=... for anything else."
        )
    return values


def _check_logits(name: str, logits: Any) -> None:
    """Refuse logits whose argmax says nothing."""
    if logits.shape[1] < 2:  # noqa: PLR2004
        raise DataError(
            f"{name} have shape {logits.shape}: the argmax of fewer than two classes is always 0. "
            "Pass decode=... for a regression, or for one logit that means yes or no."
        )
    finite = np.isfinite(logits)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise DataError(
            f"{name}:{row + 1}: the logit of class {column} is {logits[row, column]}; finite "
            "numbers were expected. Give labels if you choose among fewer classes."
        )


def refuse_ignored(references: list[Any]) -> None:
    """Refuse the label that a loss leaves out, which no class has."""
    for row, value in enumerate(references, 1):
        if value == IGNORED or (isinstance(value, list) and IGNORED in value):
            raise DataError(
                f"{REFERENCES}:{row}: the label {IGNORED}, which a loss leaves out and no class "
                "has. Take such examples out of the evaluation set, or pass decode=..."
            )
