"""Flipped examples: found as places in columns, their records read again from the files."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.causes import Broken, Row, find_cause
from compatkit.comparison.examples import (
    CHANGED,
    EVERY_KIND,
    KINDS,
    FlipColumns,
    FlippedExample,
    FlippedExamples,
)
from compatkit.metrics.pair import JudgedPair
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.predictions.fields import Fields, Record
from compatkit.predictions.ids import Ids, pick_texts
from compatkit.predictions.predictions import to_predictions
from compatkit.predictions.records import Records
from compatkit.readers.prediction_file import PredictionFile
from compatkit.scorers.scorer import Scorer
from compatkit.stored import Column, Stored, find_kind, read_parts, take

NO_ROW = Row({}, None, None, (), None, 0)
TOGETHER = 2_000  # rows of a long list that are judged together


class Aligned(Struct, frozen=True):
    """One side of a comparison: what was read of it, and which example each row belongs to.

    Attributes:
        rows: the model's rows.
        examples: of each row the index of its example, -1 where left out.
        right: of each row.
        by_run: whether `compatkit run` made the file.
    """

    rows: ScoredRows
    examples: IntArray
    right: BoolArray
    by_run: bool = False


class BestOf(Struct, frozen=True):
    """The best of several versions in the place of one side.

    Attributes:
        versions: what was read of each.
        chosen: shape (N,), which of them is the best, for each example.
    """

    versions: tuple[Aligned, ...]
    chosen: IntArray


Side = Aligned | BestOf
FindExamples = Callable[
    [JudgedPair, tuple[Side, Aligned], Scorer, Sequence[str]], FlippedExamples | None
]


def find_flipped(
    pair: JudgedPair, sides: tuple[Side, Aligned], scorer: Scorer, slices: Sequence[str] = ()
) -> FlippedExamples:
    """Return the flipped examples, negative ones first, in the old file's order.

    No record is read here: it is where it is asked for.

    Args:
        pair: the aligned results; an example flips where the share of right samples, or its
            pass@k, changes.
        sides: the old and the new model's.
        scorer: what judged the rows.
        slices: fields whose values are told of each example.
    """
    indices = np.concatenate([pair.fallen, pair.risen])
    kinds = np.repeat(np.arange(len(KINDS), dtype=np.int8), [len(pair.fallen), len(pair.risen)])
    return _list_examples((pair, sides, scorer, slices), indices, kinds)


def find_changed(
    pair: JudgedPair, sides: tuple[Side, Aligned], scorer: Scorer, slices: Sequence[str] = ()
) -> FlippedExamples | None:
    """Return the examples whose answer is another, and wrong on both sides; no flips.

    None where the files hold no answers to compare. The arguments are those of `find_flipped`.
    """
    if pair.same is None:
        return None
    indices = np.flatnonzero(~(pair.was_right | pair.is_right | pair.same))
    kinds = np.full(len(indices), EVERY_KIND.index(CHANGED), np.int8)
    return _list_examples((pair, sides, scorer, slices), indices, kinds)


def _list_examples(
    of: tuple[JudgedPair, tuple[Side, Aligned], Scorer, Sequence[str]],
    indices: IntArray,
    kinds: NDArray[np.int8],
) -> FlippedExamples:
    pair, sides, scorer, slices = of
    shares = pair.old.held_right, pair.new.held_right
    if pair.single:
        shares = pair.old.held_scores, pair.new.held_scores
    old = _find_old(sides[0], pair.fell, indices, scorer)
    new = find_witnesses(sides[1], pair.rose, indices, scorer)
    columns = FlipColumns(
        _take_ids(pair.ids, indices),
        kinds,
        shares[0][indices],
        shares[1][indices],
        {path: [pair.attributes[path][row] for row in indices.tolist()] for path in slices},
        new.lines,
        None if pair.confidence is None or not pair.single else pair.confidence.take(indices),
    )
    return FlippedExamples(columns, _Reading(columns, old, new).read)


def _take_ids(ids: Sequence[str], rows: IntArray) -> Sequence[str]:
    """Return some ids, packed, as a list of texts takes some sixty bytes more for each."""
    parts = np.split(rows, np.flatnonzero(np.diff(rows) < 0) + 1)
    if not isinstance(ids, Ids):
        return [ids[row] for row in rows.tolist()]
    return Ids.join([ids.take(part) for part in parts])


def _find_old(
    side: Side, wanted: BoolArray, indices: IntArray, scorer: Scorer
) -> "Witnesses | BestWitnesses":
    if isinstance(side, Aligned):
        return find_witnesses(side, wanted, indices, scorer)
    witnesses = [find_witnesses(version, wanted, indices, scorer) for version in side.versions]
    return BestWitnesses(tuple(witnesses), side.chosen[indices])


def find_witnesses(
    side: Aligned, wanted: BoolArray, indices: IntArray, scorer: Scorer
) -> "Witnesses":
    """Find, for each example, the first of its rows that is right, or wrong, as wanted.

    Args:
        side: one model's.
        wanted: shape (N,), whether a right row is looked for.
        indices: shape (F,), the examples.
        scorer: what reads an answer out of a text.
    """
    place = np.full(len(wanted), -1, np.int32)
    place[indices] = np.arange(len(indices))
    columns = [side.rows.columns[name] for name in ("records", "lines")]
    records, lines, samples = (np.zeros(len(indices), find_kind(*columns)) for _ in range(3))
    records -= 1
    last, first = -1, 0  # the record that was met last, and its first row
    parts = read_parts(side.examples, side.right, *columns)
    for part, (examples, right, own_records, own_lines) in parts:
        starts = np.flatnonzero(np.diff(own_records, prepend=last))
        first_rows = np.concatenate([[first], part.start + starts])
        last, first = int(own_records[-1]), int(first_rows[-1])
        fitting = (examples >= 0) & (place[examples] >= 0) & (right == wanted[examples])
        own = np.flatnonzero(fitting)[::-1]  # of several rows of an example the first one counts
        own = own[records[place[examples[own]]] < 0]
        places = place[examples[own]]
        records[places], lines[places] = own_records[own], own_lines[own]
        samples[places] = part.start + own - first_rows[np.searchsorted(starts, own, "right")]
    keep = partial(_keep, beside=columns[0])
    return Witnesses(
        side.rows.file,
        side.rows.fields,
        scorer,
        keep(records),
        keep(lines),
        keep(samples),
        side.by_run,
    )


def _keep(column: IntArray, beside: Column) -> Column:
    """Return a column where another one lies: in memory, or in the same temporary file."""
    return beside.stores[0].put(column) if isinstance(beside, Stored) else column


class _Reading(Struct, frozen=True):
    """How flipped examples are read: all that is wanted of a side in one go."""

    columns: FlipColumns
    old: "Witnesses | BestWitnesses"
    new: "Witnesses"

    def read(self, places: IntArray) -> Iterator[FlippedExample]:
        old, new = self.old.read(places), self.new.read(places)
        for start in range(0, len(places), TOGETHER):
            some = places[start : start + TOGETHER]
            names = pick_texts(self.columns.ids, some)
            for place, name in zip(some.tolist(), names, strict=True):
                yield self._example(place, name, next(old), next(new))

    def _example(self, place: int, name: str, old: Row, new: Row) -> FlippedExample:
        columns = self.columns
        kind, broken = EVERY_KIND[columns.kinds[place]], Broken(new, old)
        confidence = columns.confidence
        return FlippedExample(
            id=name,
            kind=kind,
            old_score=float(columns.old_scores[place]),
            new_score=float(columns.new_scores[place]),
            old_prediction=old.text,
            new_prediction=new.text,
            references=broken.references,
            input=new.input if old.input is None else old.input,
            old_record=old.record,
            new_record=new.record,
            old_answer=old.answer,
            new_answer=new.answer,
            slices={path: values[place] for path, values in columns.slices.items()},
            cause=find_cause(broken) if kind == KINDS[0] else None,
            confidence=None if confidence is None else confidence.right_choice(place),
        )


class Witnesses(Struct, frozen=True):
    """Where the rows of one side lie that show what became of each of F examples.

    Attributes:
        file: the side's.
        fields: which field played which role.
        scorer: what reads an answer out of a text.
        records: shape (F,), the index of each row's record in the file; -1 where there is none.
        lines: shape (F,), the line of the record; 0 where there is none.
        samples: shape (F,), which of the record's predictions the row is.
        by_run: whether `compatkit run` made the file.
    """

    file: PredictionFile
    fields: Fields
    scorer: Scorer
    records: Column
    lines: Column
    samples: Column
    by_run: bool = False

    def read(self, places: IntArray) -> Iterator[Row]:
        """Read the rows of some examples, in one go; `NO_ROW` where the side has none.

        Raises:
            DataError: the file changed since it was scored.
        """
        records = take(self.records, places)
        present = records >= 0
        rows = self._read(places[present], records[present])
        for is_there in present.tobytes():
            yield next(rows) if is_there else NO_ROW

    def _read(self, places: IntArray, numbers: IntArray) -> Iterator[Row]:
        """Yield the rows of examples that the side has, some thousands judged together."""
        lines, samples = take(self.lines, places), take(self.samples, places)
        records = self.file.pick(numbers, lines)
        for start in range(0, len(places), TOGETHER):
            some = slice(start, start + TOGETHER)
            yield from self._judge(
                list(islice(records, TOGETHER)), lines[some].tolist(), samples[some]
            )

    def _judge(
        self, records: Sequence[Record], lines: Sequence[int], samples: IntArray
    ) -> list[Row]:
        """Make columns of records, and take of each the row of one sample."""
        rows = to_predictions(
            Records(records, lines, self.file.name),
            self.fields,
            attributes=self.scorer.fields,
            needs_prediction=False,
            needs_references=False,
        )
        answers = self.scorer.read(rows)
        first = np.searchsorted(np.asarray(rows.rows), np.arange(len(records)))
        return [
            Row(
                record,
                rows.prediction[row],
                answers[row],
                rows.references[row],
                rows.input[row],
                sample,
                self.by_run,
            )
            for record, row, sample in zip(
                records, (first + samples).tolist(), samples.tolist(), strict=True
            )
        ]


class BestWitnesses(Struct, frozen=True):
    """Where the rows of F examples lie, each in the file of the version that is its best.

    Attributes:
        versions: the rows of each.
        chosen: shape (F,), which of them is the best.
    """

    versions: tuple[Witnesses, ...]
    chosen: IntArray

    def read(self, places: IntArray) -> Iterator[Row]:
        """Read the rows of some examples, of each file in one go.

        Raises:
            DataError: a file changed since it was scored.
        """
        chosen = self.chosen[places]
        rows = [
            version.read(places[chosen == number]) for number, version in enumerate(self.versions)
        ]
        for number in chosen:
            yield next(rows[number])
