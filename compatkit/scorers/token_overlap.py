"""How many tokens two texts share, counted for whole columns of texts at once."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from compatkit.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# A block's arrays hold a few dozen bytes a token, so a block stays within some tens of megabytes.
BLOCK_TOKENS: Final = 1 << 17
BLOCK_ROWS: Final = 1 << 13
_WIDTHS_PER_DOUBLING: Final = 4


def blocks(
    predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]], *, size: int
) -> Iterator[slice]:
    """Cut two aligned columns into runs of rows whose lengths add up to about ``size``.

    A row longer than ``size`` is a run of its own.

    Args:
        predictions: Texts or token lists.
        references: As many texts or token lists.
        size: The summed length at which a run ends.

    Yields:
        The slice of each run, in order.

    Example:
        >>> list(blocks(["aaa", "b", "c"], ["a", "b", "c"], size=4))
        [slice(0, 1, None), slice(1, 3, None)]
    """
    start = length = 0
    for row, (prediction, reference) in enumerate(zip(predictions, references, strict=True)):
        length += len(prediction) + len(reference)
        if length >= size or row - start + 1 >= BLOCK_ROWS:
            yield slice(start, row + 1)
            start, length = row + 1, 0
    if start < len(predictions):
        yield slice(start, len(predictions))


def shared_counts(items: IntArray, lengths: IntArray) -> IntArray:
    """Size of the multiset intersection of each row's two lists of integers.

    ``shared = sum over distinct items of min(count in the first, count in the second)``

    Args:
        items: The first list of the first row, its second list, the first list of the second
            row and so on; each item in ``[0, 2 ** 62 - 1)``.
        lengths: The length of every list, in the same order, so two for each row.

    Returns:
        One count a row, in ``[0, min(length of the first, length of the second)]``.

    Source:
        Definition of the multiset intersection.

    Example:
        >>> shared_counts(np.array([7, 7, 8, 7, 8, 8]), np.array([3, 3]))
        array([2])
    """
    shared = np.zeros(len(lengths) // 2, dtype=np.int64)
    if not items.size:
        return shared
    narrow = int(items.max()) < np.iinfo(np.int32).max // 2
    keys = items.astype(np.int32 if narrow else np.int64) * 2
    keys = keys + np.repeat(np.tile(np.array([0, 1], keys.dtype), len(shared)), lengths)
    totals = lengths.reshape(-1, 2).sum(axis=1)
    # Rows of about one length are sorted together, as the rows of a matrix: much less work than
    # one long sort, with little padding.
    widths = np.ceil(_WIDTHS_PER_DOUBLING * np.log2(np.maximum(totals, 1)))
    for width in np.unique(widths):
        chosen = widths == width
        shared[chosen] = _shared_in_matrix(keys[np.repeat(chosen, totals)], totals[chosen])
    return shared


def _shared_in_matrix(keys: NDArray[np.signedinteger], totals: IntArray) -> IntArray:
    """`shared_counts` from keys of twice the item, plus one in the second list."""
    width = max(int(totals.max()), 1)
    # Padding lies in one list only, so it is shared with nothing.
    matrix = np.full((len(totals), width), np.iinfo(keys.dtype).max, dtype=keys.dtype)
    matrix[np.arange(width) < totals[:, None]] = keys
    matrix.sort(axis=1)
    in_second = (matrix & 1).ravel()
    matrix >>= 1
    first_of_run = np.ones(matrix.shape, dtype=bool)
    np.not_equal(matrix[:, 1:], matrix[:, :-1], out=first_of_run[:, 1:])
    starts = np.flatnonzero(first_of_run)
    counts_second = np.add.reduceat(in_second, starts)
    counts_first = np.diff(starts, append=matrix.size) - counts_second
    shared = np.minimum(counts_first, counts_second)
    cells = np.flatnonzero(shared)
    per_row = np.bincount(starts[cells] // width, weights=shared[cells], minlength=len(totals))
    return per_row.astype(np.int64)


def f1(shared: IntArray, predicted: IntArray, expected: IntArray) -> FloatArray:
    """F1 of counts: the harmonic mean of precision and recall.

    ``f1 = 2 * p * r / (p + r)`` with ``p = shared / predicted``, ``r = shared / expected``;
    0 where nothing is shared.

    Args:
        shared: How many items were found in both.
        predicted: How many items were predicted.
        expected: How many items were expected.

    Returns:
        One value a row, in ``[0, 1]``.

    Source:
        C. J. van Rijsbergen, "Information Retrieval" (1979), with equal weights.

    Example:
        >>> f1(np.array([1, 0]), np.array([2, 0]), np.array([1, 3])).tolist()
        [0.6666666666666666, 0.0]
    """
    precision = shared / np.maximum(predicted, 1)
    recall = shared / np.maximum(expected, 1)
    # Only 0 / 0 meets the other denominator, so no other row's bits depend on it.
    return 2 * precision * recall / np.where(shared > 0, precision + recall, 1.0)


def overlap_f1(
    prediction_tokens: Sequence[Sequence[str]], reference_tokens: Sequence[Sequence[str]]
) -> FloatArray:
    """F1 of the tokens that a prediction shares with its reference, order ignored.

    ``f1 = 2 * p * r / (p + r)`` with ``p = shared / len(prediction)``,
    ``r = shared / len(reference)``, ``shared`` the size of the multiset intersection;
    0 where nothing is shared.

    Args:
        prediction_tokens: The tokens of each prediction.
        reference_tokens: The tokens of each reference, as many rows.

    Returns:
        One value a row, in ``[0, 1]``.

    Source:
        P. Rajpurkar, J. Zhang, K. Lopyrev, P. Liang, "SQuAD: 100,000+ Questions for Machine
        Comprehension of Text" (2016), evaluation script version 1.1.

    Example:
        >>> overlap_f1([["a", "b", "b"], []], [["b", "b"], ["a"]]).tolist()
        [0.8, 0.0]
    """
    result = np.empty(len(prediction_tokens), dtype=np.float64)
    for rows in blocks(prediction_tokens, reference_tokens, size=BLOCK_TOKENS):
        pairs = zip(prediction_tokens[rows], reference_tokens[rows], strict=True)
        lists = list(chain.from_iterable(pairs))
        lengths = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        ids: defaultdict[str, int] = defaultdict()
        ids.default_factory = ids.__len__
        tokens = map(ids.__getitem__, chain.from_iterable(lists))
        items = np.fromiter(tokens, dtype=np.int64, count=int(lengths.sum()))
        result[rows] = f1(shared_counts(items, lengths), lengths[::2], lengths[1::2])
    return result
