"""Scorer: columns of predictions and references in, an array of scores out."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, compress
from operator import eq

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray
from compatkit.predictions.predictions import Predictions

LARGEST_SCORE = 1e100
PairScore = Callable[[Sequence[str], Sequence[str]], FloatArray]


class Scored(Struct, frozen=True):
    """The scores of a batch.

    Attributes:
        scores: one per row, in [0, 1] for every scorer of the table but `field`.
        answers: what churn compares, one per row; None for no answer. Equal text is the
            same answer.
        notes: sentences with the number of rows they are true of.
        examples: for some of the sentences, the first text that they are true of.
        unscored: shape (rows,), rows that nothing judged, neither right nor wrong; None for none.
    """

    scores: FloatArray
    answers: list[str | None]
    notes: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    unscored: BoolArray | None = None


class Scorer(Struct, frozen=True):
    """A named way to score a batch, with the options it was made with.

    Attributes:
        name: as in the table and in reports.
        score: the function of a batch.
        options: what belongs into the signature.
        continuous: whether scores lie between 0 and 1; None where the data decide.
        fields: attributes of a record that it reads.
        needs_prediction: whether a row must have a prediction.
        needs_references: whether a row must have a reference.
        reads_lists: whether it reads a reference that is written as a list.
        answers: what churn compares, where that is known without a score; None where it is not.
    """

    name: str
    score: Callable[[Predictions], Scored]
    options: Mapping[str, object] = field(default_factory=dict)
    continuous: bool | None = False
    fields: tuple[str, ...] = ()
    needs_prediction: bool = True
    needs_references: bool = True
    reads_lists: bool = False
    answers: Callable[[Predictions], list[str | None]] | None = None

    def read(self, rows: Predictions) -> list[str | None]:
        """Return the answers of a batch, as `score` does."""
        return self.score(rows).answers if self.answers is None else self.answers(rows)


def whole_texts(rows: Predictions) -> list[str | None]:
    """Return the predictions as they stand, of a scorer that judges all of a text."""
    return list(rows.prediction)


def is_score(values: FloatArray) -> BoolArray:
    """Tell which numbers can be scores: neither NaN nor so large that their squares overflow."""
    return np.abs(values) < LARGEST_SCORE


def flat_references(rows: Predictions) -> tuple[list[str], NDArray[np.intp]]:
    """Return the references of all rows as one column, and the row that each belongs to."""
    counts = np.fromiter(map(len, rows.references), np.intp, len(rows))
    flat = list(chain.from_iterable(rows.references))
    return flat, np.repeat(np.arange(len(rows)), counts)


def _beside_references(
    texts: Sequence[str | None], row_of: NDArray[np.intp]
) -> Sequence[str | None]:
    """Return the text of each reference's row; of one reference a row these are the texts."""
    if np.array_equal(row_of, np.arange(len(texts))):
        return texts
    return [texts[row] for row in row_of.tolist()]


def score_right(
    rows: Predictions,
    answers: Sequence[str | None],
    accept: Callable[[list[str]], Sequence[str | None]],
    notes: Mapping[str, int] | None = None,
) -> Scored:
    """Score 1 where the answer equals what one of the row's references stands for, else 0.

    Args:
        rows: the batch.
        answers: the answer of each row; None is never right.
        accept: the answers that a column of references stands for; None never matches.
        notes: passed on where their number is not 0.
    """
    flat, row_of = flat_references(rows)
    accepted = accept(flat)
    given = _beside_references(answers, row_of)
    equal = np.fromiter(map(eq, given, accepted), np.float64, len(flat))
    scores = np.zeros(len(rows))
    np.maximum.at(scores, row_of, equal)
    if None in answers:
        scores[[row for row, answer in enumerate(answers) if answer is None]] = 0.0
    return Scored(scores, list(answers), {k: v for k, v in (notes or {}).items() if v})


def score_best(rows: Predictions, function: PairScore) -> FloatArray:
    """Score each row by its best reference.

    score_i = max over r in references_i of function(prediction_i, r); 0 where there is no
    prediction or no reference.

    Args:
        rows: the batch.
        function: columns of predictions and references, one reference a row, to scores.

    Returns:
        Scores of shape (rows,).
    """
    references, row_of = flat_references(rows)
    given = _beside_references(rows.prediction, row_of)
    predictions = [text for text in given if text is not None]
    if len(predictions) < len(given):
        answered = np.array([text is not None for text in given])
        references = list(compress(references, answered))
        row_of = row_of[answered]
    scores = np.zeros(len(rows))
    if predictions:
        np.maximum.at(scores, row_of, function(predictions, references))
    return scores


def score_pairs(rows: Predictions, function: PairScore) -> FloatArray:
    """Score as `score_best` does, every distinct pair of texts once: where a pair costs much."""

    def score_distinct(predictions: Sequence[str], references: Sequence[str]) -> FloatArray:
        index: dict[tuple[str, str], int] = {}
        pairs = zip(predictions, references, strict=True)
        pair_of = [index.setdefault(pair, len(index)) for pair in pairs]
        return function(*zip(*index, strict=True))[pair_of]

    return score_best(rows, score_distinct)
