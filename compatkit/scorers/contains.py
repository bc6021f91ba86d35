"""Contains: 1 if a reference occurs in the prediction."""

import numpy as np

from compatkit.predictions.predictions import Predictions
from compatkit.scorers.normalize import Normalize, normalize_rows
from compatkit.scorers.scorer import Scored, Scorer, flat_references


def contains(*, normalize: Normalize = "none") -> Scorer:
    """Score 1 if any reference occurs in the prediction after normalisation, else 0.

    The answer that churn compares is the reference that occurs, or else the whole
    normalised prediction. An empty reference occurs nowhere.

    Args:
        normalize: `none` or `squad`, applied to both sides.
    """

    def score(rows: Predictions) -> Scored:
        texts, accepted, notes = normalize_rows(rows, normalize)
        answers = list(texts)
        scores = np.zeros(len(rows))
        for row, reference in zip(flat_references(rows)[1].tolist(), accepted, strict=True):
            text = texts[row]
            if reference and text is not None and not scores[row] and reference in text:
                scores[row] = 1.0
                answers[row] = reference
        return Scored(scores, answers, notes)

    return Scorer("contains", score, {"normalize": normalize})
