"""Token F1: how many words of the answer and a reference are shared."""

from collections.abc import Sequence

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.normalize import normalize_column, normalize_rows
from compatkit.scorers.scorer import Scored, Scorer, score_pairs
from compatkit.scorers.tokens_seen import NO_WORDS, has_spaced_words
from compatkit.scorers.unseen import leave_out_unseen


def token_f1() -> Scorer:
    """Score by the F1 of shared words after SQuAD's normalisation, best over references.

    F1 = 2pr / (p + r), with p and r the share of the prediction's and the reference's words
    that the other holds, counted with multiplicity; 0 where nothing is shared. An empty answer to
    a question whose reference is empty (it has no answer) is 1, and any other answer to it 0.
    The answer that churn compares is the normalised prediction; a text of which the normaliser
    leaves nothing keeps its articles. An example whose references are written without spaces
    is left out and counted.

    Source: Rajpurkar et al. 2018 (arXiv 1806.03822), SQuAD 2.0's evaluation script.
    """

    def score(rows: Predictions) -> Scored:
        answers, _, notes = normalize_rows(rows, "squad")
        scored = Scored(score_pairs(rows, _f1), answers, notes)
        return leave_out_unseen(scored, rows, has_spaced_words, NO_WORDS)

    return Scorer("token_f1", score, {"normalize": "squad"}, continuous=True)


def _f1(predictions: Sequence[str], references: Sequence[str]) -> FloatArray:
    from compatkit.scorers.token_overlap import overlap_f1  # noqa: PLC0415

    left = [(text or "").split() for text in normalize_column(predictions)]
    right = [(text or "").split() for text in normalize_column(references)]
    nothing = [not (words or others) for words, others in zip(left, right, strict=True)]
    return np.where(nothing, 1.0, overlap_f1(left, right))
