"""Doubts: what may be wrong with what was asked for, though all files fit together."""

from collections.abc import Sequence

import numpy as np

from compatkit.arrays import IntArray
from compatkit.metrics.pair import JudgedPair
from compatkit.notes import Note
from compatkit.pairing.edited import count_of
from compatkit.pairing.scored_rows import ScoredRows

HARDLY_EVER = 0.01  # below this accuracy of both models the scorer is likely the wrong one


def doubt_scorer(pair: JudgedPair, scorer: str) -> list[Note]:
    """Note that neither model is ever right, or hardly."""
    if max(pair.old.held_right.mean(), pair.new.held_right.mean()) >= HARDLY_EVER:
        return []
    text = (
        f"neither model is right on {HARDLY_EVER:.0%} of the examples by {scorer}; another "
        "--scorer or --threshold may fit"
    )
    return [Note("judged", text)]


def doubt_position(
    sides: Sequence[ScoredRows], examples: Sequence[IntArray], size: int
) -> list[Note]:
    """Note rows that nothing but their position pairs.

    Args:
        sides: the rows of two models that are paired by position.
        examples: for each side, of each row the index of its example, -1 where left out.
        size: number of examples.
    """
    told = np.ones(size, np.bool_)
    for side, rows in zip(sides, examples, strict=True):
        for part, *columns in side.parts("references", "input", "item_hash"):
            alike = np.logical_or.reduce([column != 0 for column in columns])
            told[rows[part][(rows[part] >= 0) & ~alike]] = False
    if told.all():
        return []
    lost = count_of(int((~told).sum()), "example")
    text = (
        f"{lost} paired by position, whose rows hold neither a reference nor an input on both "
        "sides: whether they are the same examples was not compared"
    )
    return [Note("unchecked", text)]
