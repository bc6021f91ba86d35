"""Token F1: how many words of the answer and a reference are shared."""

from collections.abc import Sequence

from compatkit.arrays import FloatArray
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.normalize import normalize_rows, normalize_squad
from compatkit.scorers.scorer import Scored, Scorer, score_pairs


def token_f1() -> Scorer:
    """Score by the F1 of shared words after SQuAD's normalisation, best over references.

    F1 = 2pr / (p + r), with p and r the share of the prediction's and the reference's words
    that the other holds, counted with multiplicity; 0 where nothing is shared or nothing is
    left of a side. The answer that churn compares is the normalised prediction.

    Source: Rajpurkar et al. 2016, SQuAD, section 6.1.
    """

    def score(rows: Predictions) -> Scored:
        answers, _, notes = normalize_rows(rows, "squad")
        return Scored(score_pairs(rows, _f1), answers, notes)

    return Scorer("token_f1", score, {"normalize": "squad"}, continuous=True)


def _f1(predictions: Sequence[str], references: Sequence[str]) -> FloatArray:
    from compatkit.scorers.token_overlap import overlap_f1  # noqa: PLC0415

    left = [text.split() for text in normalize_squad(predictions)]
    right = [text.split() for text in normalize_squad(references)]
    return overlap_f1(left, right)
