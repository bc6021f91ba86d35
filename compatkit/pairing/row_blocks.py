"""Row blocks: the outcomes of one batch of rows, and those of all batches of a file joined."""

from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np
from msgspec import Struct

from compatkit.pairing.scored_rows import FEW, NULL, ScoredRows
from compatkit.predictions.fields import MISSING, Fields
from compatkit.predictions.hashing import digest_contents, hash_texts
from compatkit.predictions.ids import Ids
from compatkit.predictions.likelihoods import Likelihoods, join_likelihoods
from compatkit.predictions.predictions import Predictions
from compatkit.readers.prediction_file import PredictionFile
from compatkit.record import replace
from compatkit.scorers.scorer import Scorer
from compatkit.stored import Column, Store, Stored, join, load, narrow

SHOWN = 40  # characters of a text that a note is true of
RECORDS = "records"  # the column that counts within the file
PLACES = (RECORDS, "lines")


class RowBlock(Struct, frozen=True):
    """The outcomes of one batch.

    Attributes:
        ids: as of `ScoredRows`.
        samples: the sample of each row, None where it names none; None for no sample at all.
        columns: as of `ScoredRows`.
        few_answers: as of `ScoredRows`.
        attributes: as of `ScoredRows`.
        notes: sentences with the number of rows they are true of.
        examples: sentence to the first text that it is true of.
        likelihoods: as of `ScoredRows`.
        size: number of records, of which a row may be one of several samples.
    """

    ids: Ids
    samples: list[str | None] | None
    columns: Mapping[str, Column]
    few_answers: Mapping[int, str] | None
    attributes: Mapping[str, list[str | None]]
    notes: Mapping[str, int]
    examples: Mapping[str, str]
    likelihoods: Likelihoods | None
    size: int

    def shift(self, records: int) -> "RowBlock":
        """Return the block behind so many records of its file."""
        shifted = load(self.columns[RECORDS]) + records
        return replace(self, columns={**self.columns, RECORDS: shifted})

    @property
    def held(self) -> int:
        """The bytes of memory that columns and ids take."""
        columns = [self.ids.ends, *self.columns.values()]
        arrays = [column.nbytes for column in columns if isinstance(column, np.ndarray)]
        return sum(arrays) + (0 if self.ids.is_stored else len(self.ids.data))

    def put(self, store: Store) -> "RowBlock":
        """Return the block with its columns and ids in a temporary file.

        Raises:
            NoRoomError: the disk is full.
        """
        columns = {name: store.put(load(column)) for name, column in self.columns.items()}
        return replace(self, columns=columns, ids=self.ids.put(store))


def score_rows(
    rows: Predictions,
    scorer: Scorer,
    attributes: Sequence[str],
    texts: dict[str, str],
    *,
    has_predictions: bool,
    contents: bool,
    key: bytes,
    likelihoods: Likelihoods | None,
    size: int,
) -> RowBlock:
    """Score a batch, and let go of its texts.

    Args:
        rows: the batch.
        scorer: what scores it.
        attributes: fields whose values are kept.
        texts: the values so far, of which equal ones become one.
        has_predictions: whether the file has a field of predictions.
        contents: make digests of the inputs and references.
        key: as of `hash_texts`.
        likelihoods: of the choices of each row.
        size: number of records that the rows were made of.
    """
    scored = scorer.score(rows)
    no_answer = np.zeros(len(rows), np.bool_)
    if None in rows.prediction and has_predictions:
        no_answer[:] = [text is None for text in rows.prediction]
    columns: dict[str, Column] = {
        "scores": np.array(scored.scores, np.float64),
        "answers": hash_texts(scored.answers, key),
        "no_answer": no_answer,
        "errored": np.array(rows.errored, np.bool_),
        "unscored": np.zeros(len(rows), np.bool_) if scored.unscored is None else scored.unscored,
        "references": hash_texts(_reference_sets(rows.references), key),
        "input": hash_texts(rows.input, key),
        "item_hash": hash_texts(rows.item_hash or [None] * len(rows), key),
        RECORDS: np.array(rows.rows, np.int64),
        "lines": np.array(rows.lines, np.int64),
    }
    columns |= {"contents": digest_contents(rows)} if contents else {}
    # Texts, as most values are, need no call of a function.
    kept = {
        path: [
            texts.setdefault(value, value) if type(value) is str else _attribute_text(value, texts)
            for value in rows.attributes[path]
        ]
        for path in attributes
    }
    return RowBlock(
        ids=Ids.pack(rows.id),
        samples=rows.sample if rows.sample.count(None) < len(rows.sample) else None,
        columns=columns,
        few_answers=_few_answers(scored.answers, key),
        attributes=kept,
        notes={**rows.notes, **scored.notes},
        examples=scored.examples,
        likelihoods=likelihoods,
        size=size,
    )


def _few_answers(answers: Sequence[str | None], key: bytes) -> dict[int, str] | None:
    """Return the texts of the answers by their hashes, None where they are many."""
    if len(set(answers[: 8 * FEW])) > FEW + 1:  # seen at once, as of free text
        return None
    distinct = list(set(answers) - {None})
    if len(distinct) > FEW:
        return None
    return dict(zip(hash_texts(distinct, key).tolist(), map(str, distinct), strict=True))


def _join_answers(blocks: Sequence[RowBlock]) -> dict[int, str] | None:
    joined: dict[int, str] = {}
    for block in blocks:
        if block.few_answers is None:
            return None
        joined |= block.few_answers
    return joined if len(joined) <= FEW else None


def _reference_sets(column: list[tuple[str, ...]]) -> Sequence[object]:
    """Return references in one order, since the best counts whatever the order; None for none."""
    sizes = set(map(len, column))
    if sizes == {1}:
        return column
    if sizes == {0}:
        return [None] * len(column)
    return [tuple(sorted(set(texts))) or None for texts in column]


def _attribute_text(value: object, texts: dict[str, str]) -> str | None:
    """Return the value as text, the same object for the same text; None where it is missing."""
    if value is MISSING:
        return None
    nothing = value is None or (isinstance(value, float) and isnan(value))
    text = NULL if nothing else str(value)
    return texts.setdefault(text, text)


def join_blocks(
    blocks: Sequence[RowBlock],
    file: PredictionFile,
    fields: Fields,
    attributes: Sequence[str],
    *,
    needs_answer: bool,
) -> ScoredRows:
    """Join the blocks of a file, in its order.

    Args:
        blocks: at least one.
        file: where the rows came from.
        fields: which field played which role.
        attributes: the fields whose values were kept.
        needs_answer: as of `ScoredRows`.
    """
    likelihoods = [block.likelihoods for block in blocks if block.likelihoods is not None]
    columns = {name: join([block.columns[name] for block in blocks]) for name in blocks[0].columns}
    return ScoredRows(
        file=file,
        fields=fields,
        ids=Ids.join([block.ids for block in blocks]),
        samples=_join_samples(blocks),
        columns={name: _narrow(name, column) for name, column in columns.items()},
        few_answers=_join_answers(blocks),
        has_answers="prediction" in fields.paths,
        needs_answer=needs_answer,
        attributes={
            path: [value for block in blocks for value in block.attributes[path]]
            for path in attributes
        },
        notes=_add_notes(blocks),
        likelihoods=join_likelihoods(likelihoods, file.name) if likelihoods else None,
    )


def _narrow(name: str, column: Column) -> Column:
    """Return places within a file, in half of the memory where they are few enough."""
    return column if name not in PLACES or isinstance(column, Stored) else narrow(column)


def _join_samples(blocks: Sequence[RowBlock]) -> list[str | None] | None:
    if all(block.samples is None for block in blocks):
        return None
    return [
        sample
        for block in blocks
        for sample in ([None] * len(block.ids) if block.samples is None else block.samples)
    ]


def _add_notes(blocks: Sequence[RowBlock]) -> dict[str, int]:
    """Return what is true of all batches together, each sentence with the first example of it."""
    counts: dict[str, int] = {}
    examples: dict[str, str] = {}
    for block in blocks:
        for sentence, count in block.notes.items():
            counts[sentence] = counts.get(sentence, 0) + count
        for sentence, text in block.examples.items():
            examples.setdefault(sentence, f"{sentence} (the first: {text[:SHOWN]!r})")
    return {examples.get(sentence, sentence): count for sentence, count in counts.items()}
