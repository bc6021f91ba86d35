"""Paired choices: the likelihoods of two models' rows, choice by choice whatever their order.

Choices are known by their texts: a model may have been shown them in another order. Of an example
whose choices are other texts on the two sides, or of which two are alike and not in the same
places, nothing is paired.
"""

import numpy as np
from msgspec import Struct

from compatkit.arrays import FloatArray, IntArray
from compatkit.predictions.likelihoods import Likelihoods, spread


class PairedChoices(Struct, frozen=True):
    """The likelihoods of the same choices on two sides.

    Attributes:
        examples: which examples have them, ascending.
        sizes: the number of choices of each.
        old: the old log-likelihoods, of one example after those of another, in the old order.
        new: the new ones, of the same choices in the same order.
    """

    examples: IntArray
    sizes: IntArray
    old: FloatArray
    new: FloatArray


def rows_of(examples: IntArray, size: int) -> IntArray:
    """Return the row of each example, -1 where it has none; shape (size,).

    Args:
        examples: shape (rows,), the index of each row's example, -1 where left out; of an example
            with several rows the last counts.
        size: number of examples.
    """
    rows = np.full(size, -1, np.int64)
    used = np.flatnonzero(examples >= 0)
    rows[examples[used]] = used
    return rows


def pair_choices(
    old: Likelihoods, new: Likelihoods, old_rows: IntArray, new_rows: IntArray
) -> PairedChoices:
    """Pair the choices of two models' rows by their texts.

    Args:
        old: the old model's.
        new: the new model's.
        old_rows: shape (N,), the row of each example, -1 where it has none.
        new_rows: the same.
    """
    sizes = _sizes(old, old_rows)
    alike = (sizes > 0) & (sizes == _sizes(new, new_rows)) & (old.weighing == new.weighing)
    examples = np.flatnonzero(alike)
    sizes = sizes[examples]
    places, other = spread(old.sizes, old_rows[examples]), spread(new.sizes, new_rows[examples])
    owners = np.repeat(np.arange(len(examples)), sizes)
    apart = old.names[places] != new.names[other]
    same = np.bincount(owners[apart], minlength=len(examples)) == 0
    moved = ~same[owners]
    if moved.any():
        order, new_order = (
            np.lexsort((side.names[where[moved]], owners[moved]))
            for side, where in ((old, places), (new, other))
        )
        names = old.names[places[moved]][order]
        unlike = names != new.names[other[moved]][new_order]
        # Of two choices of one text nobody knows which is which.
        twins = np.zeros(len(names), np.bool_)
        inner = owners[moved][order]
        twins[1:] = (names[1:] == names[:-1]) & (inner[1:] == inner[:-1])
        same = np.bincount(inner[unlike | twins], minlength=len(examples)) == 0
        aligned = other[moved]
        aligned[order] = aligned[new_order]
        other[moved] = aligned
    kept = same[owners]
    return PairedChoices(
        examples[same], sizes[same], old.values[places[kept]], new.values[other[kept]]
    )


def _sizes(side: Likelihoods, rows: IntArray) -> IntArray:
    return np.where(rows >= 0, side.sizes[rows], 0)
