"""Scored rows: one model's rows after scoring, without their text.

A file is read and scored batch by batch, and only numbers stay: memory does not grow
with the length of the texts, whatever the order of the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import isnan

import numpy as np
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.errors import DataError
from compatkit.predictions.features import NO_FEATURES, FeatureCollector, Features
from compatkit.predictions.fields import MISSING, Fields, find_fields, refuse_late_fields
from compatkit.predictions.likelihoods import (
    NORMALIZED,
    Likelihoods,
    find_likelihoods,
    join_likelihoods,
    likelihood_fields,
    read_likelihoods,
)
from compatkit.predictions.nested import propose_rows
from compatkit.predictions.predictions import Predictions, to_predictions
from compatkit.predictions.records import Records
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.source import Progress
from compatkit.scorers.scorer import Scorer

SHOWN = 40  # characters of a text that a note is true of
FEW = 27  # answers, whose texts are kept: the letters of choices, and one more
NULL = "(null)"  # the text of an attribute that is null


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """The scored rows of one file.

    Attributes:
        file: where the rows came from.
        fields: which field played which role.
        ids: the example's id of each row.
        samples: the sample of each row, or None where no row names one.
        scores: shape (rows,); meaningless where errored.
        answers: shape (rows,), a hash of the answer: equal answers have equal hashes.
        few_answers: the text of each such hash; None where they are more than `FEW`.
        has_answers: whether the file has a field of predictions, so that answers can be compared.
        needs_answer: whether a row without an answer is wrong, whatever its score.
        no_answer: shape (rows,), True where the prediction is null.
        errored: shape (rows,).
        unscored: shape (rows,), True where nothing judged the row.
        references: shape (rows,), a hash of the references; 0 where there are none.
        input: shape (rows,), a hash of the input; 0 where there is none.
        item_hash: shape (rows,), a hash of the item hash; 0 where there is none.
        contents: shape (rows,), a digest of the input and the references that is the same in every
            process; None where none was asked for.
        records: shape (rows,), the index of the row's record in the file.
        lines: shape (rows,), the line of the row's record.
        attributes: field to the value of each row as text, None where missing, for the fields
            that are kept beside the scores.
        notes: sentences with the number of rows they are true of.
        features: what tells the rows apart, where slices are to be found by it.
        likelihoods: of the choices of each row; None where the file holds none.
    """

    file: PredictionFile
    fields: Fields
    ids: list[str]
    samples: list[str | None] | None
    scores: FloatArray
    answers: IntArray
    few_answers: Mapping[int, str] | None
    has_answers: bool
    needs_answer: bool
    no_answer: BoolArray
    errored: BoolArray
    unscored: BoolArray
    references: IntArray
    input: IntArray
    item_hash: IntArray
    contents: IntArray | None
    records: IntArray
    lines: IntArray
    attributes: Mapping[str, list[str | None]]
    notes: Mapping[str, int]
    features: Features = NO_FEATURES
    likelihoods: Likelihoods | None = None

    @property
    def reading(self) -> tuple[object, ...]:
        """What is the same where the same rows of the same bytes play the same roles."""
        shape = self.file.shape
        return self.file.digest, dict(self.fields.paths), set(shape.where), shape.quoting

    @property
    def counted(self) -> BoolArray:
        """Rows whose score counts; the others are wrong, or left out."""
        return ~(self.errored | self.no_answer) if self.needs_answer else ~self.errored

    def right(self, threshold: float) -> BoolArray:
        """Return which rows are right: they count, and their score is at least the threshold."""
        return self.counted & (self.scores >= threshold)


def score_file(
    file: PredictionFile,
    scorer: Scorer,
    *,
    roles: Mapping[str, str] | None = None,
    attributes: Sequence[str] = (),
    by_position: bool = False,
    lists: str | None = None,
    contents: bool = False,
    features: str = "",
    progress: Progress | None = None,
) -> ScoredRows:
    """Read a file and score its rows.

    Args:
        file: the predictions.
        scorer: what scores them.
        roles: role to field, as the user named them; what the file's shape says of its own
            comes first.
        attributes: fields whose values are kept beside the scores.
        by_position: pair rows by their position; ids are then 1, 2, ...
        lists: what a list of predictions is; see `to_predictions`. In a log it is samples.
        contents: make digests of the inputs and references.
        features: what tells the rows apart is kept: `fields`, or `texts` too; empty for nothing.
        progress: called with the file's name and the share that was read.

    Raises:
        DataError: the file cannot be read, or a row cannot be scored.
    """
    parts: list[_Part] = []
    fields: Fields | None = None
    start = 0
    texts: dict[str, str] = {}
    notes: dict[str, None] = {}
    collector: FeatureCollector | None = None
    for batch in file.batches(progress):
        notes |= dict.fromkeys(f"{file.name}: {note}" for note in batch.notes)
        if not batch.rows:
            continue
        if fields is None:
            fields = _find_fields(batch, file, scorer, roles or {}, by_position)
            fields = replace(fields, lists=lists if file.log is None else "samples")
            collector = _collect(fields, scorer, features)
        refuse_late_fields(batch.rows, batch.lines, fields, file.name)
        rows = to_predictions(
            batch,
            fields,
            start=start,
            attributes=dict.fromkeys((*attributes, *scorer.fields, *likelihood_fields(fields))),
            needs_prediction=scorer.needs_prediction,
            needs_references=scorer.needs_references,
        )
        held = "prediction" in fields.paths
        part = _score(rows, scorer, attributes, texts, has_predictions=held)
        part = replace(part, likelihoods=_read_likelihoods(rows, fields, scorer))
        parts.append(replace(part, contents=_digest_contents(rows)) if contents else part)
        start += len(batch.rows)
        if collector is not None:
            collector.add(rows)
    fields = fields or Fields({})
    fields = replace(fields, notes=(*fields.notes, *notes))
    joined = _join(file, fields, parts, attributes, needs_answer=scorer.needs_prediction)
    if scorer.needs_references:
        _refuse_unseen(joined, scorer)
    return joined if collector is None else replace(joined, features=collector.features())


def _collect(fields: Fields, scorer: Scorer, features: str) -> FeatureCollector | None:
    """Return what gathers the features of the rows, None where none are asked for."""
    if not features:
        return None
    played = {*fields.paths.values(), *map(fields.path_of, scorer.fields)}
    return FeatureCollector(played, with_texts=features == "texts")


def _find_fields(
    batch: Records,
    file: PredictionFile,
    scorer: Scorer,
    roles: Mapping[str, str],
    by_position: bool,
) -> Fields:
    """Decide which field plays which role; what the file's shape says of its own comes first."""
    chosen = {**roles, **file.roles}
    try:
        fields = find_fields(
            batch.rows,
            file.name,
            chosen,
            by_position=by_position,
            needs_prediction=scorer.needs_prediction,
            needs_references=scorer.needs_references,
        )
    except DataError as error:
        raise DataError(f"{error}{propose_rows(batch.rows)}") from None
    return find_likelihoods(batch.rows, file.name, fields, chosen)


def _read_likelihoods(rows: Predictions, fields: Fields, scorer: Scorer) -> Likelihoods | None:
    if not likelihood_fields(fields):
        return None
    judged = {*scorer.fields, fields.paths.get("prediction")}
    return read_likelihoods(rows, fields, normalized=not NORMALIZED.isdisjoint(judged))


def _refuse_unseen(rows: ScoredRows, scorer: Scorer) -> None:
    """Refuse a file most of whose references the scorer cannot read: it is the wrong one."""
    count = int(rows.unscored.sum())
    if 2 * count > len(rows.ids):
        reasons = "; ".join(f"{number:,} {sentence}" for sentence, number in rows.notes.items())
        raise DataError(
            f"{rows.file.name}: {scorer.name} can score {len(rows.ids) - count:,} of "
            f"{len(rows.ids):,} rows: {reasons}. Another --scorer may fit."
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """The outcomes of one batch."""

    ids: list[str]
    samples: list[str | None]
    columns: tuple[NDArray[np.generic], ...]
    few_answers: Mapping[int, str] | None
    attributes: dict[str, list[str | None]]
    notes: Mapping[str, int]
    examples: Mapping[str, str]
    contents: IntArray | None = None
    likelihoods: Likelihoods | None = None


def _score(
    rows: Predictions,
    scorer: Scorer,
    attributes: Sequence[str],
    texts: dict[str, str],
    *,
    has_predictions: bool,
) -> _Part:
    scored = scorer.score(rows)
    no_answer = np.zeros(len(rows), np.bool_)
    if None in rows.prediction and has_predictions:
        no_answer[:] = [text is None for text in rows.prediction]
    columns = (
        np.array(scored.scores, np.float64),
        _hashes(scored.answers),
        no_answer,
        np.array(rows.errored, np.bool_),
        np.zeros(len(rows), np.bool_) if scored.unscored is None else scored.unscored,
        _hashes(_reference_sets(rows.references)),
        _hashes(rows.input),
        _hashes(rows.item_hash or [None] * len(rows)),
        np.array(rows.rows, np.int64),
        np.array(rows.lines, np.int64),
    )
    # Texts, as most values are, need no call of a function.
    kept = {
        path: [
            texts.setdefault(value, value) if type(value) is str else _attribute_text(value, texts)
            for value in rows.attributes[path]
        ]
        for path in attributes
    }
    notes = {**rows.notes, **scored.notes}
    few = _few_answers(scored.answers)
    return _Part(rows.id, rows.sample, columns, few, kept, notes, scored.examples)


def _few_answers(answers: Sequence[str | None]) -> dict[int, str] | None:
    """Return the texts of the answers by their hashes, None where they are many."""
    if len(set(answers[: 8 * FEW])) > FEW + 1:  # seen at once, as of free text
        return None
    distinct = list(set(answers) - {None})
    if len(distinct) > FEW:
        return None
    return dict(zip(_hashes(distinct).tolist(), map(str, distinct), strict=True))


def _join_answers(parts: Sequence[_Part]) -> dict[int, str] | None:
    joined: dict[int, str] = {}
    for part in parts:
        if part.few_answers is None:
            return None
        joined |= part.few_answers
    return joined if len(joined) <= FEW else None


def _reference_sets(column: list[tuple[str, ...]]) -> Sequence[object]:
    """Return references in one order, since the best counts whatever the order; None for none."""
    sizes = set(map(len, column))
    if sizes == {1}:
        return column
    if sizes == {0}:
        return [None] * len(column)
    return [tuple(sorted(set(texts))) or None for texts in column]


def _hashes(column: Sequence[object]) -> IntArray:
    """Hash each text, or tuple of texts; 0 stands for None.

    Two different texts of one example share a 64-bit hash once in 1.8e19.
    """
    if set(map(type, column)) == {type(None)}:
        return np.zeros(len(column), np.int64)
    hashes = np.fromiter(map(hash, column), np.int64, len(column))
    hashes[hashes == 0] = 1
    maybe = np.flatnonzero(hashes == hash(None)).tolist()
    hashes[[row for row in maybe if column[row] is None]] = 0
    return hashes


def _digest_contents(rows: Predictions) -> IntArray:
    """Digest each row's input and references, whatever the order of these."""
    contents = [
        repr((text, sorted(set(references)))).encode("utf-8", "surrogatepass")
        for text, references in zip(rows.input, rows.references, strict=True)
    ]
    digests = b"".join(blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(digests, np.int64)


def _attribute_text(value: object, texts: dict[str, str]) -> str | None:
    """Return the value as text, the same object for the same text; None where it is missing."""
    if value is MISSING:
        return None
    nothing = value is None or (isinstance(value, float) and isnan(value))
    text = NULL if nothing else str(value)
    return texts.setdefault(text, text)


def _add_notes(parts: Sequence[_Part]) -> dict[str, int]:
    """Return what is true of all batches together, each sentence with the first example of it."""
    counts: dict[str, int] = {}
    examples: dict[str, str] = {}
    for part in parts:
        for sentence, count in part.notes.items():
            counts[sentence] = counts.get(sentence, 0) + count
        for sentence, text in part.examples.items():
            examples.setdefault(sentence, f"{sentence} (the first: {text[:SHOWN]!r})")
    return {examples.get(sentence, sentence): count for sentence, count in counts.items()}


def _join_contents(parts: Sequence[IntArray | None]) -> IntArray | None:
    held = [part for part in parts if part is not None]
    return np.concatenate(held) if held else None


def _join(
    file: PredictionFile,
    fields: Fields,
    parts: list[_Part],
    attributes: Sequence[str],
    *,
    needs_answer: bool,
) -> ScoredRows:
    samples = [sample for part in parts for sample in part.samples]
    notes = _add_notes(parts)
    likelihoods = [part.likelihoods for part in parts if part.likelihoods is not None]
    (scores, answers, no_answer, errored, unscored, references, inputs, items, records, lines) = (
        np.concatenate(columns) for columns in zip(*(part.columns for part in parts), strict=True)
    )
    return ScoredRows(
        file=file,
        fields=fields,
        ids=[example for part in parts for example in part.ids],
        samples=samples if samples.count(None) < len(samples) else None,
        scores=scores,
        answers=answers,
        few_answers=_join_answers(parts),
        has_answers="prediction" in fields.paths,
        needs_answer=needs_answer,
        no_answer=no_answer,
        errored=errored,
        unscored=unscored,
        references=references,
        input=inputs,
        item_hash=items,
        contents=_join_contents([part.contents for part in parts]),
        records=records,
        lines=lines,
        attributes={
            path: [value for part in parts for value in part.attributes[path]]
            for path in attributes
        },
        notes=notes,
        likelihoods=join_likelihoods(likelihoods, file.name) if likelihoods else None,
    )
