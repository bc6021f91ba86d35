"""Sentence TER over whole columns, equal to the last bit to sacrebleu's.

Needs numpy at import; sacrebleu is imported where it counts.
"""

from collections.abc import Sequence

import numpy as np

from compatkit.arrays import FloatArray, IntArray
from compatkit.kernel import NOT_COUNTED, load_kernel

__all__ = ["ter_scores"]


def ter_scores(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> FloatArray:
    """Score each prediction by 1 - min(TER, 1).

    TER is the fewest edits to any reference per word of a reference, on average over them; an
    edit inserts, drops or replaces a word or moves a run of words. Equal to
    `sacrebleu.sentence_ter(...).score / 100`.

    Args:
        predictions: one text a row.
        references: one or more texts a row.

    Returns:
        One score a row, in [0, 1].

    Source: Snover et al. 2006, a study of translation edit rate; sacrebleu 2.6.

    >>> ter_scores(["b c a d", ""], [["a b c d"], ["a", "b"]]).tolist()
    [0.75, 0.0]
    """
    counts = np.full((len(predictions), 2), NOT_COUNTED, np.int64)
    kernel = load_kernel()
    if kernel is not None:
        kernel.ter(predictions, references, counts)
    rates = _rates(counts, np.array([*map(len, references)], np.int64))
    left = np.flatnonzero(counts[:, 0] == NOT_COUNTED).tolist()
    if left:
        rates[left] = _rates_of_sacrebleu(
            [predictions[row] for row in left], [references[row] for row in left]
        )
    return 1 - np.minimum(rates, 1)


def _rates(counts: IntArray, sizes: IntArray) -> FloatArray:
    """Return TER from edits and words, by sacrebleu's operations in their order."""
    edits, words = counts[:, 0], counts[:, 1] / np.maximum(sizes, 1)
    with_words = edits / np.where(words > 0, words, 1)
    rates: FloatArray = 100 * np.where(words > 0, with_words, np.minimum(edits, 1)) / 100
    return rates


def _rates_of_sacrebleu(
    predictions: Sequence[str], references: Sequence[Sequence[str]]
) -> list[float]:
    from sacrebleu.metrics.ter import TER  # noqa: PLC0415

    metric = TER()
    pairs = zip(predictions, references, strict=True)
    return [metric.sentence_score(text, list(others)).score / 100 for text, others in pairs]
