"""Columns of texts: checked, and cut into blocks of a size that the processor's cache holds."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from compatkit.errors import DataError

__all__ = ["blocks", "check_columns"]


def blocks(
    predictions: Sequence[str], references: Sequence[Sequence[str]], characters: int
) -> Iterator[list[int]]:
    """Yield the row numbers in groups with at most so many characters, or of one row.

    Rows with as many references come together, as counting takes a step for each reference of the
    row that has most. A prediction counts once for each reference, as chrF pairs them.

    Args:
        predictions: One text a row.
        references: One or more texts a row.
        characters: The most of a group.
    """
    # Until it has seen 2 MB freed, glibc returns each block's pages and asks for them anew.
    np.empty(1 << 18)
    rows: list[int] = []
    room = characters
    for row in sorted(range(len(references)), key=lambda row: len(references[row])):
        texts = references[row]
        size = len(predictions[row]) * len(texts) + sum(map(len, texts))
        if rows and size > room:
            yield rows
            rows, room = [], characters
        rows.append(row)
        room -= size
    if rows:
        yield rows


def check_columns(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Refuse columns that cannot be scored.

    Raises:
        DataError: They differ in length, or a row has no reference or something else than text.
    """
    if len(predictions) != len(references):
        raise DataError(
            f"{len(predictions)} predictions and {len(references)} rows of references; "
            "expected as many of both"
        )
    # Whole columns first, as nearly all have nothing to refuse.
    if (
        {*map(type, predictions)} <= {str}
        and {*map(type, references)} <= {list, tuple}
        and all(references)
        and {*map(type, chain.from_iterable(references))} <= {str}
    ):
        return
    for row, texts in enumerate(references):
        _check_row(row, predictions[row], texts)


def _check_row(row: int, prediction: object, references: object) -> None:
    """Raise a `DataError` where a row cannot be scored."""
    if not isinstance(prediction, str):
        kind = type(prediction).__name__
        raise DataError(f"row {row}: the prediction is of type {kind}; expected a text")
    if isinstance(references, str) or not isinstance(references, Sequence):
        kind = type(references).__name__
        raise DataError(f"row {row}: the references are of type {kind}; expected a list of texts")
    if not references:
        raise DataError(f"row {row}: no reference; expected at least one")
    for reference in references:
        if not isinstance(reference, str):
            kind = type(reference).__name__
            raise DataError(f"row {row}: a reference is of type {kind}; expected a text")
