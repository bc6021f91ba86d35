"""Doubts: what may be wrong with what was asked for, though all files fit together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from compatkit.arrays import IntArray
from compatkit.metrics.pair import JudgedPair
from compatkit.notes import Note
from compatkit.pairing.edited import count_of
from compatkit.pairing.engine import LARGE
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.readers import DOCUMENT
from compatkit.readers.address import Address
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import kind_of_name
from compatkit.stored import MEGA

BEGUN = 60 * MEGA  # bytes that take a comparison of a few rows
JOINED = 24  # bytes of an example that stay, or come and go, once its rows are joined
FLIPPED = 15  # bytes of a flip that is kept to be listed
GRADED = 110  # further bytes of an example, where scores lie between right and wrong
SHUFFLED = 16  # further bytes of an example, where files have their rows in other orders
VALUE = 60  # bytes of a value of a row, to slice or group by
SAMPLE = 80  # bytes of a sample
CONFIDENCE = 105  # bytes of what two models make of the choices of an example
SEARCHED = 2.7  # how often what tells rows apart is held while slices are found
WHOLE = 8  # bytes that a byte of a document takes which is read whole
REFERENCE = 420  # bytes of an example in a file of references
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
    memory: int | None, sides: Sequence[ScoredRows], pair: JudgedPair, *, listed: bool
) -> list[Note]:
    """Note that more memory was needed than what was said: what is in no file, by its size.

    Args:
        memory: what was said, in bytes; None where nothing was.
        sides: the rows of all models.
        pair: the results of two of them.
        listed: flips are kept to be listed.
    """
    if memory is None:
        return []
    size, flips = len(pair.ids), len(pair.fallen) + len(pair.risen) if listed else 0
    graded = any(side.held_scores.dtype != np.bool_ for side in (pair.old, pair.new))
    shuffled = any(side.ids is not sides[0].ids for side in sides)
    parts = {
        f"{size:,} examples": (JOINED + GRADED * graded + SHUFFLED * shuffled) * size,
        f"{flips:,} flips": FLIPPED * flips,
        **_measure_sides(sides),
        "what is made of likelihoods": 0 if pair.confidence is None else CONFIDENCE * size,
    }
    needed = BEGUN + sum(parts.values())
    if needed <= memory:
        return []
    return [_tell_memory(memory, needed, parts)]


def _measure_sides(sides: Sequence[ScoredRows]) -> dict[str, float]:
    """Return the bytes of what lies in no file of the rows of several models, by its name."""
    read = {side.file.reading: side.file for side in sides}.values()
    references = {
        id(file.references): file.references for file in read if file.references is not None
    }
    return {
        "what is read from a pipe": sum(len(f.source.data) for f in read if f.source is not None),
        "documents that are read whole": WHOLE * _add_whole([*map(_find_whole, read)]),
        "references of other files": REFERENCE * sum(len(r) for r in references.values()),
        "the values of fields to slice and group by": VALUE
        * sum(len(side.ids) * len(side.attributes) for side in sides),
        "samples": SAMPLE * sum(len(side.ids) for side in sides if side.samples is not None),
        "likelihoods of choices": sum(
            side.likelihoods.nbytes for side in sides if side.likelihoods is not None
        ),
        "what slices are found by": SEARCHED
        * sum(side.features.nbytes for side in sides if side.features is not None),
    }


def _add_whole(sizes: Sequence[int]) -> int:
    """Return how many bytes of documents are held at once: of all where files are scored so."""
    return sum(sizes) if min(sizes, default=0) >= LARGE else max(sizes, default=0)


def _find_whole(file: PredictionFile) -> int:
    """Return the stored bytes of the documents that a file's rows are read from, each at once."""
    if file.source is None or file.path is None:
        return 0
    if isinstance(file.path, Address):
        size = file.source.stamp[0] if file.source.stamp else None
        return int(size or 0) if DOCUMENT in {file.reader, kind_of_name(file.path.name)} else 0
    places = [file.path] if file.log is None else [file.log.path, *file.log.further]
    whole = [p for p in places if DOCUMENT in {file.reader, kind_of_name(p.name)}]
    return sum(place.stat().st_size for place in whole if isinstance(place, Path))


def _tell_memory(memory: int, needed: float, parts: Mapping[str, float]) -> Note:
    listed = ", ".join(f"{name} {taken / MEGA:,.0f}" for name, taken in parts.items() if taken)
    text = (
        f"about {needed / MEGA:,.0f} MB of memory were needed, and --memory says "
        f"{memory / MEGA:,.0f}: to begin with {BEGUN / MEGA:,.0f}, {listed}"
    )
    return Note("memory", text)
