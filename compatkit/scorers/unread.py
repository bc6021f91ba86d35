"""Unread: what a scorer counts for the report: no answer found, a tolerance that says nothing."""

from collections.abc import Sequence

from compatkit.predictions.predictions import Predictions

NEAR_ZERO = "references within the tolerance of 0, so that 0 is right too"


def count_unread(answers: Sequence[str | None], rows: Predictions) -> int:
    """Count the predictions that are texts and hold no answer; a null one does not count.

    Args:
        answers: what was found in each row's prediction, None for nothing.
        rows: the batch that it was found in.
    """
    return sum(
        answer is None and text is not None
        for answer, text in zip(answers, rows.prediction, strict=True)
    )
