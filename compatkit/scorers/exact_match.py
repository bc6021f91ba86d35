"""Exact match: 1 if the prediction equals a reference."""

from compatkit.predictions.predictions import Predictions
from compatkit.scorers.normalize import Normalize, normalize_rows
from compatkit.scorers.scorer import Scored, Scorer, score_right


def exact_match(*, normalize: Normalize = "none") -> Scorer:
    """Score 1 if the prediction equals any reference after normalisation, else 0.

    The answer that churn compares is the normalised prediction. A text of which the
    normaliser leaves nothing keeps its articles: SQuAD's script takes any two such texts for
    equal.

    Args:
        normalize: `none`, or `squad` (lower case, no punctuation, no articles, single spaces).

    Source: Rajpurkar et al. 2016, SQuAD, section 6.1.
    """

    def score(rows: Predictions) -> Scored:
        answers, accepted, notes = normalize_rows(rows, normalize)
        return score_right(rows, answers, lambda _: accepted, notes)

    return Scorer("exact_match", score, {"normalize": normalize})
