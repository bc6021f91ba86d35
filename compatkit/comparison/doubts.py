"""Doubts: what may be wrong with what was asked for, though all files fit together."""

from collections.abc import Sequence

import numpy as np

from compatkit.arrays import IntArray
from compatkit.metrics.pair import JudgedPair
from compatkit.notes import Note
from compatkit.pairing.edited import count_of
from compatkit.pairing.scored_rows import ScoredRows

MEGA = 1_000_000
BEGUN = 60 * MEGA  # bytes that take a comparison of a few rows
JOINED = 24  # bytes of an example that stay, or come and go, once its rows are joined
FLIPPED = 15  # bytes of a flip that is kept to be listed
POINTER = 8
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


def doubt_memory(
    memory: int | None, sides: Sequence[ScoredRows], size: int, flips: int
) -> list[Note]:
    """Note that more memory was needed than what was said: what is in no file, by its size.

    Args:
        memory: what was said, in bytes; None where nothing was.
        sides: the rows of all models.
        size: number of examples.
        flips: number of those that are kept to be listed.
    """
    if memory is None:
        return []
    piped = sum(len(side.file.source.data) for side in sides if side.file.source is not None)
    values = POINTER * sum(len(side.ids) * len(side.attributes) for side in sides)
    samples = POINTER * sum(len(side.ids) for side in sides if side.samples is not None)
    likelihoods = sum(side.likelihoods.nbytes for side in sides if side.likelihoods is not None)
    parts = {
        f"{size:,} examples": JOINED * size,
        f"{flips:,} flips": FLIPPED * flips,
        "what is read from a pipe": piped,
        "the values of fields to slice and group by": values,
        "samples": samples,
        "likelihoods of choices": likelihoods,
    }
    needed = BEGUN + sum(parts.values())
    if needed <= memory:
        return []
    listed = ", ".join(f"{name} {taken / MEGA:,.0f}" for name, taken in parts.items() if taken)
    text = (
        f"about {needed / MEGA:,.0f} MB of memory were needed, and --memory says "
        f"{memory / MEGA:,.0f}: to begin with {BEGUN / MEGA:,.0f}, {listed}"
    )
    return [Note("memory", text)]
