"""What scorers share: each reference is held against the answer of its own row."""

from collections.abc import Sequence

import numpy as np
import pytest
from rows_of import rows_of

from compatkit.arrays import FloatArray
from compatkit.scorers.scorer import score_best, score_right


def equal(predictions: Sequence[str], references: Sequence[str]) -> FloatArray:
    return np.array([a == b for a, b in zip(predictions, references, strict=True)], np.float64)


@pytest.mark.parametrize(
    ("answers", "references", "scores"),
    [
        ([], [], []),
        (["A", "B"], [("A",), ("C",)], [1, 0]),
        (["A", "B"], [("B", "A"), ("B",)], [1, 1]),
        # As many references as rows, of rows that have not one each.
        (["X", "B"], [("A", "B"), ()], [0, 0]),
        (["A", "A", "C"], [(), ("B", "A"), ("C",)], [0, 1, 1]),
        ([None, "B"], [("A",), ("B",)], [0, 1]),
        ([None, None], [("A",), ("B",)], [0, 0]),
        ([None, "B"], [("A", "B"), ()], [0, 0]),
    ],
)
def test_a_reference_is_held_against_the_answer_of_its_row(
    answers: list[str | None], references: list[tuple[str, ...]], scores: list[float]
) -> None:
    rows = rows_of(answers, references)
    assert score_best(rows, equal).tolist() == scores
    assert score_right(rows, answers, list).scores.tolist() == scores
