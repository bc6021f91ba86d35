"""Sentence chrF over whole columns, equal to the last bit to sacrebleu's.

Needs numpy at import; sacrebleu is imported when a `ChrfColumns` is made.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np

from compatkit.arrays import FloatArray, IntArray
from compatkit.errors import ConfigError
from compatkit.kernel import NOT_COUNTED, load_kernel
from compatkit.scorers.bleu_columns import clipped_matches
from compatkit.scorers.text_blocks import blocks, check_columns

__all__ = ["ChrfColumns"]

ORDER = 6
BETA = 2
TEXTS = 4096
"""Prepared texts that one call remembers."""
BLOCK = 1 << 14
"""Characters that are worked on at a time, for arrays of about 100 kB as in `bleu_columns`."""
END = "\0"


class ChrfColumns:
    """Sentence chrF of two columns: the F2 of shared character n-grams, white space left out.

    `5 * P * R / (4 * P + R)`, where `P` is the mean over n = 1 .. 6 of the share of the
    prediction's n-grams that the reference has, each counted at most as often as there, and `R`
    the same from the reference's side; orders that one of the two has none of are left out. With
    several references the best counts. With `word_order` w the n-grams of words, n = 1 .. w, are
    averaged too: 2 is chrF++. Equal to `sacrebleu.sentence_chrf(...).score / 100`, in [0, 1].

    Source: Popovic 2015; Popovic 2017 (chrF++); sacrebleu 2.6 (Post 2018).

    >>> ChrfColumns()(["a b c", "a"], [["abc"], ["b", "c"]]).round(12).tolist()
    [1.0, 0.0]
    """

    def __init__(self, *, word_order: int = 0, lowercase: bool = False) -> None:
        """Choose the n-grams.

        Args:
            word_order: The longest n-grams of words; 0 counts those of characters only, and is
                the fast one: others go through sacrebleu a row at a time.
            lowercase: Lower-case the texts first.

        Raises:
            ConfigError: `word_order` is not a whole number from 0.
        """
        from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415 - slow to import

        if not isinstance(word_order, int) or word_order < 0:
            raise ConfigError(f"word_order={word_order!r}; expected a whole number from 0")
        self._word_order = word_order
        self._lowercase = lowercase
        self._metric = CHRF(word_order=word_order, lowercase=lowercase)

    def __call__(
        self, predictions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> FloatArray:
        """Score each prediction against its references.

        Args:
            predictions: One text a row.
            references: One or more texts a row.

        Returns:
            One chrF a row, in [0, 1].

        Raises:
            DataError: The columns differ in length, or a row has no reference.
        """
        check_columns(predictions, references)
        kernel = load_kernel()
        if kernel is None or self._word_order:
            return self._score_in_python(predictions, references)
        row_of = np.repeat(np.arange(len(references)), [*map(len, references)])
        pairs = self._lowered([predictions[row] for row in row_of.tolist()])
        counts = np.empty((len(row_of), 2 + ORDER), np.int64)
        kernel.chrf(pairs, self._lowered([*chain.from_iterable(references)]), counts)
        scores = np.zeros(len(predictions))
        np.maximum.at(scores, row_of, _f_scores(counts[:, 2:], counts[:, :1], counts[:, 1:2]))
        left = sorted({*row_of[counts[:, 0] == NOT_COUNTED].tolist()})
        if left:
            scores[left] = self._score_in_python(
                [predictions[row] for row in left], [references[row] for row in left]
            )
        return scores

    def _lowered(self, texts: list[str]) -> list[str]:
        return [text.lower() for text in texts] if self._lowercase else texts

    def _score_in_python(
        self, predictions: Sequence[str], references: Sequence[Sequence[str]]
    ) -> FloatArray:
        scores = np.empty(len(predictions))
        squeeze = lru_cache(TEXTS)(self._squeeze)
        for rows in blocks(predictions, references, BLOCK):
            if self._word_order:
                score = self._metric.sentence_score
                percents = [score(predictions[row], references[row]).score for row in rows]
                scores[rows] = np.array(percents) / 100
            else:
                texts = [[squeeze(text) for text in references[row]] for row in rows]
                scores[rows] = _score_block([squeeze(predictions[row]) for row in rows], texts)
        return scores

    def _squeeze(self, text: str) -> str:
        """Return the text without white space, as sacrebleu counts it."""
        return "".join((text.lower() if self._lowercase else text).split())


def _score_block(predictions: list[str], references: list[list[str]]) -> FloatArray:
    """Return the chrF of prepared rows: the best of each prediction with one reference."""
    counts = np.array([len(texts) for texts in references], np.int64)
    texts = [
        text
        for prediction, others in zip(predictions, references, strict=True)
        for other in others
        for text in (prediction, other)
    ]
    joined = END.join((*texts, ""))
    ids = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    lengths = np.array([len(text) for text in texts])
    pairs = np.ones(len(texts) // 2, np.int64)
    matches = clipped_matches(ids, lengths + 1, pairs, ORDER)
    scores = _f_scores(matches, lengths[::2, None], lengths[1::2, None])
    best: FloatArray = np.maximum.reduceat(scores, np.cumsum(counts) - counts)
    return best


def _f_scores(matches: IntArray, predicted: IntArray, reference: IntArray) -> FloatArray:
    """Return the F2 of pairs by the operations of sacrebleu's `_compute_f_score` in their order.

    They are sums, products and quotients only, which numpy rounds as Python does.
    """
    before = np.arange(ORDER)
    n_predicted = predicted - before
    n_reference = reference - before
    both = (n_predicted > 0) & (n_reference > 0)
    orders = np.maximum(both.sum(axis=1), 1)
    precision = np.zeros(len(matches))
    recall = np.zeros(len(matches))
    for n in range(ORDER):
        # No matches where an order is left out: adding 0 / 1 changes nothing.
        precision += matches[:, n] / np.where(both[:, n], n_predicted[:, n], 1)
        recall += matches[:, n] / np.where(both[:, n], n_reference[:, n], 1)
    precision /= orders
    recall /= orders
    factor = BETA**2
    below = factor * precision + recall
    score = (1 + factor) * precision * recall / np.where(below > 0, below, 1)
    return 100 * score / 100
