"""Scored rows: one model's rows after scoring, without their text."""

from collections.abc import Mapping
from dataclasses import dataclass

from compatkit.arrays import BoolArray, FloatArray, IntArray
from compatkit.predictions.features import NO_FEATURES, Features
from compatkit.predictions.fields import Fields
from compatkit.predictions.ids import Ids
from compatkit.predictions.likelihoods import Likelihoods
from compatkit.readers.prediction_file import PredictionFile

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
    ids: Ids
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
