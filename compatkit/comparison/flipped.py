"""Flipped examples: their records, read again from the files."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.comparison import FlippedExample
from compatkit.metrics.pair import JudgedPair
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.predictions.fields import Record
from compatkit.predictions.predictions import Predictions, Records, to_predictions


def find_flipped(
    pair: JudgedPair,
    sides: tuple[ScoredRows, ScoredRows],
    examples: tuple[IntArray, IntArray],
    threshold: float,
) -> tuple[FlippedExample, ...]:
    """Return the flipped examples whole, negative ones first, in the old file's order.

    Args:
        pair: the aligned results; an example flips where the share of right samples changes.
        sides: the old and the new model's rows.
        examples: for each side, of each row the index of its example, -1 where left out.
        threshold: the score from which a row is right.

    Raises:
        DataError: a file changed since it was scored.
    """
    fell = np.flatnonzero(pair.old.right > pair.new.right)
    rose = np.flatnonzero(pair.old.right < pair.new.right)
    flipped = np.concatenate([fell, rose])
    if len(flipped) == 0:
        return ()
    wanted = pair.old.right > pair.new.right
    witnesses = [
        _witnesses(side, rows, side.right(threshold), want, flipped)
        for side, rows, want in zip(sides, examples, (wanted, ~wanted), strict=True)
    ]
    shares = pair.old.right, pair.new.right
    if pair.single:
        shares = pair.old.scores, pair.new.scores
    return tuple(
        _example(
            pair.ids[index],
            "negative" if number < len(fell) else "positive",
            (float(shares[0][index]), float(shares[1][index])),
            witnesses[0].get(index),
            witnesses[1].get(index),
        )
        for number, index in enumerate(flipped.tolist())
    )


def _witnesses(
    side: ScoredRows,
    examples: IntArray,
    right: BoolArray,
    wanted: BoolArray,
    flipped: IntArray,
) -> dict[int, tuple[Record, Predictions]]:
    """Return, for each flipped example, the first of its rows that is right, or wrong, as wanted.

    An example that the side lacks has none.
    """
    first = np.full(len(wanted), -1, np.int64)
    fitting = np.flatnonzero((examples >= 0) & (right == wanted[examples]))[::-1]
    first[examples[fitting]] = fitting
    rows = {index: int(first[index]) for index in flipped.tolist() if first[index] >= 0}
    records = side.file.pick(
        {int(side.records[row]): int(side.lines[row]) for row in rows.values()}
    )
    return {index: _read(side, row, records[int(side.records[row])]) for index, row in rows.items()}


def _read(side: ScoredRows, row: int, record: Record) -> tuple[Record, Predictions]:
    """Make columns of a record, with the text of this row's sample alone."""
    batch = Records([record], [int(side.lines[row])], side.file.name)
    rows = to_predictions(batch, side.fields, needs_prediction=False, needs_references=False)
    sample = row - int(np.searchsorted(side.records, side.records[row]))
    return record, replace(rows, prediction=[rows.prediction[sample]])


def _example(
    name: str,
    kind: str,
    scores: Sequence[float],
    old: tuple[Record, Predictions] | None,
    new: tuple[Record, Predictions] | None,
) -> FlippedExample:
    sides = [side for side in (old, new) if side is not None]
    columns = [rows for _, rows in sides]
    return FlippedExample(
        id=name,
        kind=kind,
        old_score=scores[0],
        new_score=scores[1],
        old_prediction=None if old is None else old[1].prediction[0],
        new_prediction=None if new is None else new[1].prediction[0],
        references=next((rows.references[0] for rows in columns if rows.references[0]), ()),
        input=next((rows.input[0] for rows in columns if rows.input[0] is not None), None),
        old_record={} if old is None else old[0],
        new_record={} if new is None else new[0],
    )
