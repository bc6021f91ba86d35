"""Numeric: 1 if the number that the answer ends with is the reference's."""

from fractions import Fraction
from typing import Annotated

from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.number import find_number, read_reference
from compatkit.scorers.scorer import Scored, Scorer, flat_references, score_right
from compatkit.scorers.unread import NEAR_ZERO, count_unread
from compatkit.scorers.unseen import leave_out_unseen

NO_NUMBER = "predictions without a number: wrong"
NOT_ONE_NUMBER = "references are not one plain number: left out where there is no other"


def numeric(
    *,
    tolerance: Annotated[
        float, Option(least=0, help="the largest difference that counts as equal.")
    ] = 0.0,
) -> Scorer:
    r"""Score 1 if the final number of the prediction equals the reference's, else 0.

    The final number stands behind the first `####` that a number follows (GSM8K's mark), else in
    the last `\boxed{}`, else last. Currency signs do not count, nor does a comma, an
    apostrophe, an underscore or a single space between groups of three digits: 12,000 and
    12 000 are 12000, and 1,2,3 ends with 3. Numbers are compared exactly: 18, 18.0 and $18.00 are
    one answer, 1/2 and 0.5 too, and no digit is lost. A number with an exponent beyond 999 is
    none. A reference must be one number; an example whose reference is a time, a date, a pair or
    has a unit is left out and counted.

    Args:
        tolerance: the largest absolute difference that still counts as equal.

    Source: Cobbe et al. 2021 (arXiv 2110.14168), GSM8K: the final answer after '####'.
    """

    def score(rows: Predictions) -> Scored:
        answers = [None if text is None else find_number(text) for text in rows.prediction]
        flat = flat_references(rows)[0]
        accepted = {text: read_reference(text) for text in set(flat)}
        near = {text for text, number in accepted.items() if _is_near_zero(number, tolerance)}
        notes = {
            NO_NUMBER: count_unread(answers, rows),
            NEAR_ZERO: sum(text in near for text in flat),
        }
        scored = score_right(rows, answers, lambda texts: [accepted[text] for text in texts], notes)
        if tolerance:
            scored.scores[_near(rows, answers, accepted, tolerance)] = 1.0
        return leave_out_unseen(
            scored, rows, lambda text: accepted[text] is not None, NOT_ONE_NUMBER
        )

    return Scorer("numeric", score, {"tolerance": tolerance})


def _is_near_zero(reference: str | None, tolerance: float) -> bool:
    """Whether a reference is another number than 0, and 0 counts as equal to it."""
    return (
        bool(tolerance)
        and reference is not None
        and 0 < abs(Fraction(reference)) <= Fraction(str(tolerance))
    )


def _near(
    rows: Predictions,
    answers: list[str | None],
    accepted: dict[str, str | None],
    tolerance: float,
) -> list[int]:
    """Return the rows whose answer is within the tolerance of a reference."""
    flat, row_of = flat_references(rows)
    margin = Fraction(str(tolerance))
    near = []
    for row, text in zip(row_of.tolist(), flat, strict=True):
        answer, reference = answers[row], accepted[text]
        if answer is None or reference is None:
            continue
        if abs(Fraction(answer) - Fraction(reference)) <= margin:
            near.append(row)
    return near
