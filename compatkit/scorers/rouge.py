"""ROUGE: the overlap of a summary with a reference, as F1."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, score_pairs

if TYPE_CHECKING:
    from compatkit.scorers.rouge_columns import RougeColumns


def rouge(
    kind: str,
    *,
    stemmer: Annotated[bool, Option(help="compare Porter's stems of words.")] = False,
) -> Scorer:
    """Score by ROUGE F1, the best over the references.

    F1 = 2pr / (p + r) of overlapping unigrams (`rouge1`), bigrams (`rouge2`), the longest
    common subsequence (`rougeL`), or its union over the sentences, one a line (`rougeLsum`).
    Equal to rouge-score 0.1.2 to the last bit. The answer that churn compares is the
    prediction as it stands.

    Args:
        kind: `rouge1`, `rouge2`, `rougeL` or `rougeLsum`.
        stemmer: compare Porter's stems of words longer than three letters.

    Source: Lin 2004, ROUGE: a package for automatic evaluation of summaries.
    """

    @cache  # made at the first batch: naming the scorer costs no import of its libraries
    def columns() -> "RougeColumns":
        from compatkit.scorers.rouge_columns import RougeColumns  # noqa: PLC0415

        return RougeColumns(kind, stemmer=stemmer)

    def score(rows: Predictions) -> Scored:
        return Scored(score_pairs(rows, columns()), list(rows.prediction))

    return Scorer(kind, score, {"stemmer": stemmer}, continuous=True)
