"""BLEU, chrF and TER of a sentence, as sacrebleu gives them."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.sacrebleu_tokens import TOKENIZE
from compatkit.scorers.scorer import Scored, Scorer, whole_texts
from compatkit.scorers.tokens_seen import NO_WORDS, has_spaced_words, words_seen_by
from compatkit.scorers.unseen import leave_out_unseen

Columns = Callable[[Sequence[str], Sequence[Sequence[str]]], FloatArray]


def bleu(
    *,
    tokenize: Annotated[str, TOKENIZE] = "13a",
) -> Scorer:
    """Score by sacrebleu's sentence BLEU / 100, with its own way of several references.

    Equal to `sacrebleu.sentence_bleu` to the last bit: exponential smoothing, effective
    order. The answer that churn compares is the prediction as it stands.

    Args:
        tokenize: a tokenizer of sacrebleu, such as `13a`, `intl`, `char`, `zh`.

    Source: Papineni et al. 2002; Post 2018 (arXiv 1804.08771).
    """

    def make() -> Columns:
        from compatkit.scorers.bleu_columns import BleuColumns  # noqa: PLC0415

        return BleuColumns(tokenize=tokenize)

    return _scorer("bleu", make, {"tokenize": tokenize}, words_seen_by(tokenize))


def chrf(
    *,
    word_order: Annotated[int, Option(least=0, most=10, help="2 for chrF++.")] = 0,
) -> Scorer:
    """Score by sacrebleu's sentence chrF / 100, the best over references.

    Equal to `sacrebleu.sentence_chrf` to the last bit: character n-grams up to 6, beta 2.
    The answer that churn compares is the prediction as it stands.

    Args:
        word_order: 0 for chrF, 2 for chrF++.

    Source: Popovic 2015, chrF; Popovic 2017, chrF++.
    """

    def make() -> Columns:
        from compatkit.scorers.chrf_columns import ChrfColumns  # noqa: PLC0415

        return ChrfColumns(word_order=word_order)

    return _scorer("chrf", make, {"word_order": word_order})


def ter() -> Scorer:
    """Score by 1 - min(TER, 1), with TER sacrebleu's sentence TER / 100.

    1 is no edit and 0 at least one edit per word of the reference. The answer that churn
    compares is the prediction as it stands.

    Source: Snover et al. 2006, a study of translation edit rate.
    """
    return _scorer("ter", _ter_columns, {}, has_spaced_words)


def _scorer(
    name: str,
    make: Callable[[], Columns],
    options: Mapping[str, object],
    sees: Callable[[str], bool] | None = None,
) -> Scorer:
    from importlib.metadata import version  # noqa: PLC0415

    columns = cache(make)

    def score(rows: Predictions) -> Scored:
        answered = [row for row, text in enumerate(rows.prediction) if text is not None]
        scores = np.zeros(len(rows))
        if answered:
            predictions = [rows.prediction[row] or "" for row in answered]
            scores[answered] = columns()(predictions, [rows.references[row] for row in answered])
        scored = Scored(scores, whole_texts(rows))
        return scored if sees is None else leave_out_unseen(scored, rows, sees, NO_WORDS)

    return Scorer(
        name,
        score,
        {**options, "sacrebleu": version("sacrebleu")},
        continuous=True,
        answers=whole_texts,
    )


def _ter_columns() -> Columns:
    from compatkit.scorers.ter_columns import ter_scores  # noqa: PLC0415

    return ter_scores
