"""Scored rows: one model's rows after scoring, without their text.

Each column lies in memory, or in a temporary file where there are many rows. An attribute such as
`scores` is the whole column; what goes through all rows reads some at a time, by `parts`.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.predictions.fields import Fields
from compatkit.predictions.ids import Ids
from compatkit.readers.prediction_file import PredictionFile
from compatkit.stored import Column, load, read_parts, take

if TYPE_CHECKING:
    from compatkit.predictions.features import Features
    from compatkit.predictions.likelihoods import Likelihoods

FEW = 27  # answers, whose texts are kept: the letters of choices, and one more
NULL = "(null)"  # the text of an attribute that is null


class ScoredRows(Struct, frozen=True):
    """The scored rows of one file.

    Attributes:
        file: where the rows came from.
        fields: which field played which role.
        ids: the example's id of each row.
        samples: the sample of each row, or None where no row names one.
        columns: name to column, of shape (rows,): `scores`, `answers`, `no_answer`, `errored`,
            `unscored`, `lines` and `contents` as below; `references`, `input`, `item_hash`, a hash
            of each, 0 where there is none; `records`, the index of the row's record in the file.
        few_answers: the text of each hash of an answer; None where they are more than `FEW`.
        has_answers: whether the file has a field of predictions, so that answers can be compared.
        needs_answer: whether a row without an answer is wrong, whatever its score.
        attributes: field to the value of each row as text, None where missing, for the fields
            that are kept beside the scores.
        notes: sentences with the number of rows they are true of.
        features: what tells the rows apart, where slices are to be found by it; else None.
        likelihoods: of the choices of each row; None where the file holds none.
    """

    file: PredictionFile
    fields: Fields
    ids: Ids
    samples: list[str | None] | None
    columns: Mapping[str, Column]
    few_answers: Mapping[int, str] | None
    has_answers: bool
    needs_answer: bool
    attributes: Mapping[str, list[str | None]]
    notes: Mapping[str, int]
    features: "Features | None" = None
    likelihoods: "Likelihoods | None" = None

    @property
    def reading(self) -> tuple[object, ...]:
        """What is the same where the same rows of the same bytes play the same roles."""
        shape = self.file.shape
        return self.file.digest, dict(self.fields.paths), set(shape.where), shape.quoting

    @property
    def scores(self) -> FloatArray:
        """Shape (rows,); meaningless where errored."""
        return load(self.columns["scores"])

    @property
    def answers(self) -> IntArray:
        """Shape (rows,), a hash of the answer: equal answers have equal hashes."""
        return load(self.columns["answers"])

    @property
    def no_answer(self) -> BoolArray:
        """Shape (rows,), True where the prediction is null."""
        return load(self.columns["no_answer"])

    @property
    def errored(self) -> BoolArray:
        """Shape (rows,)."""
        return load(self.columns["errored"])

    @property
    def unscored(self) -> BoolArray:
        """Shape (rows,), True where nothing judged the row."""
        return load(self.columns["unscored"])

    @property
    def lines(self) -> IntArray:
        """Shape (rows,), the line of the row's record."""
        return load(self.columns["lines"])

    @property
    def contents(self) -> IntArray | None:
        """Shape (rows,), a digest of the input and the references, equal in every process.

        None where none was asked for.
        """
        return load(self.columns["contents"]) if "contents" in self.columns else None

    @property
    def counted(self) -> BoolArray:
        """Rows whose score counts; the others are wrong, or left out."""
        errored = self.errored
        return ~(errored | self.no_answer) if self.needs_answer else ~errored

    def right(self, threshold: float) -> BoolArray:
        """Return which rows are right: they count, and their score is at least the threshold."""
        right = np.zeros(len(self.ids), np.bool_)
        for part, _, counted, scores in self.counted_parts():
            right[part] = counted & (scores >= threshold)
        return right

    def counted_parts(self) -> Iterator[tuple[slice, BoolArray, BoolArray, FloatArray]]:
        """Yield some rows at a time: which they are, who gave no answer, who counts, the scores."""
        for part, scores, errored, no_answer in self.parts("scores", "errored", "no_answer"):
            counted = ~(errored | no_answer) if self.needs_answer else ~errored
            yield part, no_answer, counted, scores

    def parts(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """Yield some rows at a time: which they are, and their numbers in each column."""
        for part, columns in read_parts(*(self.columns[name] for name in names)):
            yield part, *columns

    def pick(self, name: str, rows: IntArray) -> NDArray[Any]:
        """Return a column's numbers of some rows, in the order given."""
        return take(self.columns[name], rows)

    def holds(self, name: str) -> bool:
        """Whether a number of a column is not 0."""
        return bool(self.columns[name].any())
